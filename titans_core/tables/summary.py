"""What a table says: means over seeds, and how far they may be off."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from titans_core.evaluate.answers import margin as interval
from titans_core.tables.run import Result

GUESS: Final[str] = "guess"  # in the place of a model: who looks at nothing but what was told last


class Place(NamedTuple):
    """A task, and at how many tokens or pairs it is asked; 0 where it has no such number."""

    task: str
    number: int = 0
    unit: str = "tokens"


class Score(NamedTuple):
    """The mean over trainings, and between which ends anything lies that one of them leaves open; they are
    infinite where nothing tells of that."""

    mean: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether anything tells how far the mean may be off."""
        return math.isfinite(self.high)


Found = dict[tuple[str, Place], Score]  # by model and place


def place(row: dict[str, Any]) -> Place:
    """Where a row was measured."""
    return (
        Place(row["task"], row["pairs"], "pairs")
        if "pairs" in row
        else Place(row["task"], row.get("length", 0))
    )


def value(row: dict[str, Any]) -> float:
    """A share of right answers, or another number."""
    return float(row["value"] if "value" in row else row["right"] / row["asked"])


def scores(results: Sequence[Result]) -> Found:
    """By model and place, and beside the models GUESS, where that was measured. The places come in the order
    of a model that was measured at most of them."""
    order = sorted(results, key=lambda result: -len(result["rows"]))
    found: dict[Place, dict[str, list[float]]] = {
        place(row): defaultdict(list) for result in order for row in result["rows"]
    }
    asked: dict[Place, int] = {}  # the same questions of every model and seed; the fewest, where not
    for result in results:
        for row in result["rows"]:
            where = place(row)
            found[where][result["model"]].append(value(row))
            asked[where] = min(asked.get(where, row.get("asked", 0)), row.get("asked", 0))
            if GUESS in row:
                found[where][GUESS] = [row[GUESS] / row["asked"]]
    return {
        (model, where): score(values, asked[where])
        for where, each in found.items()
        for model, values in each.items()
    }


def score(values: Sequence[float], asked: int) -> Score:
    """Of one model and place. Where ``asked`` questions were asked, the same of every seed, the ends are the
    farthest of any seed's 95 % Wilson interval: two or three seeds tell too little of how trainings are
    spread to reckon with more than where they lie. Elsewhere, ``asked`` 0, they are as far off as the seeds
    lie apart, and not below 0, for such numbers are not.
    """
    mean = sum(values) / len(values)
    if asked:
        ends = [end for share in values for end in wilson(share, asked)]
        return Score(mean, min(ends), max(ends))
    if len(values) == 1:
        return Score(mean, -math.inf, math.inf)
    apart = max(values) - min(values)
    return Score(mean, max(mean - apart, 0.0), mean + apart)


def wilson(share: float, asked: int) -> tuple[float, float]:
    """The ends of a share's 95 % interval."""
    square = 1.96**2 / asked
    centre, half = (share + square / 2) / (1 + square), interval(share * asked, asked)
    return centre - half, centre + half


def difference(found: Found, better: str, worse: str, where: Place) -> Score | None:
    """``better`` − ``worse``, with the ends that face one another taken together; None where one of them was
    not measured."""
    if not {(better, where), (worse, where)} <= found.keys():
        return None
    a, b = found[better, where], found[worse, where]
    mean = a.mean - b.mean
    less = math.hypot(a.mean - a.low, b.high - b.mean)
    more = math.hypot(a.high - a.mean, b.mean - b.low)
    return Score(mean, mean - less, mean + more)
