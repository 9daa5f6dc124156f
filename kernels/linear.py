"""Linear memory in chunks: a whole sequence in a handful of batched products (section 3.2).

The memory is one matrix M, and the write of token i is u_i = 2 theta_i k_iᵀ r_i with the residual
r_i = v_i - k_i M, M taken at the start of the token's gradient block. Blocks as long as the chunk give the
paper's parallel form. For shorter ones the residuals of a chunk solve one unit lower triangular system, which
makes the exact online rule (block size 1) as parallel as that.

Where forgetting leads to `initial`, M stands for the memory's distance from it: the rule is linear, so
shifting memory and values by `initial` leaves a memory that decays to zero.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from kernels.coefficients import coefficients
from kernels.layout import chunked, per_chunk, sequence, twice
from kernels.norms import squared_norms
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights
from kernels.pieces import cut


class _Chunks(NamedTuple):
    """What N chunks of C tokens bring along, whatever the state they meet."""

    values: Tensor  # [N, C, Dv]
    asked: Tensor  # [N, 2C, 2Dk]: each key, then each query, twice: scaled by what M_0 and S_0 count there
    mixed: Tensor  # [N, 2C, C]: how much of each write a key, then a query, meets
    ends: Tensor  # [N, 2, 2]: what M_0 and S_0 still count in memory and momentum after the chunk
    stored: Tensor  # [N, C, 2Dk]: each key twice: scaled by what its write counts in memory and momentum then
    one_block: bool  # every residual is taken at one and the same memory


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
    batch, length, heads, _ = q.shape
    origin = None if initial is None else initial[0]
    memory, opened, targets = weights[0], block_start[0] if block_start else weights[0], v
    if origin is not None:
        memory, opened, targets = memory - origin, opened - origin, v - _answers(k, origin)
    state = torch.stack((memory, momentum[0]), 2).flatten(0, 1)  # [B H, 2, Dk, Dv]
    opened = opened.flatten(0, 1)  # [B H, Dk, Dv], the memory at the start of the open block
    gates = torch.stack((eta, alpha, 2 * theta), -1)  # [B, T, H, 3]

    reads, residuals, traces = [], [], []
    for piece in cut(length, offset, block_size, chunk_size):
        span, n = slice(piece.start, piece.start + piece.size * piece.chunks), piece.chunks
        queries, keys, values, scalars = (chunked(x[:, span], n) for x in (q, k, targets, gates))
        in_memory, in_momentum = coefficients(*scalars.unbind(-1))
        chunks = _prepare(queries, keys, values, in_memory, in_momentum, block_size, read)
        if not piece.continues:
            opened = state[:, 0]
        if n == 1:
            sources = state
            y, residual, state = _one_chunk(chunks, state, keys @ opened)
        else:
            y, residual, sources, state = _scan(chunks, state)
        reads.append(sequence(y, batch, heads))
        residuals.append(sequence(residual, batch, heads))
        if telemetry:
            shift = None if origin is None else per_chunk(origin, n)
            norms = _telemetry(keys, residual, sources, shift, in_memory[:, 1:], in_momentum)
            traces.append(sequence(norms, batch, heads))

    y = torch.cat(reads, 1)
    memory, speed = state.view(batch, heads, *state.shape[1:]).unbind(2)
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
        factors=((k.detach(), -2 * torch.cat(residuals, 1).detach()),) if telemetry else (),
    )


def _prepare(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    in_memory: Tensor,
    in_momentum: Tensor,
    block_size: int,
    read: Read,
) -> _Chunks:
    size = keys.shape[1]
    both = torch.cat((keys, queries), 1)  # [N, 2C, Dk]
    at_key = _at_block_starts(in_memory, block_size)
    at_query = in_memory[:, 1:] if read == "after" else in_memory[:, :-1]
    rows = torch.cat((at_key, at_query), 1)  # [N, 2C, C + 2]
    ends = torch.stack((in_memory[:, -1], in_momentum[:, -1]), 1)  # [N, 2, C + 2]
    return _Chunks(
        values=values,
        asked=twice(both, rows[..., :2]),
        mixed=rows[..., 2:] * (both @ keys.mT),
        ends=ends[..., :2],
        stored=twice(keys, ends[..., 2:].mT),
        one_block=block_size >= size,
    )


def _one_chunk(chunks: _Chunks, state: Tensor, recalled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Reads, residuals and next state of a single chunk.

    recalled [N, C, Dv]: what the memory at the start of the open block answers to the keys.
    """
    size, (n, _, *shape) = chunks.values.shape[1], state.shape
    carried = chunks.asked @ state.flatten(1, 2)  # [N, 2C, Dv]
    if chunks.one_block:
        residual = chunks.values - recalled
    else:
        residual = _solve(chunks.mixed[:, :size], chunks.values - carried[:, :size])
    y = torch.baddbmm(carried[:, size:], chunks.mixed[:, size:], residual)
    kept = (chunks.ends @ state.flatten(2)).view(n, -1, shape[-1])  # [N, 2Dk, Dv]
    return y, residual, torch.baddbmm(kept, chunks.stored.mT, residual).view(n, 2, *shape)


def _scan(chunks: _Chunks, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Reads, residuals, the state each chunk starts from, and the last state, for several chunks of a head.

    With Z = [M; S] the residuals are U - Y Z, and so Z' = (G - Kᵀ Y) Z + Kᵀ U. Y, U and both products are
    known for all chunks at once; one small product a chunk is all that is sequential.
    """
    size, (heads, _, *shape) = chunks.values.shape[1], state.shape
    asked, mixed = chunks.asked, chunks.mixed
    sources = torch.cat((asked[:, :size], chunks.values), -1)  # [N, C, 2Dk + Dv]
    if not chunks.one_block:
        sources = _solve(mixed[:, :size], sources)
    width = asked.shape[-1]
    y, u = torch.split(sources, [width, shape[1]], -1)
    stored = chunks.stored.mT @ sources  # [N, 2Dk, 2Dk + Dv]
    turned, pushed = torch.split(stored, [width, shape[1]], -1)
    kept = torch.diag_embed(chunks.ends[..., None].expand(-1, 2, 2, shape[0]))  # [N, 2, 2, Dk, Dk]
    turns = kept.transpose(2, 3).reshape(turned.shape).sub(turned).view(heads, -1, width, width).unbind(1)
    pushes = pushed.reshape(heads, -1, width, shape[1]).unbind(1)

    z = state.flatten(1, 2)  # [B H, 2Dk, Dv]
    starts = []
    for turn, push in zip(turns, pushes, strict=True):
        starts.append(z)
        z = torch.baddbmm(push, turn, z)
    met = torch.stack(starts, 1).flatten(0, 1)  # [N, 2Dk, Dv]
    residual = torch.baddbmm(u, y, met, alpha=-1)
    reads = torch.baddbmm(asked[:, size:] @ met, mixed[:, size:], residual)
    return reads, residual, met.view(-1, 2, *shape), z.view(heads, 2, *shape)


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
