"""The map of a needle on its page: cell by cell beside the page, and kept as far as it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import titans_core as tc
from app import limits, models
from app.hosting import metrics
from app.needle import Needle
from app.work import Step
from titans_core.sweep import Cell, Found, Haystack, Plan, alone
from titans_core.sweep.plan import DEPTHS, LENGTHS

LONGEST: Final[tuple[int, ...]] = (512, 1024, 2048, 4096, 8192, 16_384)  # tokens up to which a map can go
ASKED: Final[int] = 4  # haystacks a cell


@dataclass(frozen=True)
class Map:
    """How far a model's map is; ``digest`` tells the model from others that had its name before."""

    model: str
    digest: str
    plan: Plan
    found: tuple[Found, ...] = ()

    @property
    def fact(self) -> str:
        """What is hidden in every haystack."""
        return self.plan.needle.fact.strip() if self.plan.needle else ""

    @property
    def complete(self) -> bool:
        """Whether every cell is measured."""
        return len(self.found) == len(self.plan.cells)

    @property
    def done(self) -> int:
        """How many tokens the haystacks of the cells that are measured were to have."""
        return self.plan.asked * sum(one.cell.length for one in self.found)

    @property
    def left(self) -> list[Cell]:
        """The cells that are not."""
        return self.plan.cells[len(self.found) :]


def plan(needle: Needle) -> Plan:
    """The map of a needle in haystacks up to its length. Raises BadInput as ``Needle.check``."""
    needle.check()
    lengths = tuple(n for n in sorted({*LENGTHS, *LONGEST}) if n <= needle.length)
    haystack = Haystack() if needle.text is None else Haystack("text", needle.text)
    return Plan(lengths, DEPTHS, ASKED, needle.seed, haystack, needle.told)


def sound(known: Map) -> bool:
    """Whether a map that was kept is one that is drawn here, as far as it is: what is asked for is what
    ``plan`` would ask, and what was found is of its first cells."""
    asked, haystack = known.plan.needle, known.plan.haystack
    if asked is None:
        return False
    needle = Needle(*asked, max(known.plan.lengths), 0.0, known.plan.seed, haystack.text or None)
    try:
        same = known.plan == plan(needle)
    except limits.BadInput:
        return False
    can_be = all(
        one.asked == ASKED and 0 <= one.right <= ASKED and 0 <= one.chance <= 1 and one.tokens >= 0
        for one in known.found
    )
    return same and can_be and [one.cell for one in known.found] == known.plan.cells[: len(known.found)]


def stages(model: tc.TitansLM, known: Map) -> Iterator[Step[Map]]:
    """The cells that are left, one after another; every one is worth showing. Each counts as so many tokens
    as its haystacks are to have: what is told of a map that goes on is what was told of it before."""
    total, read = known.plan.tokens, 0
    yield Step(known.done, total, known, False)
    for step in alone(model, known.plan, known.left):
        metrics.TOKENS.labels(models.counted(known.model)).inc(step.tokens)
        read += step.tokens
        if step.found:
            known, read = replace(known, found=(*known.found, step.found)), 0
            yield Step(known.done, total, known, True)
        else:
            most = known.plan.asked * known.left[0].length
            yield Step(known.done + min(read, most), total, known, False)


def told(known: Map) -> str:
    """What the map says, in words, for whoever does not see it."""
    right, asked = sum(one.right for one in known.found), sum(one.asked for one in known.found)
    cells = "" if known.complete else f", in {len(known.found)} of {len(known.plan.cells)} cells so far"
    return (
        f"{models.title(known.model)}, asked at the end, gave {right} of {asked} right answers{cells}: "
        f"{known.plan.asked} haystacks each of {known.plan.lengths[0]:,} to {known.plan.lengths[-1]:,} "
        f"tokens, the fact at {len(known.plan.depths)} depths."
    )


def shares(known: Map, chances: bool) -> dict[int, dict[int, float]]:
    """By depth (in per cent) and length: the mean probability of the right answer, or the share of right
    answers."""
    found: dict[int, dict[int, float]] = {}
    for one in known.found:
        share = one.chance if chances else one.right / one.asked
        found.setdefault(round(100 * one.cell.depth), {})[one.cell.length] = share
    return found
