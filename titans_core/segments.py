"""MAC's segments by a compiled loop (`titans_core.chain`), where that serves.

It needs numba, an extra: `pip install numba`. The first call on a machine compiles and keeps the result in
`__pycache__`: about 20 seconds, more or less by the machine and by what else it does.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kernels.compiled import preferred
from kernels.output import TELEMETRY
from titans_core.attention import SegmentCache
from titans_core.memory import Gates, NeuralMemory, Written
from titans_core.override import Edits
from titans_core.packed import Array, array, begun, closed, own, pack, pack_block, put

if TYPE_CHECKING:
    from titans_core.blocks import MACState, MemoryAsContext


class Chained(NamedTuple):
    """What the chain of segments tells of tokens: what became of them in the memory; what they asked, q [B,
    T, H, D]; what was retrieved, h [B, T, width] and M(q) [B, T, H, D]; what was attended, and what the
    memory was told, [B, T, width] each."""

    written: Written
    asked: Tensor
    h: Tensor
    answer: Tensor
    attended: Tensor
    told: Tensor


class Found(NamedTuple):
    """What the loop fills in: the last five of `Chained`; of the writes q, k, y, deltas [B, T, H, D], the
    gates η, θ, α [B, T, 3, H], and loss, surprise and the norms of S and M, [B, T, 4, H]."""

    asked: Array
    h: Array
    answer: Array
    attended: Array
    told: Array
    q: Array
    k: Array
    y: Array
    deltas: Array
    gates: Array
    measures: Array


class Edited(NamedTuple):
    """`titans_core.override.Edits` as arrays."""

    factor: Array
    value: Array
    write: Array
    read: Array


def able(mixer: MemoryAsContext, query: Tensor, state: MACState) -> bool:
    """Whether the loop can be taken for tokens [B, T, width]: a linear memory of Titans' exact rule, on a
    processor, no gradient wanted of anything, and numba there. The loop looks at no bounds, so a state that
    is not of these sequences and this model is left to those that do."""
    memory = mixer.memory.config
    exact = memory.depth == 1 and memory.block_size == 1 and memory.plain
    plain = query.dtype in (torch.float32, torch.float64) and not torch.is_autocast_enabled("cpu")
    parts = expected(mixer, len(query), state)
    fitting = all(part.shape == shape and part.dtype == query.dtype for part, shape in parts)
    if not (exact and plain and fitting and state.filled < mixer.segment):
        return False
    by_head = query[:, :, None].expand(-1, -1, mixer.memory.heads, -1)
    learned = mixer.parameters() if torch.is_grad_enabled() else ()
    return preferred((by_head, *(part for part, _ in parts), *learned))


def expected(mixer: MemoryAsContext, batch: int, state: MACState) -> list[tuple[Tensor, tuple[int, ...]]]:
    """The state's tensors and the sizes that the loop expects them to have."""
    memory, heads, width = state.memory, mixer.memory.heads, mixer.memory.head_width
    reach, inner = mixer.memory.convolution.reach, mixer.memory.inner
    matrices = (*state.frozen, *memory.weights, *memory.momentum)
    held = (part for cache in state.segment for part in cache)
    parts: list[tuple[Tensor, tuple[int, ...]]]
    parts = [(part, (batch, heads, width, width)) for part in matrices]
    parts += [(part, (batch, heads, state.filled, width)) for part in held]
    return [
        *parts,
        (state.query_tail, (batch, reach, inner)),
        (memory.tail, (batch, reach, 3 * (inner + heads))),
    ]


@cache
def loop() -> ModuleType:
    """The compiled loop, imported when it is first asked for."""
    from titans_core import chain

    return chain


def chained(
    mixer: MemoryAsContext, x: Tensor, query: Tensor, state: MACState, telemetry: bool, edits: Edits | None
) -> tuple[Chained, MACState]:
    """What ``MemoryAsContext.chained`` does."""
    memory, attention = mixer.memory, mixer.attention
    queries = F.linear(query, memory.qkv.weight[: memory.inner])
    after, (weights, momentum, tail) = begun(state.memory)
    frozen, query_tail = own(state.frozen[0]), own(state.query_tail)
    held = np.empty((len(x), 2, 2, memory.heads, mixer.segment, memory.head_width), frozen.dtype)
    for source, part in enumerate(state.segment):
        put(part, held[:, source])
    found = room(x.shape, memory, frozen.dtype)
    loop().run(
        *map(array, (x, queries, attention.qkv(query))),
        pack(mixer, pack_block),
        array(memory.initial[0]),
        Edited(*map(array, edits)) if edits else untouched(memory.heads, frozen.dtype),
        mixer.segment,
        state.filled,
        frozen,
        weights,
        momentum,
        query_tail,
        tail,
        held,
        found,
    )
    filled = (state.filled + x.shape[1]) % mixer.segment
    segment = SegmentCache(*(closed(held[:, source, :, :, :filled], filled) for source in range(2)))
    kept = (torch.from_numpy(frozen),) if filled else after.weights
    now = state._replace(
        memory=after, frozen=kept, query_tail=torch.from_numpy(query_tail), segment=segment, filled=filled
    )
    *read, q, k, y, deltas, gates, measures = map(torch.from_numpy, found)
    eta, theta, alpha = gates.unbind(2)
    written = Written(q, Gates(eta, theta, alpha), y, {}, ())
    if telemetry:
        measured = dict(zip(TELEMETRY, (*measures.unbind(2), theta), strict=True))
        written = written._replace(telemetry=measured, factors=((k, deltas),))
    return Chained(written, *read), now


def untouched(heads: int, kind: np.dtype[Any]) -> Edited:
    """No intervention."""
    everywhere = np.ones(heads, bool)
    return Edited(np.ones((3, heads), kind), np.zeros((3, heads), kind), everywhere, everywhere)


def room(whole: tuple[int, ...], memory: NeuralMemory, kind: np.dtype[Any]) -> Found:
    """For all that is told of tokens of the shape [B, T, width]."""
    by_head = *whole[:2], memory.heads, memory.head_width
    shapes = [by_head, whole, by_head, whole, whole, *4 * [by_head]]
    shapes += [(*whole[:2], count, memory.heads) for count in (3, 4)]
    return Found(*(np.empty(shape, kind) for shape in shapes))
