"""The paper's tables at our scale, in short: `titans_core.tables` as the report shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from benchmarks.report_speed import table
from titans_core.tables import SUITES, path_of, read_results
from titans_core.tables.asked import FACTS
from titans_core.tables.directions import DIRECTIONS, UNKNOWN, Direction, directions
from titans_core.tables.looked import LOOKED_INTO
from titans_core.tables.needles import LENGTHS, NEEDLES, TRAINED_AT
from titans_core.tables.summary import GUESS, Place, scores
from titans_core.tables.words import ABILITIES, figure, made, titled

FAR = LENGTHS[-1]


class Short(NamedTuple):
    """What is shown of a table: some of its places, None for all, and what they are."""

    told: str
    places: Sequence[Place] | None


TABLES = {
    "niah": Short(
        "one fact, told at five depths of a text and asked at its end, right answers in percent; in round "
        "brackets the paper's, at 2K and 16K tokens",
        [Place(*both) for both in product(NEEDLES, (TRAINED_AT, FAR))],
    ),
    "filler": Short(
        "in percent: what the gates do while filler is read, and right answers in 4,096 tokens: the number "
        "in mixed prose as it is, with a part of the memory switched off after training, with filler that is "
        "read but never written, and in other filler; then the passkey, in repeated sentences and in mixed "
        "prose",
        None,
    ),
    "ablation": Short(
        "each trained anew without it: perplexity on stories, eight facts within the training's length and "
        "far beyond, in percent; in round brackets the paper's perplexity, reasoning and long context",
        [Place(*both) for both in zip(ABILITIES, (0, TRAINED_AT, FAR), strict=True)],
    ),
    "depth": Short(
        "eight facts within the training's length and far beyond, in percent, how many times as long reading "
        "takes as with a linear memory, and how much of the surprise at filler is left, in the layer where "
        "it is least",
        [Place("recall", length) for length in (TRAINED_AT, FAR // 2, FAR)]
        + [Place(task, FAR) for task in ("time", "surprise left")],
    ),
    "babilong": Short(
        "one, two or three sentences decide the answer, in texts of the training's length and of eight times "
        "that, right answers in percent",
        [Place(*both) for both in product(FACTS, (256, 2048))],
    ),
    "mqar": Short(
        "how many of the pairs of words are known, in percent; trained on up to 32. The pairs of one text "
        "are treated as independent, which they are not quite",
        [Place("recall", pairs, "pairs") for pairs in (32, 48, 64)]
        + [Place(f"{which} quarter told", 64, "pairs") for which in ("first", "last")],
    ),
}


def tables() -> str:
    """Every table that was made, in short."""
    return "\n".join(part for part in map(short, TABLES) if part)


def short(name: str) -> str:
    """One of them; "" where it was not made."""
    suite, results = SUITES[name], read_results(path_of(name))
    if not results:
        return ""
    told, shown = TABLES[name]
    found = scores(results)
    columns = shown or list(dict.fromkeys(place for _, place in found))
    titles = {entry.name: entry.title for entry in suite.entries} | {GUESS: "a guess"}
    rows = [
        [title, *(figure(suite, name, place, found.get((name, place))) for place in columns)]
        for name, title in titles.items()
        if any(model == name for model, _ in found)
    ]
    judged = directions(results, DIRECTIONS[name]()) if name in DIRECTIONS else []
    source = suite.source[0].upper() + suite.source[1:]
    return (
        f"### {suite.title}\n\n{source}: {told}.\n\n{made(suite, results)}\n\n"
        + table(["model", *map(titled, columns)], rows)
        + (f"\n{verdicts(judged)}\n" if judged else "")
        + (f"\n{LOOKED_INTO[name]}\n" if name in LOOKED_INTO else "")
    )


def verdicts(judged: Sequence[Direction]) -> str:
    """How many of the published differences are found here too."""
    counted = Counter(one.verdict for one in judged)
    every = ("the same way", "smaller here", "not told apart", "the other way", UNKNOWN)
    told = ", ".join(f"{counted[verdict]} {verdict}" for verdict in every if counted[verdict])
    return f"Of {len(judged)} published differences: {told}; which, the page *Family* tells."
