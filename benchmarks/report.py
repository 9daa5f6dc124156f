"""What was measured, of the model cards and the results: `python -m benchmarks.report` writes it, whole, into
this folder's README, and in short into the project's."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import titans_core as tc
from benchmarks.machine import RESULTS
from benchmarks.report_gpu import gpu_in_short, on_gpu
from benchmarks.report_long import long_streams
from benchmarks.report_speed import memory, painting, reading, reading_in_short, table, together, waits
from benchmarks.report_tables import tables

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(?<=<!-- measured: begin -->\n).*?(?=<!-- measured: end -->)", re.DOTALL)


def report() -> str:
    """Markdown: what the shipped models remember, and how fast they are read and shown, a heading a part."""
    told = {
        "What the shipped models remember": recall() + harder(),
        "What each part of the memory does": parts(),
        "The paper's tables at this scale": tables(),
        "Reading, beside another library": reading(),
        "Two million tokens in one stream": long_streams(),
        "Many streams at once": together(),
        "The memory alone": memory(),
        "On a graphics card": on_gpu(RESULTS),
        "The pages": f"{painting()}\n{waits()}",
    }
    return "\n".join(f"## {heading}\n\n{part}" for heading, part in told.items() if part)


def summary() -> str:
    """Markdown: the same in a few lines."""
    return "\n".join([recall(), reading_in_short(), painting(), gpu_in_short(RESULTS)])


DISTANCES = {  # columns of a table: group, and what picks the row of a card's scores
    "64": ("recall", {"facts": 8, "distance": 64}),
    "256": ("recall", {"facts": 8, "distance": 256}),
    "1,024": ("recall", {"facts": 8, "distance": 1024}),
    "4,096": ("recall", {"facts": 8, "distance": 4096}),
    "8,192": ("recall", {"facts": 8, "distance": 8192}),
    "1,024, memory wiped": ("ablations", {"ablation": "wiped"}),
}
TASKS = {
    "24 facts, 512": ("recall", {"facts": 24, "distance": 512}),
    "24 facts about 9 to 14 people, 512": ("crowded", {"facts": 24, "distance": 512}),
    "4 facts, unseen prose": ("recall_by_haystack", {"haystack": "unseen"}),
    "8 facts, changed since": ("overwriting", {"distance": 1024}),
    "4 facts, told 4 times, then changed, 256": ("overwriting", {"repeats": 3}),
    "a made-up password": ("recall_by_kind", {"kind": "PASSWORD"}),
    "a code of 4 digits": ("recall_by_kind", {"kind": "CODE"}),
    "a song, copied": ("copying", {"distance": 1024}),
    "a maze's turn": ("maze", {"distance": 1024}),
}
TAKEN = ("no reading", "no writing", "no forgetting", "no momentum")


def recall() -> str:
    """What is asked and how, then a table of recall by distance."""
    cards = {name: tc.model_card(name) for name in tc.available()}
    first = next(iter(cards.values()))
    scores, chance = first["scores"], first["scores"]["chance"]
    asked = {row["asked"] for row in scores["recall"]}
    budget = {
        name: f"{card['parameters']:,} parameters, {card['tokens'] / 1e6:.1f} M tokens in "
        f"{card['seconds'] / 60:.0f} min"
        for name, card in cards.items()
    }
    return (
        "Eight facts are told, then filler, then one is asked: the share of right answers by the tokens "
        f"between ({max(asked)} questions a cell, {min(asked)} beyond 1,024 tokens). Attention reaches "
        f"{scores['window']} tokens. One training a model, seed {first['recipe']['seed']}, on "
        f"{first['device']}; stories drawn apart from training's, seed {scores['seed']}. A guess is right "
        f"{chance['PLACE']:.3f} of the times for a place, {chance['PET']:.3f} for a pet, almost never for "
        "a code or a password. All scores with their 95 % intervals are in the cards.\n\n"
        + shares(DISTANCES, cards, {"budget": budget})
    )


def harder() -> str:
    """A table of harder questions."""
    cards = {name: tc.model_card(name) for name in tc.available()}
    return "\nHarder questions, at 1,024 tokens where nothing else is said:\n\n" + shares(TASKS, cards)


def shares(
    columns: dict[str, tuple[str, dict[str, Any]]],
    cards: dict[str, dict[str, Any]],
    more: dict[str, dict[str, str]] | None = None,
) -> str:
    """A table of one row a model: shares of right answers, and ``more`` columns after them."""
    told = more or {}
    rows = [
        [f"`{name}`", *(share(card["scores"], *cell) for cell in columns.values())]
        + [column[name] for column in told.values()]
        for name, card in cards.items()
    ]
    return table(["model", *columns, *told], rows)


def parts() -> str:
    """What each part of a trained memory does: taken away, measured while reading, and at a chapter."""
    every = {name: tc.model_card(name)["scores"] for name in tc.available()}
    cards = {name: scores for name, scores in every.items() if "ablations" in scores}
    heads = [
        "model",
        *TAKEN,
        "surprise at a fact, third mention / first",
        "write, filler / fact",
        "perplexity, with memory / without",
        "largest norm",
    ]
    streams = len(next(iter(cards.values()))["largest_norm"])
    return (
        "The shipped models with a part of the memory taken away while they read 8 facts and 1,024 tokens; "
        "what surprise and writing do at a fact told three times; and the largest norm that any head's "
        f"weights reach on {streams} hostile streams of up to 20,000 characters (one letter, random bytes, "
        "emoji, one fact over and over):\n\n"
        + table(heads, [[f"`{name}`", *behaviour(scores)] for name, scores in cards.items()])
        + "\nMomentum matters little to these models: switched off, it costs at most "
        f"{momentum_lost(cards):.2f} of the answers. The paper's ablation finds more; what would make it pay "
        "here is open.\n\n" + chapters({name: scores for name, scores in cards.items() if "chapters" in name})
    )


def momentum_lost(cards: dict[str, dict[str, Any]]) -> float:
    """The largest share of right answers that any model loses without momentum."""
    wanted = {"facts": 8, "distance": 1024}
    return max(
        number(scores, "recall", wanted) - number(scores, "ablations", {**wanted, "ablation": "no momentum"})
        for scores in cards.values()
    )


def behaviour(scores: dict[str, Any]) -> list[str]:
    """A model's row of the table of parts."""
    surprise, write = scores["by_mention"]["surprise"], scores["by_mention"]["write"]
    perplexity = scores["perplexity"]
    return [
        *(share(scores, "ablations", {"ablation": part}) for part in TAKEN),
        f"{surprise['third'] / surprise['first']:.2f}",
        f"{write['filler'] / write['first']:.2f}",
        f"{perplexity['all tokens']:.1f} / {perplexity['all tokens without memory']:.0f}",
        f"{max(scores['largest_norm'].values()):.0f}",
    ]


def chapters(cards: dict[str, dict[str, Any]]) -> str:
    """What a model that learned to forget does where a chapter opens."""
    lines = []
    for name, scores in cards.items():
        alpha = scores["by_chapter"]["alpha"]
        known, unknown, kept = (
            share(scores, "chapters", {"chapter": chapter, "ablation": ablation})
            for chapter, ablation in (("known", None), ("unknown", None), ("unknown", "no forgetting"))
        )
        lines.append(
            f"`{name}` was trained on stories that start anew, after which what was told before is unknown. "
            f"Its α is {alpha['chapter']:.3f} on the words that open a chapter and {alpha['filler']:.5f} on "
            f"filler. Of what the new chapter told it answers {known} right; asked for what only the old one "
            f'told, it says "unknown" {unknown} of the times, and {kept} with α switched off.\n'
        )
    return "".join(lines)


def share(scores: dict[str, Any], group: str, wanted: dict[str, Any]) -> str:
    """The recall of the first row that fits, "–" where a model was not asked."""
    found = number(scores, group, wanted)
    return "–" if math.isnan(found) else f"{found:.2f}"


def number(scores: dict[str, Any], group: str, wanted: dict[str, Any]) -> float:
    """The same, as a number; nan where a model was not asked."""
    fitting = (row for row in scores.get(group, ()) if all(row.get(k) == v for k, v in wanted.items()))
    return next((float(row["recall"]) for row in fitting), math.nan)


PLACES: dict[Path, Callable[[], str]] = {
    ROOT / "benchmarks" / "README.md": report,
    ROOT / "README.md": summary,
}


def write(readme: Path, text: str) -> None:
    """Put the text between the file's marks. Raises SystemExit where they are not there, once."""
    written, found = MARKED.subn(lambda _: text, readme.read_text(encoding="utf-8"))
    if found != 1:
        raise SystemExit(
            f"{readme.name} has no place to write to: it must hold once a line <!-- measured: begin --> and "
            "below it a line <!-- measured: end -->."
        )
    readme.write_text(written, encoding="utf-8")


def main() -> None:
    for readme, told in PLACES.items():
        write(readme, told())


if __name__ == "__main__":
    main()
