"""What a model would have made of each token, had its memory been wiped just before it.

"Without memory" means as everywhere: M₀, no momentum, attention and convolution caches kept. So each token
stands alone: it meets what came before it as it was read, and only what it is itself, and reads, differs. All
tokens of a stretch are computed at once; one by one, each would need a stream of its own.

In every function ``bare`` [1, T, width] are the tokens without memory, and x the same as they were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kernels.bounded import weighed_keys
from titans_core.attention import SegmentCache
from titans_core.blocks import MACState, MemoryAlone, MemoryAsContext, MemoryAsGate, MemoryAsLayer
from titans_core.layers import Telemetry, convolve
from titans_core.memory import Gates, MemoryState, NeuralMemory, Told
from titans_core.model import ModelState, TitansLM
from titans_core.override import Edits

ROWS = 16  # tokens whose memories are computed together: few enough to stay in a processor's cache


def read_without(
    model: TitansLM,
    ids: Tensor,
    state: ModelState,
    hidden: Tensor,
    reports: Sequence[Telemetry],
    edits: Sequence[Edits] | None,
) -> Tensor:
    """The last layer's output [1, T, width] of each of ids [1, T], the memory wiped before that one token.
    The model has read them after ``state``, with the output ``hidden``, which it is without a memory, and its
    reports, telemetry included."""
    if not model.has_memory:
        return hidden
    bare: Tensor = model.embedding(ids)
    each: Sequence[Edits | None] = edits or [None] * len(reports)
    for mixer, feed_forward, part, report, edit in zip(
        model.mixers, model.feed_forwards, state, reports, each, strict=True
    ):
        assert report.entering is not None, "the model adds it"
        mixed = through(mixer, bare, report.entering, report.handed, part, edit)
        bare = mixed + feed_forward(mixed)
    return bare


def through(mixer: Any, bare: Tensor, x: Tensor, handed: Tensor, state: Any, edits: Edits | None) -> Tensor:
    """One block: bare -> bare."""
    match mixer:
        case MemoryAsContext():
            return as_context(mixer, bare, x, handed, state, edits)
        case MemoryAsGate():
            alone, tokens = mixer.norm(bare), mixer.norm(x)
            y = mixer.attention.alone(alone, tokens, mixer.persistent_tokens(), state.window)
            gated: Tensor = mixer.gating(y, remember(mixer.memory, alone, tokens, state.memory, edits))
            return bare + gated
        case MemoryAsLayer():
            y = bare + remember(mixer.memory, mixer.norm(bare), mixer.norm(x), state.memory, edits)
            alone, tokens = mixer.attention_norm(y), mixer.attention_norm(x + handed)
            return y + mixer.attention.alone(alone, tokens, None, state.window)
        case MemoryAlone():
            return bare + remember(mixer.memory, mixer.norm(bare), mixer.norm(x), state, edits)
    raise TypeError(f"{type(mixer).__name__} has no memory")


def as_context(
    mixer: MemoryAsContext, bare: Tensor, x: Tensor, h: Tensor, state: MACState, edits: Edits | None
) -> Tensor:
    """MAC: the h that was retrieved and the tokens of the open segment stay; each token's own h is M₀'s."""
    memory, persistent = mixer.memory, mixer.attention.held(mixer.persistent_tokens()[None])
    query, alone = mixer.norm(x), mixer.norm(bare)
    asked = instead(memory, alone, query, state.query_tail, slice(memory.inner))
    own, _ = memory.retrieve(memory.queries(asked), tuple(w[None] for w in memory.initial), edits)
    empty = mixer.attention.empty(1)
    segment, attended, lone = state.segment, [], []
    lengths = mixer.cuts(x.shape[1], state.filled)
    tokens = zip(*(t.split(lengths, 2) for t in mixer.attention.project(query)), strict=True)
    for read, part, part_h, lone_part, own_h in zip(
        tokens, *(t.split(lengths, 1) for t in (query, h, alone, own)), strict=True
    ):
        lone.append(mixer.attention.alone((lone_part, own_h), part, part_h, persistent, segment))
        attended.append(mixer.attention(read, part_h, persistent, segment)[0])
        segment = SegmentCache(empty, empty)
    y, told = bare + torch.cat(lone, 1), x + torch.cat(attended, 1)
    found = remember(memory, mixer.memory_norm(y), mixer.memory_norm(told), state.memory, edits)
    gated: Tensor = mixer.gating(torch.cat(lone, 1), found)
    return y + gated


def remember(
    memory: NeuralMemory, bare: Tensor, x: Tensor, state: MemoryState, edits: Edits | None
) -> Tensor:
    """A memory that each token finds empty, writes, and reads -> y [1, T, width]."""
    told = memory.parted(instead(memory, bare, x, state.tail))  # [1, T, …]
    if memory.config.depth > 1:
        return remember_deep(memory, bare, told, keys_met(memory, x, state, edits), edits)
    return memory.handed(bare, first_read(memory, told, edits))[0]


def first_read(memory: NeuralMemory, told: Told, edits: Edits | None) -> Tensor:
    """What a linear memory answers after its first write, equations 12 to 15 at one token without momentum:
    y [1, T, H, D] = (1 − α) q M₀ − 2θ (q·k) (k M₀ − v), and as the relatives' switches change that."""
    q, k, v, gates = told
    _, theta, alpha = memory.edited(gates, edits) if edits else gates
    known, asked = (torch.einsum("bthd,hde->bthe", part, memory.initial[0]) for part in (k, q))
    if memory.config.read == "before":
        return asked
    met, kept = (q * k).sum(-1, keepdim=True), 1 - alpha[..., None]
    if memory.config.objective == "inner":
        known = torch.zeros_like(known)
    elif memory.config.decayed:
        known = kept * known
    y = kept * asked - 2 * theta[..., None] * met * (known - v)
    return memory.read_where(edits, y, q) if edits else y


def remember_deep(memory: NeuralMemory, bare: Tensor, told: Told, met: Tensor, edits: Edits | None) -> Tensor:
    """A deep memory that each token finds empty but for the keys [T, H, D, D] that its block has met."""
    answers = []
    for q, k, v, *gates, some_met in zip(
        *(t[0, :, None].split(ROWS) for t in (*told[:3], *told.gates)), met.split(ROWS), strict=True
    ):
        fresh = memory.initial_state(len(q))
        if memory.config.block_size > 1:
            fresh = fresh._replace(block_start=fresh.weights, offset=1, block_keys=(some_met,))
        written, _ = memory.learn(Told(q, k, v, Gates(*gates)), fresh, False, edits)
        answers.append(written.y)
    return memory.handed(bare, torch.cat(answers).transpose(0, 1))[0]


def keys_met(memory: NeuralMemory, x: Tensor, state: MemoryState, edits: Edits | None) -> Tensor:
    """The keys that a deep memory's open gradient block has met before each token, [T, H, D, D]: a wiped
    memory's steps stay as small as its caches make them."""
    (_, k, _, gates), _ = memory.project(x, state.tail)
    theta = memory.edited(gates, edits).theta if edits else gates.theta
    each = weighed_keys(k[0, :, :, None], theta[0, :, :, None])  # [T, H, D, D]
    block = (state.offset + torch.arange(x.shape[1], device=x.device)) // memory.config.block_size
    among = (block[:, None] == block).to(x.dtype).tril(-1)  # of the same block, and earlier
    met = (among @ each.flatten(1)).view_as(each)
    return met + (block == 0)[:, None, None, None] * state.block_keys[0]


def instead(
    memory: NeuralMemory, bare: Tensor, x: Tensor, tail: Tensor, channels: slice = slice(None)
) -> Tensor:
    """What the convolution makes of each token of ``bare`` after x's before it, [1, T, channels]."""
    taps = memory.convolution.taps[:, channels]
    alone, seen = (memory.projected(t)[..., channels] for t in (bare, x))
    return convolve(seen, taps, tail)[0] + taps[-1] * (alone - seen)
