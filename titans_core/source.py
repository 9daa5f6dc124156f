"""Where an answer comes from: the earlier write that did most to make it likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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


def influence(stream: Stream, question: Sequence[int], answer: int) -> Doubles:
    """[layers, heads, tokens]: how much each token of the stream raises log p of the token ``answer`` after
    ``question``, by what it left in the memory's weights, to first order: ⟨∂ log p / ∂M, −P θ x d⟩.

    A read of one layer alone would not tell: what a memory hands over early may decide much later.
    """
    trace = stream.past()
    late = visible_from(stream.model.config, stream.position) - 1  # tokens that frozen weights do not hold
    held = (len(trace), len(trace) - late)
    return np.stack(
        [
            np.sum([left(trace, number, g, seen) for g, seen in zip(layer, held, strict=False)], 0)
            for number, layer in enumerate(gradients(stream, question, answer))
        ]
    )


def gradients(stream: Stream, question: Sequence[int], answer: int) -> list[list[tuple[Floats, ...]]]:
    """∂ log p / ∂M before the question, for each layer: of the memory's weights, and in MAC of those frozen
    at the segment's start; [H, D_in, D_out] each."""
    with torch.inference_mode(False), torch.enable_grad():
        # leaves of their own: what a stream holds, and the model, are never changed
        state = map_state(lambda t: t.detach().clone(), stream.state)
        layers = [
            [memory.weights, part.frozen] if isinstance(part, MACState) else [memory.weights]
            for part, memory in zip(state, memories(state), strict=True)
        ]
        leaves = [weight.requires_grad_() for layer in layers for weights in layer for weight in weights]
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


def left(trace: Trace, layer: int, gradient: tuple[Floats, ...], seen: int) -> Doubles:
    """[heads, tokens]: what a gradient by the weights says of what the first ``seen`` tokens left in them."""
    writes = trace.writes[layer]
    found = np.zeros((writes.writing.shape[1], len(trace)))
    if seen <= 0:
        return found
    eta, theta, alpha = (
        np.asarray(trace[gate][:seen, layer], np.float64) for gate in ("eta", "theta", "alpha")
    )
    steps = shares(eta, alpha, writes.writing[:seen]).steps * theta  # [n, H]
    for inputs, deltas, matrix in zip(writes.inputs, writes.deltas, gradient, strict=True):
        along = np.einsum("nhi,hij,nhj->nh", inputs[:seen], matrix, deltas[:seen], optimize=True)
        found[:, :seen] -= (steps * along).T
    return found
