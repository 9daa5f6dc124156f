"""The kernels as operators of PyTorch: one name for `torch.compile` and export, outer gradients included.

Here is decided how a chunk becomes tiles and programs; what is computed stands in the kernels.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kernels.backends import HALF
from kernels.gpu import backward, output, prepare, state, telemetry
from kernels.gpu.limits import large, stages, tile

VECTORS, ENDS, SIZES = (int(n) for n in (prepare.VECTORS, prepare.ENDS, telemetry.SIZES))
TO_VECTORS = int(backward.TO_VECTORS)
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
    chunk: int,
    block: int,
    rule: str,
    before: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Whole chunks of `chunk` tokens through a linear memory.

    q, k [B, T, H, K], v [B, T, H, V] in float32, float16 or bfloat16, K and V powers of two from 16 on; gates
    [B, T, H], memory, momentum [B, H, K, V] in float32; all contiguous. rule: "solved" for gradient blocks of
    `block` tokens within a chunk, "parallel" where they are the chunk, "given" where v holds the residuals.
    Returns y and the residuals like v, the last memory and momentum [2, B, H, K, V] in float32, and those at
    every chunk's start, [2, B H, chunks, K, V] like v. Outer gradients reach all tensors through y and last.
    """
    batch, tokens, heads, wide = q.shape
    high, chunks = v.shape[3], tokens // chunk
    gates = (eta, theta, alpha)
    ready = _prepared(k, v, gates, chunk, block, rule, before)
    y, residuals = torch.empty_like(v), torch.empty_like(v)
    starts = v.new_empty(2, batch * heads, chunks, wide, high)
    last = memory.new_empty(2, batch, heads, wide, high)
    width = min(high, COLUMNS)
    with on_device_of(q):
        state.state[(batch * heads, high // width)](
            k,
            v,
            *ready.system,
            *ready.coefficients,
            memory,
            momentum,
            residuals,
            starts,
            last,
            chunk,
            tokens,
            heads,
            chunks,
            K=wide,
            V=high,
            WIDTH=width,
            C=tile(chunk),
            RULE=RULES[rule],
            num_stages=_stages(k, v),
        )
        output.output[(batch * heads * chunks,)](
            q,
            k,
            *gates,
            ready.coefficients[0],
            residuals,
            starts,
            y,
            chunk,
            tokens,
            heads,
            K=wide,
            V=high,
            C=tile(chunk),
            BEFORE=before,
            PRECISION=_precision(k),
            num_warps=8,
        )
    return y, residuals, last, starts


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
    chunk: int,
    block: int,
    rule: str,
    before: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    batch, tokens, heads, wide = q.shape
    high = v.shape[3]
    return (
        torch.empty_like(v),
        torch.empty_like(v),
        memory.new_empty(2, batch, heads, wide, high),
        v.new_empty(2, batch * heads, tokens // chunk, wide, high),
    )


@torch.library.custom_op("titans::linear_memory_backward", mutates_args=())
def linear_memory_backward(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    residuals: Tensor,
    starts: Tensor,
    to_y: Tensor,
    to_last: Tensor,
    chunk: int,
    block: int,
    rule: str,
    before: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The outer gradients of `linear_memory`, of q, k, v and the gates, and of M and S [2, B, H, K, V].

    What `prepare` made is made again: it is cheaper than to keep it.
    """
    batch, tokens, heads, wide = q.shape
    high, chunks = v.shape[3], tokens // chunk
    gates, lengths = (eta, theta, alpha), (chunk, tokens, heads)
    ready = _prepared(k, v, gates, chunk, block, rule, before)
    to_residuals, to_v, to_q, to_k = (torch.empty_like(x) for x in (v, v, q, k))
    to_gates = [torch.empty_like(gate) for gate in gates]
    to_ends, to_first = torch.empty_like(starts), torch.empty_like(to_last)
    shape: dict[str, Any] = {"K": wide, "V": high, "C": tile(chunk)}
    rules: dict[str, Any] = {"RULE": RULES[rule]}
    reading: dict[str, Any] = {"BEFORE": before, "PRECISION": _precision(k)}
    width = min(high, COLUMNS)
    rows = shape["C"]
    to_p = eta.new_empty(batch * heads, chunks, rows, rows)
    to_vectors = eta.new_empty(batch * heads, chunks, TO_VECTORS, rows)
    kept = (ready.inverses, residuals, starts, to_y, to_residuals, to_ends)
    with on_device_of(q):
        backward.to_residuals[(batch * heads * chunks,)](
            q, k, *gates, to_y, to_residuals, *lengths, **shape, **reading, num_warps=8
        )
        state.reverse_state[(batch * heads, high // width)](
            q,
            k,
            *ready.system[:2],
            *ready.coefficients,
            to_y,
            to_last,
            to_residuals,
            to_ends,
            to_first,
            *lengths,
            chunks,
            WIDTH=width,
            **shape,
            **rules,
            num_stages=_stages(k, v),
        )
        backward.to_tokens[(batch * heads * chunks,)](
            q,
            k,
            *gates,
            ready.coefficients[0],
            *kept,
            to_q,
            to_k,
            to_v,
            *lengths,
            BLOCK=block,
            **shape,
            **rules,
            **reading,
            num_warps=8,
        )
        backward.to_coefficients[(batch * heads * chunks,)](
            q,
            k,
            *kept,
            to_p,
            to_vectors,
            *lengths,
            BLOCK=block,
            **shape,
            **rules,
            **reading,
            num_warps=8,
        )
        backward.to_gates[(batch * heads * chunks,)](
            *gates, to_p, to_vectors, *to_gates, *lengths, C=rows, PRECISION=_precision(k), num_warps=8
        )
    return to_q, to_k, to_v, to_gates[0], to_gates[1], to_gates[2], to_first


@linear_memory_backward.register_fake
def _linear_memory_backward_shapes(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    residuals: Tensor,
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
    _, residuals, _, starts = output
    ctx.save_for_backward(*inputs[:6], residuals, starts)
    ctx.options = inputs[8:]
    ctx.mark_non_differentiable(residuals, starts)


def _differentiate(ctx: Any, to_y: Tensor, _: Any, to_last: Tensor, __: Any) -> tuple[Tensor | None, ...]:
    found = linear_memory_backward(*ctx.saved_tensors, to_y.contiguous(), to_last.contiguous(), *ctx.options)
    return (*found[:6], *found[6].unbind(0), None, None, None, None)


linear_memory.register_autograd(_differentiate, setup_context=_keep)


@torch.library.custom_op("titans::linear_sizes", mutates_args=())
def linear_sizes(
    k: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    residuals: Tensor,
    starts: Tensor,
    origin: Tensor | None,
    chunk: int,
) -> Tensor:
    """Loss and the norms of gradient, momentum and memory at every token, [B, T, H, 4] in float32.

    residuals and starts as `linear_memory` gave them; origin [B, H, K, V]: what the memory was shifted by.
    """
    batch, tokens, heads, wide = k.shape
    sizes = eta.new_empty(batch, tokens, heads, SIZES)
    with on_device_of(k):
        telemetry.telemetry[(batch * heads * (tokens // chunk),)](
            k,
            eta,
            theta,
            alpha,
            residuals,
            starts,
            sizes if origin is None else origin,
            sizes,
            chunk,
            tokens,
            heads,
            K=wide,
            V=residuals.shape[3],
            C=tile(chunk),
            SHIFTED=origin is not None,
            PRECISION=_precision(k),
            num_warps=8,
        )
    return sizes


@linear_sizes.register_fake
def _linear_sizes_shapes(
    k: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    residuals: Tensor,
    starts: Tensor,
    origin: Tensor | None,
    chunk: int,
) -> Tensor:
    return eta.new_empty(*eta.shape, SIZES)


class _Ready(NamedTuple):
    """What `prepare` made. system: A diag(b) K, A diag(f) K, A V, for the rule "solved" alone."""

    coefficients: tuple[Tensor, Tensor]
    inverses: Tensor
    system: tuple[Tensor, Tensor, Tensor]


def _prepared(
    k: Tensor, v: Tensor, gates: tuple[Tensor, ...], chunk: int, block: int, rule: str, before: bool
) -> _Ready:
    batch, tokens, heads, wide = k.shape
    high, chunks, rows = v.shape[3], tokens // chunk, tile(chunk)
    per_chunk = (batch * heads, chunks)
    vectors = gates[0].new_empty(*per_chunk, VECTORS, rows)
    ends = gates[0].new_empty(*per_chunk, ENDS)
    solved = rule == "solved"
    widths = (rows, wide, wide, high)
    made = [k.new_empty(*per_chunk, rows, width) if solved else k for width in widths]
    with on_device_of(k):
        prepare.prepare[(batch * heads * chunks,)](
            k,
            v,
            *gates,
            vectors,
            ends,
            *made,
            chunk,
            tokens,
            heads,
            K=wide,
            V=high,
            C=rows,
            BLOCK=block,
            SOLVED=solved,
            BEFORE=before,
            PRECISION=_precision(k),
            INVERSE_PRECISION="tf32x3",
            num_warps=8 if solved else 4,
        )
    inverses, keys_memory, keys_momentum, values = made
    return _Ready((vectors, ends), inverses, (keys_memory, keys_momentum, values))


def _precision(x: Tensor) -> str:
    """How coefficients are multiplied: as exactly as the operands deserve."""
    return "tf32" if x.dtype in HALF else "tf32x3"


def _stages(k: Tensor, v: Tensor) -> int:
    """How far the loops over chunks load ahead."""
    return stages(max(k.shape[3], v.shape[3]) * k.dtype.itemsize, large(k.device))


def on_device_of(x: Tensor) -> AbstractContextManager[Any]:
    """Kernels start on the current device: make it that of x."""
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()
