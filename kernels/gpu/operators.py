"""The kernels as operators of PyTorch: one name for `torch.compile` and export, outer gradients included.

Here is decided how a chunk becomes tiles and programs; what is computed stands in the kernels.
"""

from typing import Any

import torch
from torch import Tensor

from kernels.backends import HALF
from kernels.gpu import backward, output, prepare, state, telemetry
from kernels.gpu.launch import beside, on_device_of, precision, shape_of, stages_of
from kernels.gpu.limits import tile
from kernels.gpu.overlap import Kernels, overlapped, parts

VECTORS, ENDS, SIZES = (int(n) for n in (prepare.VECTORS, prepare.ENDS, telemetry.SIZES))
TOLD, MOMENTS, TO_VECTORS = int(telemetry.TOLD), int(telemetry.MOMENTS), int(backward.TO_VECTORS)
RULES = {"given": int(state.GIVEN), "parallel": int(state.PARALLEL), "solved": int(state.SOLVED)}
COLUMNS = 32  # of the memory in one program of the sequential kernels: more would spill, fewer idle


@torch.library.custom_op("titans::linear_memory", mutates_args=())
def linear_memory(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    memory: Tensor,
    momentum: Tensor,
    origin: Tensor | None,
    chunk: int,
    block: int,
    rule: str,
    before: bool,
    sized: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Whole chunks of `chunk` tokens through a linear memory.

    q, k [B, T, H, K], v [B, T, H, V] in float32, float16 or bfloat16, K and V powers of two from 16 on; gates
    [B, T, H], memory, momentum [B, H, K, V] in float32; all contiguous. rule: "solved" for gradient blocks of
    `block` tokens within a chunk, "parallel" where they are the chunk, "given" where v holds the residuals.
    Returns y and -2 times the residuals like v; the last memory and momentum [2, B, H, K, V] in float32, and
    those at every chunk's start, [2, B H, chunks, K, V] like v; and, if `sized`, loss and the norms of
    gradient, momentum and memory at every token, [B, T, H, 4], the memory being shifted by origin
    [B, H, K, V]. Outer gradients reach all tensors but the origin, through y and last.
    """
    batch, tokens, heads, wide = q.shape
    high, chunks, memories = v.shape[3], tokens // chunk, batch * heads
    gates, lengths = (eta, theta, alpha), (chunk, tokens, heads)
    y, errors = torch.empty_like(v), torch.empty_like(v)
    starts = v.new_empty(2, memories, chunks, wide, high)
    last = memory.new_empty(2, batch, heads, wide, high)
    sizes = eta.new_empty(batch, tokens if sized else 0, heads, SIZES)
    shape, width = shape_of(k, v, chunk), min(high, COLUMNS)
    with on_device_of(q):
        vectors, ends = _vectors(gates, chunk)
        before_chain, counts, system = _counted(k, v, gates, vectors, chunk, block, rule)
        tell = _telling(k, v, gates, vectors, errors, starts, origin, sizes, chunk) if sized else None

        def chain(first: int, count: int) -> None:
            begin = (memory, momentum) if first == 0 else last.unbind(0)
            state.state[(memories, high // width)](
                k, v, *system[1:], vectors, ends, *begin, errors, starts, last, *lengths, first, count,
                **shape, WIDTH=width, RULE=RULES[rule], num_stages=stages_of(k, v),
            )  # fmt: skip

        def read(first: int, count: int) -> None:
            output.output[(memories * count,)](
                q, k, theta, vectors, counts, errors, starts, y, *lengths, first, count,
                **shape, READ=int(before), **beside(k, "output"),
            )  # fmt: skip
            if tell:
                tell(first, count)

        overlapped(parts(chunks), before_chain, chain, read, q.device)
    return y, errors, last, starts, sizes


@linear_memory.register_fake
def _linear_memory_shapes(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    memory: Tensor,
    momentum: Tensor,
    origin: Tensor | None,
    chunk: int,
    block: int,
    rule: str,
    before: bool,
    sized: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    batch, tokens, heads, wide = q.shape
    high = v.shape[3]
    return (
        torch.empty_like(v),
        torch.empty_like(v),
        memory.new_empty(2, batch, heads, wide, high),
        v.new_empty(2, batch * heads, tokens // chunk, wide, high),
        eta.new_empty(batch, tokens if sized else 0, heads, SIZES),
    )


@torch.library.custom_op("titans::linear_memory_backward", mutates_args=())
def linear_memory_backward(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    errors: Tensor,
    starts: Tensor,
    to_y: Tensor,
    to_last: Tensor,
    chunk: int,
    block: int,
    rule: str,
    before: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The outer gradients of `linear_memory`, of q, k, v and the gates, and of M and S [2, B, H, K, V].

    What `prepare`, `counting` and `solve` made is made again: it is cheaper than to keep it.
    """
    batch, tokens, heads, _ = q.shape
    chunks, memories, side = tokens // chunk, batch * heads, tile(chunk)
    gates, lengths = (eta, theta, alpha), (chunk, tokens, heads)
    to_residuals, to_q, to_k = (torch.empty_like(x) for x in (v, q, k))
    to_v = torch.empty_like(v) if rule == "solved" else to_residuals  # there they are the same
    to_gates = [torch.empty_like(gate) for gate in gates]
    to_ends, to_first = torch.empty_like(starts), torch.empty_like(to_last)
    to_reads = q.new_empty(memories, chunks, side, side)
    to_system = torch.empty_like(to_reads) if rule == "solved" else to_reads
    to_vectors = eta.new_empty(memories, chunks, TO_VECTORS, side)
    shape, width = shape_of(k, v, chunk), min(v.shape[3], COLUMNS)
    rules: dict[str, Any] = {"RULE": RULES[rule], "READ": int(before)}
    with on_device_of(q):
        vectors, ends = _vectors(gates, chunk)
        before_chain, counts, system = _counted(k, v, gates, vectors, chunk, block, rule)
        of_chunk = (vectors, counts, system[0], errors, starts, to_y, to_residuals, to_ends)
        to_counts = (to_reads, to_system, to_vectors)

        def from_reads(first: int, count: int) -> None:
            before_chain(first, count)
            backward.to_residuals[(memories * count,)](
                q, k, theta, counts, to_y, to_residuals, *lengths, first, count,
                **shape, READ=int(before), **beside(k, "to_residuals"),
            )  # fmt: skip

        def chain(first: int, count: int) -> None:
            begin = to_last if first + count == chunks else to_first
            state.reverse_state[(memories, v.shape[3] // width)](
                q, k, *system[1:3], vectors, ends, to_y, begin, to_residuals, to_ends, to_first, *lengths,
                first, count, **shape, WIDTH=width, **rules, num_stages=stages_of(k, v),
            )  # fmt: skip

        def to_tokens_and_gates(first: int, count: int) -> None:
            backward.to_tokens[(memories * count,)](
                q, k, theta, *of_chunk, to_q, to_k, to_v, *to_counts, *lengths, first, count,
                **shape, BLOCK=block, **rules, **beside(k, f"to_tokens, {rule}"),
            )  # fmt: skip
            backward.to_gates[(memories * count,)](
                *gates, vectors, counts, *to_counts, *to_gates, *lengths, first, count,
                C=side, BLOCK=block, **rules, num_warps=1,
            )  # fmt: skip

        overlapped(parts(chunks)[::-1], from_reads, chain, to_tokens_and_gates, q.device)
    return to_q, to_k, to_v, to_gates[0], to_gates[1], to_gates[2], to_first


@linear_memory_backward.register_fake
def _linear_memory_backward_shapes(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    errors: Tensor,
    starts: Tensor,
    to_y: Tensor,
    to_last: Tensor,
    chunk: int,
    block: int,
    rule: str,
    before: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    q, k, v, eta, theta, alpha, to_last = (torch.empty_like(x) for x in (q, k, v, eta, theta, alpha, to_last))
    return q, k, v, eta, theta, alpha, to_last


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, errors, _, starts, sizes = output
    ctx.save_for_backward(*inputs[:6], errors, starts)
    ctx.options = inputs[9:13]
    ctx.mark_non_differentiable(errors, starts, sizes)


def _differentiate(ctx: Any, to_y: Tensor, _: Any, to_last: Tensor, *__: Any) -> tuple[Tensor | None, ...]:
    found = linear_memory_backward(*ctx.saved_tensors, to_y.contiguous(), to_last.contiguous(), *ctx.options)
    return (*found[:6], *found[6].unbind(0), *[None] * 6)


linear_memory.register_autograd(_differentiate, setup_context=_keep)


def _vectors(gates: tuple[Tensor, ...], chunk: int) -> tuple[Tensor, Tensor]:
    """What `prepare` makes, [B H, chunks, 5, C] and [B H, chunks, 4]."""
    batch, tokens, heads = gates[0].shape
    memories, chunks = batch * heads, tokens // chunk
    vectors = gates[0].new_empty(memories, chunks, VECTORS, tile(chunk))
    ends = gates[0].new_empty(memories, chunks, ENDS)
    prepare.prepare[(memories * chunks,)](
        *gates, vectors, ends, chunk, tokens, heads, C=tile(chunk), num_warps=1
    )
    return vectors, ends


def _counted(
    k: Tensor, v: Tensor, gates: tuple[Tensor, ...], vectors: Tensor, chunk: int, block: int, rule: str
) -> tuple[Kernels, Tensor, list[Tensor]]:
    """What makes P of some chunks and, under the rule "solved", A, A diag(b) K, A diag(f) K and A V, and
    where they then lie. Under other rules nobody looks at the four."""
    batch, tokens, heads, wide = k.shape
    memories, chunks, side = batch * heads, tokens // chunk, tile(chunk)
    eta, theta, alpha = gates
    # P is made of ones and what is smaller: three digits of it are worth more than the range of bfloat16
    kind = torch.float16 if k.dtype in HALF else torch.float32
    counts = k.new_empty(memories, chunks, side, side, dtype=kind)
    widths = (side, wide, wide, v.shape[3]) if rule == "solved" else ()
    system = [k.new_empty(memories, chunks, side, width) for width in widths] or [k] * 4

    def make(first: int, count: int) -> None:
        place = (chunk, tokens, heads, first, count)
        prepare.counting[(memories * count,)](eta, alpha, counts, *place, C=side, num_warps=1)
        if rule == "solved":
            prepare.solve[(memories * count,)](
                k, v, theta, vectors, counts, *system, *place, **shape_of(k, v, chunk), BLOCK=block,
                PRECISION=precision(k.dtype in HALF), **beside(k, "solve"),
            )  # fmt: skip

    return make, counts, system


def _telling(
    k: Tensor,
    v: Tensor,
    gates: tuple[Tensor, ...],
    vectors: Tensor,
    errors: Tensor,
    starts: Tensor,
    origin: Tensor | None,
    sizes: Tensor,
    chunk: int,
) -> Kernels:
    """What fills in the sizes of some chunks, once their errors and states are there."""
    batch, tokens, heads, _ = k.shape
    memories, chunks, side = batch * heads, tokens // chunk, tile(chunk)
    # products of four have a wide range
    kind = torch.bfloat16 if k.dtype in HALF else torch.float32
    alike = k.new_empty(memories, chunks, side, side, dtype=kind)
    told = sizes.new_empty(memories, chunks, TOLD, side)
    moments = sizes.new_empty(memories, chunks, MOMENTS)

    def tell(first: int, count: int) -> None:
        place, shifted = (chunk, tokens, heads, first, count), origin is not None
        telemetry.products[(memories * count,)](
            k, errors, starts, origin if shifted else sizes, alike, told, moments, *place,
            **shape_of(k, v, chunk), SHIFTED=shifted, **beside(k, "products"),
        )  # fmt: skip
        telemetry.telemetry[(memories * count,)](
            *gates, vectors, alike, told, moments, sizes, *place, C=side, SHIFTED=shifted, num_warps=1
        )

    return tell
