"""The least, the highest and the mean of every column, over buckets that double as a stream grows."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from titans_core.trace import Floats


class Envelope(NamedTuple):
    """Bucket i holds the tokens from ``edges[i]`` up to, not including, ``edges[i + 1]``.

    edges: int64 [buckets + 1]. low, mean, high: [buckets, …], the rest as one token's values in the trace;
    the mean is summed in float64.
    """

    edges: NDArray[np.int64]
    low: Floats
    mean: NDArray[np.float64]
    high: Floats


class Buckets:
    """At most ``most`` buckets of equal size, whole blocks of ``block`` rows each; where all are full,
    neighbours are joined in pairs. What comes of it depends on the rows alone."""

    def __init__(self, columns: int, most: int, block: int) -> None:
        self.block, self.size, self.rows = block, block, 0  # rows: in whole blocks
        self._low = np.empty((most, columns), np.float32)
        self._high = np.empty((most, columns), np.float32)
        self._total = np.empty((most, columns), np.float64)

    @property
    def nbytes(self) -> int:
        """Bytes of all buckets, also of those that are empty yet."""
        return self._low.nbytes + self._high.nbytes + self._total.nbytes

    def fork(self) -> Buckets:
        """An independent copy."""
        other = copy.copy(self)
        other._low, other._high, other._total = self._low.copy(), self._high.copy(), self._total.copy()
        return other

    def add(self, rows: Floats) -> None:
        """One whole block, [block, columns]."""
        self._put(self.rows // self.size, self.rows % self.size == 0, summary(rows))
        self.rows += self.block
        if self.rows == self.size * len(self._low):  # now, so that an open bucket has a place too
            self._join()

    def _put(self, bucket: int, empty: bool, found: tuple[Floats, Floats, NDArray[np.float64]]) -> None:
        """Let a bucket hold what was ``found`` too."""
        low, high, total = found
        if empty:
            self._low[bucket], self._high[bucket], self._total[bucket] = low, high, total
            return
        np.minimum(self._low[bucket], low, out=self._low[bucket])
        np.maximum(self._high[bucket], high, out=self._high[bucket])
        self._total[bucket] += total

    def _join(self) -> None:
        """Half as many buckets, each twice as large."""
        half = len(self._low) // 2
        self._low[:half] = np.minimum(self._low[0::2], self._low[1::2])
        self._high[:half] = np.maximum(self._high[0::2], self._high[1::2])
        self._total[:half] = self._total[0::2] + self._total[1::2]
        self.size *= 2

    def envelope(self, rest: Floats, columns: slice) -> Envelope:
        """What is known of these columns; ``rest`` are the rows [fewer than a block, columns] since the last
        whole block."""
        low, high, total = (part[:, columns].copy() for part in (self._low, self._high, self._total))
        count = -(-self.rows // self.size)
        parts = [(low[:count], high[:count], total[:count])]
        end = self.rows + len(rest)
        if len(rest):
            least, most, summed = summary(rest[:, columns])
            if self.rows % self.size:
                np.minimum(low[count - 1], least, out=low[count - 1])
                np.maximum(high[count - 1], most, out=high[count - 1])
                total[count - 1] += summed
            else:
                parts.append((least[None], most[None], summed[None]))
                count += 1
        edges = np.minimum(np.arange(count + 1, dtype=np.int64) * self.size, end)
        lows, highs, totals = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Envelope(edges, lows, totals / np.diff(edges)[:, None], highs)


def summary(rows: Floats) -> tuple[Floats, Floats, NDArray[np.float64]]:
    """Of every column the least, the highest, and the sum."""
    return rows.min(0), rows.max(0), rows.sum(0, np.float64)
