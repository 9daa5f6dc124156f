"""The kernels as operators of PyTorch: one name for `torch.compile` and export, outer gradients included.

Here is decided how a chunk becomes tiles and programs; what is computed stands in the kernels.
"""

from typing import Any

import torch
from torch import Tensor

from kernels.backends import HALF
from kernels.gpu import backward, launch, prepare, state, telemetry
from kernels.gpu.launch import beside, chained, on_device_of, precision, shape_of
from kernels.gpu.limits import tile
from kernels.gpu.overlap import Kernels, overlapped, parts

VECTORS, SIZES, TO_VECTORS = (int(n) for n in (prepare.VECTORS, telemetry.SIZES, backward.TO_VECTORS))
TOLD, MOMENTS = int(telemetry.TOLD), int(telemetry.MOMENTS)
RULES = {"given": int(state.GIVEN), "parallel": int(state.PARALLEL), "solved": int(state.SOLVED)}


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
    kept: bool,
    sized: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Whole chunks of `chunk` tokens through a linear memory.

    q, k [B, T, H, K], v [B, T, H, V] in float32, float16 or bfloat16, K and V powers of two from 16 on; gates
    [B, T, H], memory, momentum [B, H, K, V] in float32; all contiguous. rule: "solved" for gradient blocks of
    `block` tokens within a chunk, "parallel" where they are the chunk, "given" where v holds the residuals.
    Returns y like v; if `kept`, as outer gradients want, or `sized`, -2 times the residuals likewise; the
    last memory and momentum [2, B, H, K, V] in float32, and, as the residuals, those at every chunk's start,
    [2, B H, chunks, K, V] like v; and, if `sized`, loss and the norms of gradient, momentum and memory at
    every token, [B, T, H, 4], the memory being shifted by origin [B, H, K, V]. Outer gradients reach all
    tensors but the origin, through y and last.
    """
    batch, tokens, heads, wide = q.shape
    high, chunks, memories, side = v.shape[3], tokens // chunk, batch * heads, tile(chunk)
    keep, lengths = kept or sized, (chunk, tokens, heads)
    y, errors = torch.empty_like(v), v.new_empty(batch, tokens if keep else 0, heads, high)
    starts = v.new_empty(2, memories, chunks if keep else 0, wide, high)
    last = memory.new_empty(2, batch, heads, wide, high)
    measured = memories if sized else 0
    sizes = eta.new_empty(batch, tokens if sized else 0, heads, SIZES)
    told = eta.new_empty(measured, chunks, TOLD, side)
    moments = eta.new_empty(measured, chunks, MOMENTS)
    shares = q.new_empty(memories, chunks, side, side)
    how = launch.forward(k.dtype in HALF, max(wide, high))
    shape, chain_shape = shape_of(k, v, chunk), chained(k, v, how)
    shifted, begins = origin is not None, memory if origin is None else origin
    with on_device_of(q):
        vectors = _vectors((eta, theta, alpha), chunk)
        weigh, counts, system = _weighed(k, v, vectors, chunk, block, rule)

        def before_chain(first: int, count: int) -> None:
            weigh(first, count)
            prepare.share[(memories * count,)](
                q, k, vectors, counts, shares, *lengths, first, count,
                K=wide, C=side, READ=int(before), **beside(k, "share"),
            )  # fmt: skip

        def chain(first: int, count: int) -> None:
            begin = (memory, momentum) if first == 0 else last.unbind(0)
            state.state[(memories, high // chain_shape["WIDTH"])](
                q, k, v, *system[1:], vectors, shares, *begin, y, errors, starts, last,
                *lengths, first, count, **shape, **chain_shape, READ=int(before), RULE=RULES[rule], KEEP=keep,
            )  # fmt: skip

        def tell(first: int, count: int) -> None:
            if sized:
                telemetry.products[(memories * count, 2)](
                    k, vectors, counts, errors, starts, begins, told, moments, *lengths, first, count,
                    **shape, SHIFTED=shifted, **beside(k, "products"),
                )  # fmt: skip
                telemetry.telemetry[(memories * count,)](
                    vectors, told, moments, sizes, *lengths, first, count,
                    C=side, SHIFTED=shifted, num_warps=1,
                )  # fmt: skip

        overlapped(parts(chunks), before_chain, chain, tell, q.device)
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
    kept: bool,
    sized: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    batch, tokens, heads, wide = q.shape
    high = v.shape[3]
    return (
        torch.empty_like(v),
        v.new_empty(batch, tokens if kept or sized else 0, heads, high),
        memory.new_empty(2, batch, heads, wide, high),
        v.new_empty(2, batch * heads, tokens // chunk if kept or sized else 0, wide, high),
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
    solved = rule == "solved"
    to_residuals, to_q, to_k = (torch.empty_like(x) for x in (v, q, k))
    to_v = torch.empty_like(v) if solved else to_residuals  # there they are the same
    to_gates = [torch.empty_like(gate) for gate in gates]
    to_ends, to_first = torch.empty_like(starts), torch.empty_like(to_last)
    to_reads = q.new_empty(memories, chunks, side, side)
    to_system = torch.empty_like(to_reads) if solved else to_reads
    to_vectors = eta.new_empty(memories, chunks, TO_VECTORS, side)
    shape, chain_shape = shape_of(k, v, chunk), chained(k, v, launch.BACKWARD)
    rules: dict[str, Any] = {"RULE": RULES[rule], "READ": int(before)}
    with on_device_of(q):
        vectors = _vectors(gates, chunk)
        weigh, counts, system = _weighed(k, v, vectors, chunk, block, rule)
        of_chunk = (vectors, counts, system[0], errors, starts, to_y, to_residuals, to_ends)
        to_counts = (to_reads, to_system, to_vectors)

        def from_reads(first: int, count: int) -> None:
            weigh(first, count)
            backward.to_residuals[(memories * count,)](
                q, k, vectors, counts, to_y, to_residuals, *lengths, first, count,
                **shape, READ=int(before), **beside(k, "to_residuals"),
            )  # fmt: skip

        def chain(first: int, count: int) -> None:
            begin = to_last if first + count == chunks else to_first
            state.reverse_state[(memories, v.shape[3] // chain_shape["WIDTH"])](
                q, k, *system[1:3], vectors, to_y, begin, to_residuals, to_ends, to_first, *lengths,
                first, count, **shape, **chain_shape, **rules,
            )  # fmt: skip

        def to_tokens_and_gates(first: int, count: int) -> None:
            backward.to_tokens[(memories * count,)](
                q, k, *of_chunk, to_q, to_k, to_v, *to_counts, *lengths, first, count,
                **shape, BLOCK=block, **rules, **beside(k, f"to_tokens, {rule}"),
            )  # fmt: skip
            backward.to_gates[(memories * count,)](
                vectors, counts, *to_counts, *to_gates, *lengths, first, count,
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
    y, errors, last, starts, sizes = output
    if errors.shape != y.shape:
        raise RuntimeError("an outer gradient needs the errors: call linear_memory with kept=True")
    ctx.save_for_backward(*inputs[:6], errors, starts)
    ctx.options, ctx.shapes = inputs[9:13], (y.shape, last.shape)
    ctx.mark_non_differentiable(errors, starts, sizes)
    ctx.set_materialize_grads(False)  # zeros of the other three would be written for nobody


def _differentiate(
    ctx: Any, to_y: Tensor | None, _: Any, to_last: Tensor | None, *__: Any
) -> tuple[Tensor | None, ...]:
    v, memory = ctx.saved_tensors[2], ctx.saved_tensors[3]
    of_y, of_last = ctx.shapes
    to_y = v.new_zeros(of_y) if to_y is None else to_y.contiguous()
    to_last = memory.new_zeros(of_last) if to_last is None else to_last.contiguous()
    found = linear_memory_backward(*ctx.saved_tensors, to_y, to_last, *ctx.options)
    return (*found[:6], *found[6].unbind(0), *[None] * 7)


linear_memory.register_autograd(_differentiate, setup_context=_keep)


def _vectors(gates: tuple[Tensor, ...], chunk: int) -> Tensor:
    """What `prepare` makes, [B H, chunks, 8, C]."""
    batch, tokens, heads = gates[0].shape
    memories, chunks = batch * heads, tokens // chunk
    vectors = gates[0].new_empty(memories, chunks, VECTORS, tile(chunk))
    prepare.prepare[(memories * chunks,)](*gates, vectors, chunk, tokens, heads, C=tile(chunk), num_warps=1)
    return vectors


def _weighed(
    k: Tensor, v: Tensor, vectors: Tensor, chunk: int, block: int, rule: str
) -> tuple[Kernels, Tensor, list[Tensor]]:
    """What makes P of some chunks and, under the rule "solved", A, A diag(b) K, A diag(f) K and A V, and
    where they then lie. Under other rules nobody looks at the four."""
    batch, tokens, heads, wide = k.shape
    memories, chunks, side = batch * heads, tokens // chunk, tile(chunk)
    # P is made of ones and what is smaller: three digits of it are worth more than the range of bfloat16
    kind = torch.float16 if k.dtype in HALF else torch.float32
    counts = k.new_empty(memories, chunks, side, side, dtype=kind)
    widths = (side, wide, wide, v.shape[3]) if rule == "solved" else ()
    system = [k.new_empty(memories, chunks, side, width) for width in widths] or [k] * 4

    def weigh(first: int, count: int) -> None:
        place = (chunk, tokens, heads, first, count)
        prepare.counting[(memories * count,)](vectors, counts, *place, C=side, num_warps=1)
        if rule == "solved":
            prepare.solve[(memories * count,)](
                k, v, vectors, counts, *system, *place, **shape_of(k, v, chunk), BLOCK=block,
                PRECISION=precision(k.dtype in HALF), **beside(k, "solve"),
            )  # fmt: skip

    return weigh, counts, system
