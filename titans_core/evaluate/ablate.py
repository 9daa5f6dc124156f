"""Models with a part of their memory taken away, for what that part does: the originals are not changed."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch

from titans_core.memory import NeuralMemory
from titans_core.model import TitansLM

NEVER = -1e4  # a gate's bias at which its sigmoid is exactly zero


def without_gate(number: int) -> Callable[[TitansLM], TitansLM]:
    """A gate that stays at zero: 0 momentum η, 1 step θ (nothing is written), 2 forgetting α."""

    def close(memory: NeuralMemory) -> None:
        rows = slice(number * memory.heads, (number + 1) * memory.heads)
        memory.gate_projection.weight[rows] = 0
        memory.gate_bias[rows] = NEVER

    return lambda model: changed(model, close)


def without_reading(model: TitansLM) -> TitansLM:
    """The memory is written as ever, and what it answers is zero."""
    return changed(model, lambda memory: memory.out.weight.zero_())


@torch.no_grad()
def changed(model: TitansLM, change: Callable[[NeuralMemory], object]) -> TitansLM:
    """A copy with ``change`` done to every layer's memory."""
    other = copy.deepcopy(model)
    for part in other.modules():
        if isinstance(part, NeuralMemory):
            change(part)
    return other


ABLATIONS: dict[str, Callable[[TitansLM], TitansLM]] = {
    "no momentum": without_gate(0),
    "no writing": without_gate(1),
    "no forgetting": without_gate(2),
    "no reading": without_reading,
}
