"""What a table says: means over seeds, and whether they go the way that the paper's figures go."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from titans_core.evaluate.answers import margin as interval
from titans_core.tables.paper import ABLATION, NIAH
from titans_core.tables.run import Result
from titans_core.tables.suites import LENGTHS, TRAINED_AT

Place = tuple[str, int]  # a task, and the length in tokens that it is asked at, 0 where it has none


class Score(NamedTuple):
    """The mean over ``seeds`` trainings, and how far it may be off: what the number of questions leaves open,
    half the 95 % Wilson interval, or where that is wider twice the standard error over the trainings."""

    mean: float
    margin: float
    seeds: int


class Direction(NamedTuple):
    """A difference between two models at one place, ours beside the paper's: ``better`` − ``worse``, in
    shares. ``margin`` is ours."""

    better: str
    worse: str
    place: Place
    paper: float
    ours: float
    margin: float

    @property
    def verdict(self) -> str:
        """Whether ours goes the same way, if it can be told at all; and if not, whether it is smaller."""
        if abs(self.ours) <= self.margin:
            return "smaller here" if abs(self.paper) > abs(self.ours) + self.margin else "not told apart"
        return "the same way" if (self.ours > 0) == (self.paper > 0) else "the other way"


def value(row: dict[str, Any]) -> float:
    """A share of right answers, or another number."""
    return float(row["value"] if "value" in row else row["right"] / row["asked"])


def scores(results: Sequence[Result]) -> dict[tuple[str, Place], Score]:
    """By model and place."""
    found: dict[tuple[str, Place], list[float]] = defaultdict(list)
    asked: dict[tuple[str, Place], int] = defaultdict(int)
    for result in results:
        for row in result["rows"]:
            key = result["model"], (row["task"], row.get("length", 0))
            found[key].append(value(row))
            asked[key] += row.get("asked", 0)
    return {key: score(values, asked[key]) for key, values in found.items()}


def score(values: Sequence[float], asked: int) -> Score:
    """Of one model and place; ``asked`` questions in all, 0 where nothing was asked."""
    count, mean = len(values), sum(values) / len(values)
    spread = math.sqrt(sum((x - mean) ** 2 for x in values) / max(count - 1, 1)) if count > 1 else 0.0
    drawn = interval(mean * asked, asked) if asked else 0.0
    return Score(mean, max(2 * spread / math.sqrt(count), drawn), count)


def difference(found: dict[tuple[str, Place], Score], better: str, worse: str, place: Place) -> Score | None:
    """``better`` − ``worse``; None where one of them was not measured."""
    if not {(better, place), (worse, place)} <= found.keys():
        return None
    a, b = found[better, place], found[worse, place]
    return Score(a.mean - b.mean, math.hypot(a.margin, b.margin), min(a.seeds, b.seeds))


def niah_directions(results: Sequence[Result]) -> list[Direction]:
    """At the longest texts: Titans' memory beside its relatives, and its three variants beside it alone."""
    pairs = [("lmm", name) for name in ("ttt-linear", "mamba2", "deltanet")]
    pairs += [(name, "lmm") for name in ("mac", "mag", "mal")]
    told = (
        (a, b, (task, LENGTHS[-1]), (NIAH[a][task][-1] - NIAH[b][task][-1]) / 100)
        for a, b in pairs
        for task in ("passkey", "number", "word")
    )
    return directions(results, told)


def ablation_directions(results: Sequence[Result]) -> list[Direction]:
    """The whole memory beside one that lacks a part. Theirs is a deep one, ours a linear one, which trains
    better at our scale; that a deep one is better is a row of its own."""
    places = (("recall", TRAINED_AT), ("long recall", LENGTHS[-1]))
    parts = [name for name in ABLATION if name.startswith("no-")]
    pairs = [("lmm-2", "lmm"), *(("lmm", name) for name in parts)]
    whole = ABLATION["lmm-2"]
    told = (
        (a, b, place, (whole[1 + column] - ABLATION[b][1 + column]) / 100)
        for a, b in pairs
        for column, place in enumerate(places)
    )
    return directions(results, told)


def directions(results: Sequence[Result], told: Iterable[tuple[str, str, Place, float]]) -> list[Direction]:
    """Of (better, worse, place, the paper's difference), those that were measured."""
    found = scores(results)
    return [
        Direction(a, b, place, paper, ours.mean, ours.margin)
        for a, b, place, paper in told
        if (ours := difference(found, a, b, place)) is not None
    ]
