"""What happened while tokens were read, as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from titans_core.ids import whole

Floats = NDArray[np.float32]
GUESSES = ("guesses", "guesses_without")


def to_numpy(x: Tensor) -> Floats:
    """Any tensor as float32 on the host."""
    array: Floats = x.detach().float().cpu().numpy()
    return array


def counted(count: int, name: str) -> str:
    """How many there are, in words."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


class Guesses(NamedTuple):
    """The likeliest tokens and their probabilities, [T, GUESSES] each, the likeliest first."""

    ids: NDArray[np.int64]
    probabilities: Floats


class LayerWrites(NamedTuple):
    """All that one layer wrote, as rank-one factors, and what it asked and was handed.

    inputs [T, H, D_in] and deltas [T, H, D_out]: the token's gradient is their outer product. weights,
    momentum [H, D_in, D_out]: M and S before the trace's first token. initial: what forgetting decays to.
    These five are tuples over the memory's matrices W1 … Wn. queries [T, H, D]: what M was asked (in MAC the
    query of equation 21). writing, reading [T, H]: False where an override stopped it. lens: the tokens that
    what the memory hands over points at, seen through the output embedding.
    """

    inputs: tuple[Floats, ...]
    deltas: tuple[Floats, ...]
    weights: tuple[Floats, ...]
    momentum: tuple[Floats, ...]
    initial: tuple[Floats, ...]
    queries: Floats
    writing: NDArray[np.bool_]
    reading: NDArray[np.bool_]
    lens: Guesses


@dataclass(frozen=True, eq=False, repr=False)  # arrays are not equal or unequal, and are long
class Trace:
    """A stretch of a stream: its tokens and one array a quantity.

    ``trace["surprise"]`` is float32 [tokens, layers, heads], ``trace["nll"]`` float32 [tokens] in nats.
    Where the feed was asked for writes, ``writes`` holds one entry a layer, and ``guesses`` what was expected
    after each token; else () and None. Where it was asked for it, ``guesses_without`` is what would have been
    expected after each token with the memory wiped just before that token, and ``trace["nll_without"]`` what
    the tokens would have cost then. Its first entry is of what was expected after the token before the trace:
    NaN where that was read without being asked so, as ``Stream.at`` and ``Stream.load`` may have done.
    """

    start: int
    ids: tuple[int, ...]
    tokens: list[str]
    columns: dict[str, Floats]
    writes: tuple[LayerWrites, ...] = ()
    guesses: Guesses | None = None
    guesses_without: Guesses | None = None

    @property
    def quantities(self) -> tuple[str, ...]:
        """The names that can be asked for; the attention-only model has "nll" alone."""
        return tuple(self.columns)

    def __getitem__(self, name: str) -> Floats:
        if name not in self.columns:
            raise KeyError(f"this trace has no {name!r}; it has {', '.join(self.columns)}")
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        sizes = zip((len(self), *self._grid), ("token", "layer", "head"), strict=False)
        return f"Trace({', '.join(counted(*size) for size in sizes)})"

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    @property
    def _grid(self) -> tuple[int, ...]:
        """How many layers and heads there are; nothing without a memory."""
        return next((column.shape[1:] for column in self.columns.values() if column.ndim == 3), ())

    def to_frame(self) -> pd.DataFrame:
        """A tidy table: position, token, layer, head, nll, and a column a quantity.

        One row a token, layer and head, all counted from 0; without a memory one row a token, layer and head
        being NA.
        """
        layers, heads = self._grid or (1, 1)
        each = layers * heads
        layer, head = (grid.ravel() for grid in np.mgrid[0:layers, 0:heads])
        place: dict[str, object] = {
            "position": np.repeat(np.arange(self.start, self.start + len(self)), each),
            "token": pd.array(np.repeat(np.array(self.tokens, dtype=object), each), dtype="string"),
            "layer": pd.array(np.tile(layer, len(self)), dtype="Int64"),
            "head": pd.array(np.tile(head, len(self)), dtype="Int64"),
        }
        if not self._grid:
            place["layer"] = place["head"] = pd.array([pd.NA] * len(self), dtype="Int64")
        values = {name: c.ravel() if c.ndim == 3 else np.repeat(c, each) for name, c in self.columns.items()}
        return pd.DataFrame(place | values)

    def first(self, count: int) -> Trace:
        """The first ``count`` tokens alone; all of it where it has no more. Raises ValueError where ``count``
        is negative."""
        if whole(count, "count") < 0:
            raise ValueError(f"a trace cannot have {count} tokens")
        columns = {name: column[:count] for name, column in self.columns.items()}
        writes = tuple(first_writes(layer, count) for layer in self.writes)
        known = (getattr(self, name) for name in GUESSES)
        guesses, without = (each and first_guesses(each, count) for each in known)
        return Trace(self.start, self.ids[:count], self.tokens[:count], columns, writes, guesses, without)

    @staticmethod
    def join(parts: Sequence[Trace]) -> Trace:
        """One trace of consecutive ones. Raises ValueError where they do not follow one another, and
        TypeError for what is no trace."""
        if not parts:
            raise ValueError("there is nothing to join")
        if others := [part for part in parts if not isinstance(part, Trace)]:
            raise TypeError(f"traces are joined, a list of them, not {others[0]!r:.80}")
        for a, b in zip(parts, parts[1:], strict=False):
            if len(a.writes) != len(b.writes) or (a.guesses is None) != (b.guesses is None):
                raise ValueError("a trace with writes and one without cannot be joined")
            if a.columns.keys() != b.columns.keys():
                raise ValueError("traces with other columns cannot be joined: read all of them alike")
            if a.start + len(a) != b.start:
                raise ValueError(f"a trace that ends at token {a.start + len(a)} does not go on at {b.start}")
        first = parts[0]
        if len(parts) == 1:
            return first
        columns = {name: np.concatenate([p.columns[name] for p in parts]) for name in first.columns}
        tokens = [token for part in parts for token in part.tokens]
        ids = tuple(i for part in parts for i in part.ids)
        writes = tuple(join_writes(layer) for layer in zip(*(p.writes for p in parts), strict=True))
        guesses, without = (join_known([getattr(p, name) for p in parts]) for name in GUESSES)
        return Trace(first.start, ids, tokens, columns, writes, guesses, without)


def join_writes(parts: Sequence[LayerWrites]) -> LayerWrites:
    """Consecutive writes of one layer as one."""

    def along(name: str) -> tuple[Floats, ...]:
        return tuple(
            np.concatenate(arrays) for arrays in zip(*(getattr(p, name) for p in parts), strict=True)
        )

    return parts[0]._replace(
        inputs=along("inputs"),
        deltas=along("deltas"),
        queries=np.concatenate([p.queries for p in parts]),
        writing=np.concatenate([p.writing for p in parts]),
        reading=np.concatenate([p.reading for p in parts]),
        lens=join_guesses([p.lens for p in parts]),
    )


def join_guesses(parts: Sequence[Guesses]) -> Guesses:
    """Consecutive guesses as one."""
    return Guesses(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def join_known(parts: Sequence[Guesses | None]) -> Guesses | None:
    """Consecutive guesses as one; None where there are none."""
    known = [part for part in parts if part is not None]
    return join_guesses(known) if known else None


def first_writes(writes: LayerWrites, count: int) -> LayerWrites:
    """What the first ``count`` tokens wrote in one layer."""
    return writes._replace(
        inputs=tuple(array[:count] for array in writes.inputs),
        deltas=tuple(array[:count] for array in writes.deltas),
        queries=writes.queries[:count],
        writing=writes.writing[:count],
        reading=writes.reading[:count],
        lens=first_guesses(writes.lens, count),
    )


def first_guesses(guesses: Guesses, count: int) -> Guesses:
    """The guesses after the first ``count`` tokens."""
    return Guesses(guesses.ids[:count], guesses.probabilities[:count])
