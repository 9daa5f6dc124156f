"""A trace of millions of tokens in constant memory, thinned by one rule:

* near the playhead, the last ``near`` tokens, everything is kept;
* of every stretch and column the ``peaks`` highest tokens are kept whole, where they stand and as they were;
* of everything else, from the first token on, the least, the highest and the mean, bucket by bucket.

There are at most ``stretches`` stretches and ``buckets`` buckets. When a stream has filled them, neighbours
are joined in pairs, and each is twice as long from then on. What is kept depends on what was read alone, not
on how it was cut into pieces.
"""

from __future__ import annotations

import copy
from typing import Final

import numpy as np

from titans_core.envelope import Buckets, Envelope
from titans_core.ids import whole
from titans_core.peaks import Peaks, Rows, together
from titans_core.trace import Floats, Trace, counted

BLOCK: Final[int] = 64  # tokens of the shortest bucket and stretch
MOST: Final[int] = 65_536  # of what there is room for from the beginning


class Thinned:
    """What happened in a stream of any length. Raises ValueError for sizes below one, for more than 65,536
    buckets, stretches or peaks, and for an odd number of buckets or stretches, and TypeError for what is no
    whole number."""

    def __init__(self, near: int = 4096, buckets: int = 2048, stretches: int = 64, peaks: int = 4) -> None:
        sizes = {"near": near, "buckets": buckets, "stretches": stretches, "peaks": peaks}
        if min(whole(size, name) for name, size in sizes.items()) < 1 or buckets % 2 or stretches % 2:
            raise ValueError(
                f"a thinned trace keeps 1 token or more, and joins buckets in pairs: near={near}, "
                f"buckets={buckets}, stretches={stretches}, peaks={peaks} cannot be"
            )
        if large := [name for name in ("buckets", "stretches", "peaks") if sizes[name] > MOST]:
            raise ValueError(f"a thinned trace has at most {MOST:,} {' and '.join(large)}")
        self.keeps, self._most = near, (buckets, stretches, peaks)
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._slices: dict[str, slice] = {}
        self._length = 0

    def __len__(self) -> int:
        """How many tokens it tells of."""
        return self._length

    def __repr__(self) -> str:
        return f"Thinned({counted(len(self), 'token')}, near: {self.keeps:,})"

    @property
    def quantities(self) -> tuple[str, ...]:
        """The names that can be asked for; none before the first token."""
        return tuple(self._shapes)

    @property
    def nbytes(self) -> int:
        """How many bytes its numbers take, strings aside."""
        if not self._length:
            return 0
        rows = [self._last, *self._peaks.stretches]
        kept = sum(one.positions.nbytes + one.ids.nbytes + one.values.nbytes for one in rows)
        return kept + self._buckets.nbytes

    def fork(self) -> Thinned:
        """An independent copy."""
        other = copy.copy(self)
        other._shapes, other._slices = dict(self._shapes), dict(self._slices)
        if self._length:
            other._buckets, other._peaks = self._buckets.fork(), self._peaks.fork()
        return other

    def add(self, trace: Trace) -> None:
        """Take in the tokens that follow.

        Raises ValueError where they do not follow those before, have other columns, or hold what is no
        number; nothing of them is taken in then.
        """
        if not isinstance(trace, Trace):
            raise TypeError(f"a thinned trace takes in traces, as feed gives them, not {trace!r:.80}")
        if not len(trace):
            return
        if trace.start != self._length:
            raise ValueError(f"token {trace.start} does not follow the {self._length} tokens before it")
        shapes = {name: column.shape[1:] for name, column in trace.columns.items()}
        if self._shapes and shapes != self._shapes:
            raise ValueError(f"its columns are not those of the tokens before: {', '.join(self._shapes)}")
        names = self._shapes or shapes  # in the order of the tokens before
        values = np.concatenate([trace.columns[name].reshape(len(trace), -1) for name in names], 1)
        if np.isnan(values).any():
            raise ValueError("what is not a number cannot be thinned")
        if not self._shapes:
            self._begin(shapes)
        positions = np.arange(trace.start, trace.start + len(trace))
        self._take(Rows(positions, np.array(trace.ids, np.int64), tuple(trace.tokens), values))

    def _begin(self, shapes: dict[str, tuple[int, ...]]) -> None:
        """Lay out the columns, each quantity's side by side."""
        buckets, stretches, peaks = self._most
        self._shapes, end = shapes, 0
        for name, shape in shapes.items():
            start, end = end, end + int(np.prod(shape, dtype=int))
            self._slices[name] = slice(start, end)
        self._buckets = Buckets(end, buckets, BLOCK)
        self._peaks = Peaks(end, stretches, BLOCK, peaks)
        nothing = np.zeros(0, np.int64)
        self._last = Rows(nothing, nothing, (), np.zeros((0, end), np.float32))

    def _take(self, rows: Rows) -> None:
        """Whole blocks go where they belong; the last tokens stay."""
        whole = together(self._last, rows)
        begin = len(whole.positions) - len(rows.positions) - self._length % BLOCK
        self._length += len(rows.positions)
        for at in range(begin, len(whole.positions) - BLOCK + 1, BLOCK):
            block = part(whole, at, at + BLOCK)
            self._buckets.add(block.values)
            self._peaks.add(block)
        self._last = part(whole, max(0, len(whole.positions) - max(self.keeps, BLOCK)), len(whole.positions))

    @property
    def near(self) -> Trace:
        """The last tokens, all of what is known of them. Raises ValueError before the first token."""
        self._check()
        rows = part(self._last, max(0, len(self._last.positions) - self.keeps), len(self._last.positions))
        ids, columns = tuple(rows.ids.tolist()), self._named(rows.values)
        return Trace(int(rows.positions[0]), ids, list(rows.tokens), columns)

    def envelope(self, name: str) -> Envelope:
        """A quantity from the first token to the last, [buckets, layers, heads] each, or [buckets] of one
        that is told once a token. Raises KeyError where there is no such quantity."""
        if name not in self._shapes:
            raise KeyError(f"this trace has no {name!r}; it has {', '.join(self._shapes) or 'no token yet'}")
        found = self._buckets.envelope(self._open.values, self._slices[name])
        shape = (len(found.edges) - 1, *self._shapes[name])
        return Envelope(
            found.edges, found.low.reshape(shape), found.mean.reshape(shape), found.high.reshape(shape)
        )

    def peaks(self) -> tuple[Rows, dict[str, Floats]]:
        """All tokens that are the highest of their stretch in some column, and their columns by name. Raises
        ValueError before the first token."""
        self._check()
        rows = self._peaks.found(self._open)
        return rows, self._named(rows.values)

    @property
    def _open(self) -> Rows:
        """The tokens since the last whole block."""
        count = len(self._last.positions)
        return part(self._last, count - self._length % BLOCK, count)

    def _named(self, values: Floats) -> dict[str, Floats]:
        """Rows of columns as one array a quantity."""
        return {
            name: values[:, self._slices[name]].reshape(len(values), *shape)
            for name, shape in self._shapes.items()
        }

    def _check(self) -> None:
        if not self._length:
            raise ValueError("there is no token yet")


def part(rows: Rows, start: int, end: int) -> Rows:
    """The rows from ``start`` to ``end``, copied: what they were part of can go."""
    return Rows(
        rows.positions[start:end].copy(),
        rows.ids[start:end].copy(),
        rows.tokens[start:end],
        rows.values[start:end].copy(),
    )
