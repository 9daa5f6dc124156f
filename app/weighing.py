"""What the Weights page shows of a reading: a memory's matrices at a token, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from app.reading import Reading
from titans_core.spectrum import effective_rank, evenly_spaced, singular_values, weights_along
from titans_core.trace import Floats, Trace

SAMPLED = 256  # at most so many tokens, evenly spaced, are measured over time


@dataclass(frozen=True)
class Part:
    """One matrix of one layer's memory; both count from 0."""

    layer: int
    matrix: int
    deep: bool

    @property
    def title(self) -> str:
        """Its name where layers and matrices stand side by side; both count from 1 there."""
        return f"layer {self.layer + 1}" + (f", W{self.matrix + 1}" if self.deep else "")


@dataclass(frozen=True)
class History:
    """One head's memory over time: after ``counts`` tokens, each part's singular values [counts, n] and its
    largest weight, its sign taken away [counts]."""

    counts: list[int]
    values: dict[Part, Floats]
    largest: dict[Part, Floats]

    def ranks(self, part: Part) -> Floats:
        """The effective rank at every count."""
        return effective_rank(self.values[part]).astype(np.float32)

    def norms(self, part: Part) -> Floats:
        """The Frobenius norm at every count."""
        norms: Floats = np.linalg.norm(self.values[part], axis=-1)
        return norms


@dataclass(frozen=True)
class Weighing:
    """A reading's memories, measured head by head as they are asked for."""

    reading: Reading
    measured: dict[int, History] = field(default_factory=dict)

    @property
    def trace(self) -> Trace:
        """What was read."""
        return self.reading.trace

    @cached_property
    def parts(self) -> list[Part]:
        """Every matrix of every layer."""
        return [
            Part(layer, matrix, len(writes.inputs) > 1)
            for layer, writes in enumerate(self.trace.writes)
            for matrix in range(len(writes.inputs))
        ]

    @property
    def heads(self) -> int:
        """How many memories a layer has."""
        return int(self.trace["surprise"].shape[2])

    def history(self, head: int) -> History:
        """What one head's matrices became; measured once."""
        if head not in self.measured:
            self.measured[head] = history(self.trace, self.parts, head)
        return self.measured[head]

    def weights(self, part: Part, head: int, counts: Iterable[int]) -> dict[int, Floats]:
        """A part's weights [D_in, D_out] after each of these numbers of tokens."""
        ascending = sorted(set(counts))
        along = weights_along(self.trace, part.layer, ascending)
        return {count: found[part.matrix][head] for count, found in zip(ascending, along, strict=True)}


def history(trace: Trace, parts: list[Part], head: int) -> History:
    """Singular values and largest weights of one head's matrices, at evenly spaced counts."""
    counts = evenly_spaced(len(trace), SAMPLED)
    values: dict[Part, Floats] = {}
    largest: dict[Part, Floats] = {}
    for layer in range(len(trace.writes)):
        along = list(
            zip(*([w[head] for w in found] for found in weights_along(trace, layer, counts)), strict=True)
        )
        for part in (part for part in parts if part.layer == layer):
            matrices = np.stack(along[part.matrix])  # [counts, D_in, D_out]
            values[part] = singular_values(matrices)
            largest[part] = np.abs(matrices).max((1, 2))
    return History(counts, values, largest)
