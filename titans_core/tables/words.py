"""Tables in words: a score, where it was asked, and how all of them were made."""

from __future__ import annotations

from collections.abc import Sequence

from titans_core.tables.paper import ABLATION, NIAH
from titans_core.tables.run import Result
from titans_core.tables.suites import LENGTHS, Suite
from titans_core.tables.summary import Place, Score

ABILITIES = ("perplexity", "recall", "long recall")  # of the ablation, in the order of the paper's columns


def titled(place: Place) -> str:
    """A column's head."""
    task, length = place
    return f"{task}, {length:,} tokens" if length else task


def figure(suite: Suite, model: str, place: Place, one: Score | None) -> str:
    """A score with its margin, and in brackets the paper's, where that has one."""
    if one is None:
        return "–"
    theirs = paper_figure(suite, model, place)
    scale, form = (1, ".2f") if place[0] == "perplexity" else (100, ".0f")
    ours = f"{scale * one.mean:{form}} ± {scale * one.margin:{form}}"
    return ours if theirs is None else f"{ours} ({theirs:g})"


def paper_figure(suite: Suite, model: str, place: Place) -> float | None:
    """The paper's figure at this place."""
    task, length = place
    if suite.name == "niah" and model in NIAH:
        return NIAH[model][task][LENGTHS.index(length)]
    if suite.name == "ablation" and model in ABLATION:
        return ABLATION[model][ABILITIES.index(task)]
    return None


def made(suite: Suite, results: Sequence[Result]) -> str:
    """Budget, seeds and machine, the command that makes the table, and what ± is."""
    seeds = sorted({result["seed"] for result in results})
    minutes = [result["seconds"] / 60 for result in results]
    devices = " and ".join(sorted({result["device"] for result in results}))
    releases = " and ".join(sorted({result["torch"] for result in results}))
    there = {(result["model"], result["seed"]) for result in results}
    missing = [f"{e.title}, {seed}" for e in suite.entries for seed in seeds if (e.name, seed) not in there]
    late = f" (still to come: {'; '.join(missing)})" if missing else ""
    spread = (
        "or, where that is wider, twice the standard error over seeds"
        if len(seeds) > 1
        else "but not how far trainings of other seeds would lie apart"
    )
    return (
        f"{len(results)} trainings of {results[0]['tokens'] / 1e6:.1f} M tokens, {min(minutes):.0f} to "
        f"{max(minutes):.0f} minutes each on {devices}, PyTorch {releases}, seed{'s' * (len(seeds) > 1)} "
        f"{', '.join(map(str, seeds))}{late}. `python -m titans_core evaluate --suite {suite.name} --seeds "
        f"{' '.join(map(str, seeds))}` makes what its file lacks, and all of it where there is no file. ± is "
        f"what the number of questions leaves open (95 %, Wilson), {spread}."
    )
