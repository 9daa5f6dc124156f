"""Finding the memories in a model's state, and what "without memory" means: M₀, no momentum, all caches
kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from titans_core.blocks import MACState
from titans_core.memory import MemoryState
from titans_core.model import ModelState, TitansLM


def memories(state: ModelState) -> tuple[MemoryState, ...]:
    """Each layer's memory; () for the attention-only control."""
    found = (getattr(part, "memory", part) for part in state)
    return tuple(part for part in found if isinstance(part, MemoryState))


def without_memory(model: TitansLM, state: ModelState) -> ModelState:
    """The same state with every memory wiped; of a model that has none, as it is."""
    if not model.has_memory:
        return state
    return tuple(
        wiped(part, mixer.memory.initial)  # type: ignore[union-attr,arg-type]
        for mixer, part in zip(model.mixers, state, strict=True)
    )


def wiped(part: Any, initial: Sequence[Tensor]) -> Any:
    """A mixer's state with its memory back at M₀ and without momentum; MAC's frozen copy too."""
    memory = part if isinstance(part, MemoryState) else part.memory
    weights = tuple(w.expand_as(now) for w, now in zip(initial, memory.weights, strict=True))
    start = weights if memory.block_start else ()
    memory = memory._replace(
        weights=weights, momentum=tuple(torch.zeros_like(s) for s in memory.momentum), block_start=start
    )
    if isinstance(part, MemoryState):
        return memory
    part = part._replace(memory=memory)
    return part._replace(frozen=weights) if isinstance(part, MACState) else part
