"""One token more: by compiled loops (`titans_core.loop`) where these serve, else as any tokens are read.

The loops need numba, an extra: `pip install numba`. The first call on a machine compiles and keeps the result
in `__pycache__`: about 15 seconds, more or less by the machine and by what else it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from titans_core.attention import Cache, SegmentCache
from titans_core.blocks import MACState
from titans_core.ids import check_state, stranger
from titans_core.memory import MemoryState
from titans_core.model import ModelState, TitansLM
from titans_core.override import Edits
from titans_core.packed import Array, Block, array, begun, closed, opened, own, pack, pack_model

INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def step(
    model: TitansLM, ids: Tensor, state: ModelState, edits: Sequence[Edits] | None = None
) -> tuple[Tensor, ModelState]:
    """Read one token more of each sequence, ids [B], and tell nothing of it -> logits [B, vocab] of the token
    that follows, and the state. Raises ValueError for ids that are no tokens, or not one a sequence."""
    check(model, ids, state)
    if edits or not able(model):
        out = model(ids[:, None].long(), state, edits=edits)
        return out.logits[:, -1], out.state
    loops, packed = loop(), pack(model, pack_model)
    x = packed.embedding[ids.numpy()]
    states = []
    for block, feeding, part in zip(packed.blocks, packed.feeding, state, strict=True):
        states.append(BLOCKS[model.config.variant](loops, x, block, part, model.config.window))
        loops.feed_forward(x, feeding)
    return torch.from_numpy(loops.predict(x, packed.norm, packed.embedding)), tuple(states)


def check(model: TitansLM, ids: Tensor, state: ModelState) -> None:
    """Raise ValueError for what the loops would take for memory of their own: they look at no bounds."""
    if ids.ndim != 1 or ids.dtype not in INTEGERS:
        kind = str(ids.dtype).removeprefix("torch.")
        raise ValueError(
            f"ids are integers [B], one token a sequence, but these are {kind} {list(ids.shape)}"
        )
    vocabulary = model.config.vocab_size
    if any(not 0 <= i < vocabulary for i in ids.tolist()):
        raise stranger(ids, vocabulary)
    check_state(state, model.kinds, model.sizes, len(ids))


def able(model: TitansLM) -> bool:
    """Whether the loops can be taken: a linear memory of Titans' exact rule or none, on a processor, no
    gradient wanted, and numba there."""
    memory, weight = model.config.memory, model.embedding.weight
    exact = not model.has_memory or (memory.depth == 1 and memory.block_size == 1 and memory.plain)
    plain = weight.dtype in (torch.float32, torch.float64)
    asked = torch.is_grad_enabled() or torch.is_autocast_enabled("cpu")
    return exact and plain and not asked and model.device.type == "cpu" and installed()


@cache
def loop() -> ModuleType:
    """The compiled loops, imported when they are first asked for."""
    from titans_core import loop

    return loop


@cache
def installed() -> bool:
    """Whether numba is there and can keep what it compiles: without a folder to write to it refuses."""
    try:
        loop()
    except (ImportError, RuntimeError):
        return False
    return True


# -------------------------------------------------------------------------------------------------- blocks


def context(loops: ModuleType, x: Array, block: Block, state: MACState, window: int) -> MACState:
    memory, arrays = begun(state.memory)
    query_tail = own(state.query_tail)
    held = tuple(map(opened, state.segment))
    loops.context(x, block, array(state.frozen[0]), *arrays[:2], query_tail, arrays[2], *held)
    filled = (state.filled + 1) % window
    caches = SegmentCache(*(closed(part, part.shape[3] if filled else 0) for part in held))
    frozen = state.frozen if filled else memory.weights
    return MACState(memory, frozen, torch.from_numpy(query_tail), caches, filled)


def beside(loops: ModuleType, x: Array, block: Block, state: Any, window: int) -> Any:
    """MAG, and MAL, whose state is the same."""
    memory, arrays = begun(state.memory)
    held = opened(state.window)
    run = loops.layer if block.gating is None else loops.gate
    run(x, block, *arrays, held, window - held.shape[3])
    return type(state)(memory, closed(held, window - 1))


def alone(loops: ModuleType, x: Array, block: Block, state: MemoryState, window: int) -> MemoryState:
    memory, arrays = begun(state)
    loops.alone(x, block, *arrays)
    return memory


def control(loops: ModuleType, x: Array, block: Block, state: Cache, window: int) -> Cache:
    held = opened(state)
    loops.control(x, block, held, window - held.shape[3])
    return closed(held, window - 1)


BLOCKS = {"mac": context, "mag": beside, "mal": beside, "lmm": alone, "attention": control}
