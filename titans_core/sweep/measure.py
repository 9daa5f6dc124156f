"""A cell of the map is measured: its haystacks are read, and the answers held against the right ones."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from titans_core.evaluate.answers import Said, reading
from titans_core.evaluate.recall import groups
from titans_core.finite import NotFinite
from titans_core.machine import device_name
from titans_core.model import TitansLM
from titans_core.sweep.plan import Cell, Plan

AT_ONCE = 4096  # tokens read side by side
PIECE = 512  # tokens of each haystack between two moments at which reading can be stopped


class Found(NamedTuple):
    """What a cell gave: of ``asked`` answers so many are right; ``chance`` is the mean probability of the
    right one. ``tokens`` were read, on ``device``."""

    cell: Cell
    asked: int
    right: int
    chance: float
    tokens: int
    device: str


class Step(NamedTuple):
    """So many tokens more were read; ``found`` where that was the last of a cell."""

    tokens: int
    found: Found | None


def measure(model: TitansLM, plan: Plan, cell: Cell) -> Generator[int, None, Found]:
    """Ask all of a cell's questions; yields how many tokens were read since."""
    said: list[Said] = []
    tokens = 0
    for numbers in groups(plan.asked, max(1, AT_ONCE // cell.length)):
        examples = [plan.example(cell, number) for number in numbers]
        tokens += sum(len(example.ids) for example in examples)
        said += yield from reading(model, examples, PIECE)
    right, chance = sum(one.right for one in said), float(np.mean([one.chance for one in said]))
    if not np.isfinite(chance):
        raise NotFinite(cell.length, False)
    return Found(cell, len(said), right, chance, tokens, device_name(model.device))


def alone(model: TitansLM, plan: Plan, cells: Sequence[Cell] | None = None) -> Iterator[Step]:
    """Measure cell after cell, by default all, in this process."""
    for cell in plan.cells if cells is None else cells:
        steps = measure(model, plan, cell)
        while True:
            try:
                yield Step(next(steps), None)
            except StopIteration as end:
                yield Step(0, end.value)
                break
