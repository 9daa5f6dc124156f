"""The paper's tables at our scale, in short: `titans_core.tables` as the README shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.report_speed import table
from titans_core.tables import SUITES, path_of, read_results
from titans_core.tables.paper import NIAH
from titans_core.tables.suites import LENGTHS, TRAINED_AT
from titans_core.tables.summary import Direction, Place, ablation_directions, niah_directions, scores
from titans_core.tables.words import ABILITIES, figure, made, titled

Judge = Callable[[Sequence[dict[str, Any]]], list[Direction]]
NEEDLES: list[Place] = [(task, n) for task in NIAH["lmm"] for n in (LENGTHS[0], LENGTHS[-1])]
PARTS: list[Place] = list(zip(ABILITIES, (0, TRAINED_AT, LENGTHS[-1]), strict=True))
TOLD = {
    "niah": "one fact, told at five depths of a text and asked at its end, right answers in percent; in "
    "brackets the paper's, at 2K and 16K tokens",
    "ablation": "each trained anew without it: perplexity on stories, eight facts within the training's "
    "length and far beyond, in percent; in brackets the paper's perplexity, reasoning and long context",
}


def tables() -> str:
    """Every table that was made, in short."""
    parts = short("niah", NEEDLES, niah_directions), short("ablation", PARTS, ablation_directions)
    return "\n".join(part for part in parts if part)


def short(name: str, columns: Sequence[Place], judge: Judge) -> str:
    """One of them; "" where it was not made."""
    suite, results = SUITES[name], read_results(path_of(name))
    if not results:
        return ""
    found = scores(results)
    rows = [
        [
            entry.title,
            *(figure(suite, entry.name, place, found.get((entry.name, place))) for place in columns),
        ]
        for entry in suite.entries
        if any(model == entry.name for model, _ in found)
    ]
    return (
        f"{suite.title}, after {suite.repeats} of the paper: {TOLD[name]}.\n{made(suite, results)}\n\n"
        + table(["model", *map(titled, columns)], rows)
        + f"\n{verdicts(judge(results))}\n"
    )


def verdicts(directions: Sequence[Direction]) -> str:
    """How many of the paper's differences are found here too."""
    counted = Counter(one.verdict for one in directions)
    words = {
        "the same way": "go its way",
        "smaller here": "are smaller here",
        "not told apart": "cannot be told apart",
        "the other way": "go the other way",
    }
    told = ", ".join(f"{counted[verdict]} {word}" for verdict, word in words.items() if counted[verdict])
    return (
        f"Of {len(directions)} differences that the paper has there, {told}; which, the page *Family* tells."
    )
