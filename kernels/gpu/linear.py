"""Linear memory on the kernels: a call's tokens cut into launches, each of equal chunks (section 3.2).

As in `kernels.linear`, M stands for the memory's distance from `initial` where forgetting leads there.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from kernels.gpu.limits import longest_chunk, tile
from kernels.gpu.linear_stream import linear_recurrent
from kernels.gpu.operators import linear_memory
from kernels.gpu.widen import cut_out, narrowed, padded, widened
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights
from kernels.pieces import cut

FEW = 16  # the most tokens that are taken one by one, in one launch, where no outer gradient is asked for


class _Launch(NamedTuple):
    """`chunks` chunks of `size` tokens each. opens: a gradient block begins at its start."""

    start: int
    size: int
    chunks: int
    rule: str
    opens: bool


class _Run(NamedTuple):
    """What came of some tokens. y [B, T, H, V]; memory, momentum, reference [B, H, K, V], the last being the
    memory at the start of the block that is open; told: errors [B, T, H, V], -2 times the residuals, and
    sizes [B, T, H, 4], None without telemetry."""

    y: Tensor
    memory: Tensor
    momentum: Tensor
    reference: Tensor
    told: tuple[Tensor, Tensor] | None


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
    block_size: int,
    read: Read,
    telemetry: bool,
) -> MemoryOutput:
    """The memory of one matrix, any gradient block. Shapes as in `kernels.memory`; q, k, v may be half as
    wide as the gates and the state, which are float32."""
    origin = initial[0] if initial else None
    memory, reference = weights[0], (block_start or weights)[0]
    values = v
    if origin is not None:
        memory, reference, values = memory - origin, reference - origin, _residuals(v, k, origin)
    wide, high = map(tile, weights[0].shape[2:])
    gates = (gate.contiguous() for gate in (eta, theta, alpha))
    tokens = (widened(q, wide), widened(k, wide), widened(values, high), *gates)
    state = tuple(padded(x, wide, high) for x in (memory, momentum[0], reference))
    shift = None if origin is None else padded(origin, wide, high)
    few = q.shape[1] <= FEW and not _differentiated(*tokens, *state)
    run = (_one_by_one if few else _in_chunks)(
        tokens, state, shift, offset, block_size, read == "before", telemetry
    )
    return _output(run, q, k, v, theta, origin, (offset + q.shape[1]) % block_size)


def _output(
    run: _Run, q: Tensor, k: Tensor, v: Tensor, theta: Tensor, origin: Tensor | None, offset: int
) -> MemoryOutput:
    rows, columns = k.shape[3], v.shape[3]
    y = narrowed(run.y, columns)
    memory, momentum, reference = (
        cut_out(x, rows, columns) for x in (run.memory, run.momentum, run.reference)
    )
    if origin is not None:
        y, memory, reference = _answers(y, q, origin), memory + origin, reference + origin
    out = MemoryOutput(
        y=y,
        weights=(memory,),
        momentum=(momentum,),
        block_start=(reference,) if offset else None,
        offset=offset,
        block_keys=None,
        telemetry={},
        factors=(),
    )
    if run.told is None:
        return out
    errors, sizes = (x.detach() for x in run.told)
    told = dict(zip(TELEMETRY, (*sizes.unbind(-1), theta.detach()), strict=True))
    return out._replace(telemetry=told, factors=((k.detach(), narrowed(errors, columns)),))


def _one_by_one(
    tokens: tuple[Tensor, ...],
    state: tuple[Tensor, ...],
    shift: Tensor | None,
    offset: int,
    block: int,
    before: bool,
    sized: bool,
) -> _Run:
    """All tokens in one launch."""
    y, errors, last, sizes = linear_recurrent(*tokens, *state, shift, offset, block, before, sized)
    memory, momentum, reference = last.unbind(0)
    return _Run(y, memory, momentum, reference, (errors, sizes) if sized else None)


def _in_chunks(
    tokens: tuple[Tensor, ...],
    state: tuple[Tensor, ...],
    shift: Tensor | None,
    offset: int,
    block: int,
    before: bool,
    sized: bool,
) -> _Run:
    """Launch after launch, each of chunks side by side."""
    memory, momentum, reference = state
    kept = _differentiated(*tokens, *state)
    reads, errors, sizes = [], [], []
    longest = longest_chunk(tokens[0].dtype)
    for launch in _launches(tokens[0].shape[1], offset, block, longest):
        q, k, v, *gates = (_part(x, launch) for x in tokens)
        if launch.opens:
            reference = memory
        if launch.rule == "given":
            v = _residuals(v, k, reference)
        y, error, last, _, size = linear_memory(
            q,
            k,
            v,
            *gates,
            memory,
            momentum,
            shift,
            launch.size,
            min(block, longest),
            launch.rule,
            before,
            kept,
            sized,
        )
        memory, momentum = (x.contiguous() for x in last.unbind(0))
        reads.append(y)
        errors.append(error)
        sizes.append(size)
    told = (_joined(errors), _joined(sizes)) if sized else None
    return _Run(_joined(reads), memory, momentum, reference, told)


def _part(x: Tensor, launch: _Launch) -> Tensor:
    """A launch's tokens of x [B, T, ...], contiguous. All of them are x itself: a gradient through a slice
    costs as much as the kernels."""
    length = launch.size * launch.chunks
    return x if length == x.shape[1] else x[:, launch.start : launch.start + length].contiguous()


def _joined(parts: list[Tensor]) -> Tensor:
    """Tokens [B, T, ...] one after the other; one part alone is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def _launches(length: int, offset: int, block: int, longest: int) -> Iterator[_Launch]:
    """How a call's tokens fall into launches. The residuals of a block that is open, or longer than a chunk
    may be, are known before its writes are: it needs no rule of its own, and is cut as it comes."""
    for piece in cut(length, offset, block, block * max(1, longest // block)):
        if not piece.continues and block <= longest:
            rule = "solved" if piece.size > block else "parallel"
            yield _Launch(piece.start, piece.size, piece.chunks, rule, opens=True)
            continue
        whole, rest = divmod(piece.size, longest)
        for number in range(piece.chunks):
            start, opens = piece.start + number * piece.size, not piece.continues
            if whole:
                yield _Launch(start, longest, whole, "given", opens)
            if rest:
                yield _Launch(start + whole * longest, rest, 1, "given", opens and not whole)


def _differentiated(*tensors: Tensor) -> bool:
    return torch.is_grad_enabled() and any(x.requires_grad for x in tensors)


def _residuals(values: Tensor, keys: Tensor, memory: Tensor) -> Tensor:
    """values - keys M, computed in M's dtype and given in that of the values, [B, T, H, V]."""
    return (values - _through(keys, memory)).to(values.dtype)


def _answers(y: Tensor, queries: Tensor, memory: Tensor) -> Tensor:
    """y + queries M, likewise."""
    return (y + _through(queries, memory)).to(y.dtype)


def _through(x: Tensor, memory: Tensor) -> Tensor:
    """[B, T, H, K] through [B, H, K, V], in the dtype of the memory."""
    return (x.transpose(1, 2).to(memory.dtype) @ memory).transpose(1, 2)
