"""Linear memory in chunks: few, large products in place of one small step a token (section 3.2).

The memory is one matrix M, and the write of token i is u_i = 2 theta_i k_iᵀ r_i with the residual
r_i = v_i - k_i M, M taken at the start of the token's gradient block. Blocks as long as the chunk give the
paper's parallel form. For shorter ones the residuals of a chunk solve one unit lower triangular system, which
makes the exact online rule (block size 1) as parallel as that.

Where forgetting leads to `initial`, M stands for the memory's distance from it: the rule is linear, so
shifting memory and values by `initial` leaves a memory that decays to zero.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import torch
from torch import Tensor

from kernels.coefficients import coefficients
from kernels.layout import chunked, per_chunk, sequence, twice
from kernels.norms import squared_norms
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights
from kernels.pieces import cut
from kernels.stepwise import stepwise


class _Chunk(NamedTuple):
    """What a chunk of C tokens brings along whatever the state it meets, for N = B * H memories.

    Memory and momentum stand above each other, Z = [M; S] of 2 Dk rows, and what meets Z holds each of its
    rows twice, scaled for M and for S.
    """

    values: Tensor  # [N, C, Dv]
    key_at_start: Tensor  # [N, C, 2Dk]: keys as they meet the Z of the chunk's start
    key_at_writes: Tensor  # [N, C, C]: how much of each token's write a key meets
    query_at_start: Tensor  # [N, C, 2Dk]
    query_at_writes: Tensor  # [N, C, C]
    ends: Tensor  # [N, 2, 2]: what M and S of the chunk's start count in those of its end
    stored: Tensor  # [N, C, 2Dk]: keys as their writes enter the Z of the chunk's end


def linear(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    weights: Weights,
    momentum: Weights,
    initial: Weights | None,
    block_start: Weights | None,
    offset: int,
    chunk_size: int,
    block_size: int,
    read: Read,
    telemetry: bool,
) -> MemoryOutput:
    """The memory of one matrix, any gradient block. Shapes as in `kernels.memory`."""
    batch, length, heads, width = q.shape
    if length == 1:  # nothing to compute together
        before = (weights, momentum, initial, block_start, offset, None)
        return stepwise(q, k, v, eta, theta, alpha, *before, block_size, read, "silu", telemetry)
    origin = initial[0] if initial else None
    memory, targets = weights[0], v
    if origin is not None:
        memory, targets = memory - origin, v - _answers(k, origin)
    state = torch.cat((memory, momentum[0]), 2).flatten(0, 1)  # [B H, 2Dk, Dv]
    gates = torch.stack((eta, alpha, 2 * theta), -1)  # [B, T, H, 3]

    def unshifted(states: Tensor) -> Tensor:
        memories = states[:, :width].reshape(memory.shape)
        return memories if origin is None else memories + origin

    reads: list[Tensor] = []
    residuals: list[Tensor] = []
    traces: list[Tensor] = []
    opened: Tensor | None = None
    for piece in cut(length, offset, block_size, chunk_size):
        span = slice(piece.start, piece.start + piece.size * piece.chunks)
        queries, keys, values = (chunked(x[:, span], piece.chunks) for x in (q, k, targets))
        in_memory, in_momentum = coefficients(*chunked(gates[:, span], piece.chunks).unbind(-1))
        chunks = _prepare(queries, keys, values, in_memory, in_momentum, block_size, read)
        given: Iterable[Tensor | None] = repeat(None, piece.chunks)
        if piece.continues and block_start:
            given = _unbound(
                chunked(v[:, span] - _answers(k[:, span], block_start[0]), piece.chunks), batch * heads
            )
        starts: list[Tensor] = []
        for chunk, residual in zip(_in_order(chunks, batch * heads), given, strict=True):
            starts.append(state)
            y, residual, state = _step(chunk, state, residual, piece.size > block_size)
            reads.append(y)
            residuals.append(residual)
        if not piece.continues:
            opened = starts[-1]
        if telemetry:
            shift = None if origin is None else per_chunk(origin, piece.chunks)
            norms = _telemetry(keys, residuals[-piece.chunks :], starts, shift, in_memory[:, 1:], in_momentum)
            traces.append(sequence(norms, batch, heads))

    offset = (offset + length) % block_size
    if opened is not None and offset:
        block_start = (unshifted(opened),)
    y = sequence(torch.cat(reads, 1), batch, heads)
    return MemoryOutput(
        y=y if origin is None else y + _answers(q, origin),
        weights=(unshifted(state),),
        momentum=(state[:, width:].reshape(memory.shape),),
        block_start=block_start if offset else None,
        offset=offset,
        block_keys=None,
        telemetry=dict(zip(TELEMETRY, (*torch.cat(traces, 1).unbind(-1), theta.detach()), strict=True))
        if telemetry
        else {},
        factors=((k.detach(), -2 * sequence(torch.cat(residuals, 1).detach(), batch, heads)),)
        if telemetry
        else (),
    )


def _prepare(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    in_memory: Tensor,
    in_momentum: Tensor,
    block_size: int,
    read: Read,
) -> _Chunk:
    """All that needs no state, for every chunk of a piece at once. Arguments as `coefficients` gives them."""
    size = keys.shape[1]
    at_key = _at_block_starts(in_memory, block_size)
    at_query = in_memory[:, 1:] if read == "after" else in_memory[:, :-1]
    at_end = torch.stack((in_memory[:, -1], in_momentum[:, -1]), 1)  # [N, 2, C + 2]
    key_start, key_writes = torch.split(at_key, [2, size], -1)
    query_start, query_writes = torch.split(at_query, [2, size], -1)
    ends, writes = torch.split(at_end, [2, size], -1)
    return _Chunk(
        values=values,
        key_at_start=twice(keys, key_start),
        key_at_writes=key_writes * (keys @ keys.mT),
        query_at_start=twice(queries, query_start),
        query_at_writes=query_writes * (queries @ keys.mT),
        ends=ends,
        stored=twice(keys, writes.mT),
    )


def _in_order(chunks: _Chunk, memories: int) -> Iterator[_Chunk]:
    """The chunks of all memories side by side, one after the other."""
    return map(_Chunk._make, zip(*(_unbound(x, memories) for x in chunks), strict=True))


def _unbound(x: Tensor, memories: int) -> tuple[Tensor, ...]:
    """[N * chunks, ...] -> each chunk's [N, ...]."""
    return x.view(memories, -1, *x.shape[1:]).unbind(1)


def _step(
    chunk: _Chunk, state: Tensor, given: Tensor | None, several_blocks: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Reads [N, C, Dv], residuals [N, C, Dv] and next state [N, 2Dk, Dv] of one chunk.

    given: the residuals, where the chunk goes on in a block that an earlier memory opened.
    """
    residual = given
    if residual is None:
        residual = torch.baddbmm(chunk.values, chunk.key_at_start, state, alpha=-1)
        if several_blocks:
            residual = _solve(chunk.key_at_writes, residual)
    y = torch.baddbmm(chunk.query_at_start @ state, chunk.query_at_writes, residual)
    kept = (chunk.ends @ state.view(len(state), 2, -1)).view(state.shape)
    return y, residual, torch.baddbmm(kept, chunk.stored.mT, residual)


def _solve(mixed: Tensor, right: Tensor) -> Tensor:
    """(I + mixed)⁻¹ right for strictly lower `mixed`; its diagonal is not read.

    Solved transposed, from the right: on row-major tensors that is two to four times as fast.
    """
    solution: Tensor = torch.linalg.solve_triangular(
        mixed.mT, right.mT, upper=True, left=False, unitriangular=True
    )
    return solution.mT


def _at_block_starts(in_memory: Tensor, block_size: int) -> Tensor:
    """Coefficients [N, C, C + 2] of the memory that each token's gradient is taken at."""
    if block_size == 1:
        return in_memory[:, :-1]
    return in_memory[:, _block_starts(in_memory.shape[1] - 1, block_size, in_memory.device)]


@lru_cache(maxsize=256)
def _block_starts(size: int, block_size: int, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        token = torch.arange(size, device=device)
        return token - token % block_size


@torch.no_grad()
def _telemetry(
    keys: Tensor,
    residuals: list[Tensor],
    starts: list[Tensor],
    origin: Tensor | None,
    memory: Tensor,
    momentum: Tensor,
) -> Tensor:
    """Loss, and the norms of gradient, momentum and memory, at every token of a piece: [N, C, 4]."""
    residual = torch.stack(residuals, 1).flatten(0, 1)  # [N, C, Dv]
    state = torch.stack(starts, 1).view(len(keys), 2, keys.shape[2], -1)  # [N, 2, Dk, Dv]
    writes, speeds, memories = squared_norms(keys, residual, state, origin, memory, momentum)
    sizes = torch.stack((4 * writes, speeds, memories), -1).sqrt().to(residual.dtype)
    return torch.cat((residual.square().sum(-1, keepdim=True), sizes), -1)


def _answers(x: Tensor, weight: Tensor) -> Tensor:
    """[B, T, H, Din] through [B, H, Din, Dout]."""
    return (x.transpose(1, 2) @ weight).transpose(1, 2)
