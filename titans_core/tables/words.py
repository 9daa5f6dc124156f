"""Tables in words: a score, where it was asked, and how all of them were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from titans_core.tables.needles import LENGTHS
from titans_core.tables.paper import ABLATION, NIAH, NIAH_LENGTHS
from titans_core.tables.run import Result
from titans_core.tables.suites import Suite
from titans_core.tables.summary import Place, Score

ABILITIES = ("perplexity", "recall", "long recall")  # of the ablation, in the order of the paper's columns


class Form(NamedTuple):
    """How a task's numbers are written, and what they are."""

    scale: float
    digits: str
    unit: str


PERCENT = Form(100, ".0f", "percent")
FORMS = {
    "perplexity": Form(1, ".2f", ""),
    "perplexity of answers": Form(1, ".2f", ""),
    "time": Form(1, ".2f", "times a linear memory’s"),
    "surprise left": Form(1, ".2f", "of what it was at first"),
}


def form(place: Place) -> Form:
    """Shares are written in percent, where nothing else is said."""
    return FORMS.get(place.task, PERCENT)


def titled(place: Place) -> str:
    """A column's head."""
    return f"{place.task}, {counted(place)}" if place.number else place.task


def counted(place: Place) -> str:
    """At how many tokens or pairs."""
    return f"{place.number:,} {place.unit}"


def figure(suite: Suite, model: str, place: Place, one: Score | None) -> str:
    """A score with its ends, and in round brackets the paper's, where that has one."""
    if one is None:
        return "–"
    theirs = paper_figure(suite, model, place)
    scale, digits, _ = form(place)
    ours = f"{scale * one.mean:{digits}}"
    if one.known:
        ours += f" [{scale * one.low:z{digits}}–{scale * one.high:z{digits}}]"
    return ours if theirs is None else f"{ours} ({theirs:g})"


def paper_length(suite: Suite, place: Place) -> int | None:
    """How many tokens the paper's texts have at this place, where they have more than ours."""
    if suite.name != "niah" or place.number not in LENGTHS:
        return None
    return NIAH_LENGTHS[LENGTHS.index(place.number)]


def paper_figure(suite: Suite, model: str, place: Place) -> float | None:
    """The paper's figure at this place, which may be of its own length."""
    if (length := paper_length(suite, place)) and model in NIAH:
        return NIAH[model][place.task][NIAH_LENGTHS.index(length)]
    if suite.name == "ablation" and model in ABLATION and place.task in ABILITIES:
        return ABLATION[model][ABILITIES.index(place.task)]
    return None


def made(suite: Suite, results: Sequence[Result]) -> str:
    """Budget, seeds and machine, the command that makes the table, and what its square brackets are."""
    seeds = sorted({result["seed"] for result in results})
    minutes = [result["seconds"] / 60 for result in results]
    devices = " and ".join(sorted({result["device"] for result in results}))
    releases = " and ".join(sorted({result["torch"] for result in results}))
    there = {(result["model"], result["seed"]) for result in results}
    missing = [f"{e.title}, {seed}" for e in suite.entries for seed in seeds if (e.name, seed) not in there]
    late = f" (still to come: {'; '.join(missing)})" if missing else ""
    sizes = sorted({result["parameters"] for result in results})
    size = f"{sizes[0]:,}" + (f" to {sizes[-1]:,}" if len(sizes) > 1 else "")
    return (
        f"{len(results)} trainings of {results[0]['tokens'] / 1e6:.1f} M tokens, {size} parameters, "
        f"{min(minutes):.0f} to {max(minutes):.0f} minutes each on {devices}, PyTorch {releases}, "
        f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}{late}. "
        f"`python -m titans_core evaluate --suite {suite.name} --seeds {' '.join(map(str, seeds))}` makes "
        f"what its file lacks, and all of it where there is no file. {left_open(results)}"
    )


def left_open(results: Sequence[Result]) -> str:
    """What the square brackets of a table are."""
    trained = Counter(result["model"] for result in results)
    told = "In square brackets: the farthest ends of any seed's 95 % interval (Wilson)"
    if any("value" in row for result in results for row in result["rows"]):
        told += ", and, for what is not a share of answers, how far apart the seeds lie"
    if max(trained.values()) > 1:
        told += "; more seeds can only widen them"
    if min(trained.values()) == 1:
        told += ". With one seed alone they do not tell how far apart trainings lie"
    return f"{told}."
