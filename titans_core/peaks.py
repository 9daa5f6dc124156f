"""The highest tokens of every column and stretch, each kept whole."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from titans_core.trace import Floats


class Rows(NamedTuple):
    """Tokens, the earliest first: positions and ids [n], their strings, all their columns [n, columns]."""

    positions: NDArray[np.int64]
    ids: NDArray[np.int64]
    tokens: tuple[str, ...]
    values: Floats

    def pick(self, places: NDArray[np.int64]) -> Rows:
        """These of them."""
        tokens = tuple(self.tokens[place] for place in places.tolist())
        return Rows(self.positions[places], self.ids[places], tokens, self.values[places])


class Peaks:
    """Of each stretch the ``count`` highest tokens of every column; of equal ones the earliest. At most
    ``most`` stretches of equal size, whole blocks of ``block`` rows each, are joined in pairs as a stream
    grows: the highest of two are among the highest of each, so no peak is ever lost."""

    def __init__(self, columns: int, most: int, block: int, count: int) -> None:
        self.block, self.size, self.rows = block, block, 0
        self.most, self.count = most, count
        self.stretches: list[Rows] = []
        self._least = np.full(columns, -np.inf, np.float32)  # what a token of the open stretch must exceed

    def fork(self) -> Peaks:
        """An independent copy; rows are shared, as nothing ever changes them."""
        other = copy.copy(self)
        other.stretches, other._least = list(self.stretches), self._least.copy()
        return other

    def add(self, rows: Rows) -> None:
        """One whole block."""
        if self.rows % self.size == 0:
            self.stretches.append(rows.pick(np.arange(0)))
            self._least[:] = -np.inf
        higher = np.flatnonzero((rows.values > self._least).any(1))
        if higher.size:
            kept = highest(together(self.stretches[-1], rows.pick(higher)), self.count)
            self.stretches[-1] = kept
            if len(kept.values) >= self.count:
                self._least = np.partition(kept.values, -self.count, 0)[-self.count]
        self.rows += self.block
        if self.rows == self.size * self.most:
            self._join()

    def _join(self) -> None:
        """Half as many stretches, each twice as large."""
        pairs = zip(self.stretches[0::2], self.stretches[1::2], strict=True)
        self.stretches = [highest(together(*pair), self.count) for pair in pairs]
        self.size *= 2

    def found(self, rest: Rows) -> Rows:
        """All that are kept; ``rest`` are the rows since the last whole block."""
        if not len(rest.positions):
            return together(*self.stretches) if self.stretches else rest
        if self.rows % self.size == 0:
            return together(*self.stretches, highest(rest, self.count))
        return together(*self.stretches[:-1], highest(together(self.stretches[-1], rest), self.count))


def together(*parts: Rows) -> Rows:
    """Consecutive rows as one."""
    tokens = tuple(token for part in parts for token in part.tokens)
    return Rows(
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.ids for part in parts]),
        tokens,
        np.concatenate([part.values for part in parts]),
    )


def highest(rows: Rows, count: int) -> Rows:
    """The ``count`` highest of every column; of equal ones the earliest."""
    order = np.argsort(-rows.values, axis=0, kind="stable")
    return rows.pick(np.unique(order[:count]))
