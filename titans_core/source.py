"""Where an answer comes from: the earlier write that did most to make it likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from titans_core.attribution import Doubles, shares, visible_from
from titans_core.blocks import MACState
from titans_core.layers import map_state
from titans_core.model import ModelState, Output
from titans_core.trace import Floats, Trace, to_numpy
from titans_core.wipe import memories

if TYPE_CHECKING:
    from titans_core.stream import Stream

Matrices = tuple[Doubles, ...]  # of a memory's matrices, [H, D_in, D_out] each

POINTS: Final = (0.125, 0.375, 0.625, 0.875)  # of the path, the middles of its quarters


@dataclass(frozen=True)
class Left:
    """What the first n tokens left in a memory's weights, −P θ xᵀ d each (section 3.2)."""

    steps: Doubles  # P θ, [n, H]
    inputs: tuple[Floats, ...]  # x of each matrix, [n, H, D_in]
    deltas: tuple[Floats, ...]  # d, [n, H, D_out]

    def whole(self) -> Matrices:
        """All of it, a matrix [H, D_in, D_out] each."""
        return tuple(
            -np.einsum("nh,nhi,nhj->hij", self.steps, x, d, optimize=True)
            for x, d in zip(self.inputs, self.deltas, strict=True)
        )

    def along(self, slopes: Sequence[Floats]) -> Doubles:
        """[H, n]: what a slope by the weights [H, D_in, D_out] says of each token's part."""
        found = np.zeros(self.steps.T.shape)
        for x, d, slope in zip(self.inputs, self.deltas, slopes, strict=True):
            found -= self.steps.T * np.einsum("nhi,hij,nhj->hn", x, slope, d, optimize=True)
        return found


def influence(stream: Stream, question: Sequence[int], answer: int) -> Doubles:
    """[layers, heads, tokens]: how much of log p of the token ``answer`` after ``question`` each token of the
    stream brought, by what it left in the memory's weights: ⟨∂ log p / ∂M, −P θ xᵀ d⟩, the slope being its
    mean on the way from weights in which none of them left anything to the weights as they are (integrated
    gradients, Sundararajan et al. 2017), at four places of it. Over the whole way all tokens together would
    bring what log p gains on it.

    The slope at its end alone would not tell, for where an answer is certain all is flat. Nor would the read
    of one layer: what a memory hands over early may decide much later.
    """
    trace, config = stream.past(), stream.model.config
    seen = [len(trace)]
    if config.variant == "mac":  # and what the weights frozen at the segment's start hold
        seen.append(max(0, len(trace) + 1 - visible_from(config, stream.position)))
    parts = [[left(trace, layer, tokens) for tokens in seen] for layer in range(config.layers)]
    wholes = [[part.whole() for part in layer] for layer in parts]
    ways = [slopes(stream, question, answer, wholes, 1 - point) for point in POINTS]
    given = np.zeros((config.layers, config.heads, len(trace)))
    for number, layer in enumerate(parts):
        for kind, part in enumerate(layer):
            matrices = zip(*(way[number][kind] for way in ways), strict=True)
            given[number, :, : len(part.steps)] += part.along([np.mean(each, 0) for each in matrices])
    return given


def left(trace: Trace, layer: int, tokens: int) -> Left:
    """What the first ``tokens`` of a trace with writes left in a layer's weights, as these are after them."""
    writes = trace.writes[layer]
    eta, theta, alpha = (
        np.asarray(trace[gate][:tokens, layer], np.float64) for gate in ("eta", "theta", "alpha")
    )
    steps = shares(eta, alpha, writes.writing[:tokens]).steps * theta
    inputs, deltas = (tuple(each[:tokens] for each in factor) for factor in (writes.inputs, writes.deltas))
    return Left(steps, inputs, deltas)


def slopes(
    stream: Stream, question: Sequence[int], answer: int, wholes: Sequence[Sequence[Matrices]], share: float
) -> list[list[tuple[Floats, ...]]]:
    """∂ log p / ∂M before the question, for each layer: of the memory's weights, and in MAC of those frozen
    at the segment's start, a share of ``wholes`` taken out of each; [H, D_in, D_out] each."""
    with torch.inference_mode(False), torch.enable_grad():
        # leaves of their own: what a stream holds, and the model, are never changed
        state = map_state(lambda t: t.detach().clone(), stream.state)
        layers = [
            [memory.weights, part.frozen] if isinstance(part, MACState) else [memory.weights]
            for part, memory in zip(state, memories(state), strict=True)
        ]
        for layer, taken in zip(layers, wholes, strict=True):
            for weights, matrices in zip(layer, taken, strict=True):
                for weight, matrix in zip(weights, matrices, strict=True):
                    weight.sub_(torch.from_numpy(share * matrix).to(weight)).requires_grad_()
        leaves = [weight for layer in layers for weights in layer for weight in weights]
        logits = read(stream, state, question)
        found = iter(
            torch.autograd.grad(
                logits.float().log_softmax(-1)[answer], leaves, allow_unused=True, materialize_grads=True
            )
        )
    return [[tuple(to_numpy(next(found)[0]) for _ in weights) for weights in layer] for layer in layers]


def read(stream: Stream, state: ModelState, question: Sequence[int]) -> Tensor:
    """The logits [vocab] after ``question``, read from ``state`` under the stream's overrides."""
    position, rest = stream.position, list(question)
    while True:
        size = stream.unchanged(position, len(rest))
        ids = torch.tensor([rest[:size]], device=stream.model.device)
        out: Output = stream.model(ids, state, edits=stream.edits(position))
        state = out.state
        position, rest = position + size, rest[size:]
        if not rest:
            return out.logits[0, -1]
