"""Linear memory in chunks: few, large products in place of one small step a token (section 3.2).

The memory is one matrix M, and the write of token i is u_i = 2 theta_i k_iᵀ r_i with the residual
r_i = v_i - k_i M, M taken at the start of the token's gradient block. Blocks as long as the chunk give the
paper's parallel form. For shorter ones the residuals of a chunk solve one unit lower triangular system, which
makes the exact online rule (block size 1) as parallel as that.

Where forgetting leads to `initial`, M stands for the memory's distance from it: the rule is linear, so
shifting memory and values by `initial` leaves a memory that decays to zero.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from kernels.coefficients import coefficients
from kernels.layout import chunked, per_chunk, sequence, twice
from kernels.norms import squared_norms
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights
from kernels.pieces import cut


class _Chunk(NamedTuple):
    """What a chunk of C tokens brings along whatever the state it meets, for N = B * H memories.

    Memory and momentum stand above each other, Z = [M; S] of 2 Dk rows; so `asked` and `stored` hold each row
    twice, scaled by what belongs to M and to S.
    """

    values: Tensor  # [N, C, Dv]
    asked: Tensor  # [N, 2C, 2Dk]: keys, then queries, as they meet the chunk's first Z
    mixed: Tensor  # [N, 2C, C]: how much of each write a key, then a query, meets
    ends: Tensor  # [N, 2, 2]: what M and S of the chunk's start count in those of its end
    stored: Tensor  # [N, C, 2Dk]: keys as their writes enter the last Z


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
    origin = None if initial is None else initial[0]
    memory, opened, targets = weights[0], block_start[0] if block_start else weights[0], v
    if origin is not None:
        memory, opened, targets = memory - origin, opened - origin, v - _answers(k, origin)
    opened = opened.flatten(0, 1)  # [B H, Dk, Dv], the memory at the start of the open block
    state = torch.cat((memory, momentum[0]), 2).flatten(0, 1)  # [B H, 2Dk, Dv]
    gates = torch.stack((eta, alpha, 2 * theta), -1)  # [B, T, H, 3]

    reads: list[Tensor] = []
    residuals: list[Tensor] = []
    traces: list[Tensor] = []
    for piece in cut(length, offset, block_size, chunk_size):
        span = slice(piece.start, piece.start + piece.size * piece.chunks)
        queries, keys, values = (chunked(x[:, span], piece.chunks) for x in (q, k, targets))
        in_memory, in_momentum = coefficients(*chunked(gates[:, span], piece.chunks).unbind(-1))
        chunks = _prepare(queries, keys, values, in_memory, in_momentum, block_size, read)
        known = keys @ opened if piece.continues else None
        starts: list[Tensor] = []
        for chunk in _in_order(chunks, batch * heads):
            starts.append(state)
            y, residual, state = _step(chunk, state, known, piece.size > block_size)
            reads.append(y)
            residuals.append(residual)
        if not piece.continues:
            opened = starts[-1][:, :width]
        if telemetry:
            written = torch.stack(residuals[-piece.chunks :], 1).flatten(0, 1)  # [N, C, Dv]
            met = torch.stack(starts, 1).view(-1, 2, width, v.shape[3])  # [N, 2, Dk, Dv]
            shift = None if origin is None else per_chunk(origin, piece.chunks)
            norms = _telemetry(keys, written, met, shift, in_memory[:, 1:], in_momentum)
            traces.append(sequence(norms, batch, heads))

    y = sequence(torch.cat(reads, 1), batch, heads)
    memory, speed = state.view(batch, heads, 2, width, -1).unbind(2)
    opened = opened.reshape(memory.shape)
    if origin is not None:
        y, memory, opened = y + _answers(q, origin), memory + origin, opened + origin
    offset = (offset + length) % block_size
    return MemoryOutput(
        y=y,
        weights=(memory,),
        momentum=(speed,),
        block_start=(opened,) if offset else None,
        offset=offset,
        telemetry=dict(zip(TELEMETRY, torch.cat(traces, 1).unbind(-1), strict=True)) if telemetry else {},
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
    both = torch.cat((keys, queries), 1)  # [N, 2C, Dk]
    at_key = _at_block_starts(in_memory, block_size)
    at_query = in_memory[:, 1:] if read == "after" else in_memory[:, :-1]
    rows = torch.cat((at_key, at_query), 1)  # [N, 2C, C + 2]
    ends = torch.stack((in_memory[:, -1], in_momentum[:, -1]), 1)  # [N, 2, C + 2]
    return _Chunk(
        values=values,
        asked=twice(both, rows[..., :2]),
        mixed=rows[..., 2:] * (both @ keys.mT),
        ends=ends[..., :2],
        stored=twice(keys, ends[..., 2:].mT),
    )


def _in_order(chunks: _Chunk, memories: int) -> Iterator[_Chunk]:
    """The chunks of all memories side by side, one after the other."""
    return map(
        _Chunk._make, zip(*(x.view(memories, -1, *x.shape[1:]).unbind(1) for x in chunks), strict=True)
    )


def _step(
    chunk: _Chunk, state: Tensor, known: Tensor | None, several_blocks: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Reads [N, C, Dv], residuals [N, C, Dv] and next state [N, 2Dk, Dv] of one chunk.

    known [N, C, Dv]: what an earlier block start answers to the keys, where the chunk goes on in its block.
    """
    size = chunk.values.shape[1]
    at_keys, at_queries = torch.split(chunk.asked @ state, size, 1)
    from_writes, to_queries = torch.split(chunk.mixed, size, 1)
    residual = chunk.values - (at_keys if known is None else known)
    if several_blocks:
        residual = _solve(from_writes, residual)
    y = torch.baddbmm(at_queries, to_queries, residual)
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
    keys: Tensor, residual: Tensor, state: Tensor, origin: Tensor | None, memory: Tensor, momentum: Tensor
) -> Tensor:
    """Loss, and the norms of gradient, momentum and memory, at every token: [N, C, 4]."""
    writes, speeds, memories = squared_norms(keys, residual, state, origin, memory, momentum)
    sizes = torch.stack((4 * writes, speeds, memories), -1).sqrt().to(residual.dtype)
    return torch.cat((residual.square().sum(-1, keepdim=True), sizes), -1)


def _answers(x: Tensor, weight: Tensor) -> Tensor:
    """[B, T, H, Din] through [B, H, Din, Dout]."""
    return (x.transpose(1, 2) @ weight).transpose(1, 2)
