"""The kernels of the deep memory as operators of PyTorch, outer gradients included.

The outer gradient is that of the torch form, `kernels.deep`, taken again for a few blocks at a time: the
kernels first carry the memory forward to where each run of blocks starts, then the runs are differentiated
from the last to the first, and no more than one of them ever holds its graph.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from kernels.deep import deep as torch_form
from kernels.gpu import deep, deep_prepare, deep_sizes
from kernels.gpu.limits import tile, units_at_once
from kernels.gpu.operators import SIZES
from kernels.output import Weights

VECTORS, ENDS = int(deep_prepare.VECTORS), int(deep_prepare.ENDS)
PRODUCTS, MOMENTS = int(deep.PRODUCTS), int(deep.MOMENTS)
ACTIVATIONS = {"silu": int(deep.SILU), "gelu": int(deep.GELU)}
UNITS = 32  # the number of hidden units is a multiple of it
WARPS = 8  # with 4, the operands of a product would spill
RUN = 16  # blocks whose graph is held together


class Options(NamedTuple):
    """What a launch is told beside its tensors."""

    block: int
    before: bool
    bounded: bool
    activation: str


@torch.library.custom_op("titans::deep_memory", mutates_args=())
def deep_memory(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    weights1: Tensor,
    weights2: Tensor,
    momentum1: Tensor,
    momentum2: Tensor,
    initial1: Tensor | None,
    initial2: Tensor | None,
    block: int,
    before: bool,
    bounded: bool,
    activation: str,
    sized: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Whole gradient blocks of `block` tokens through a memory of two layers.

    q, k [B, T, H, K], v [B, T, H, V], gates [B, T, H], first layers [B, H, K, N], second [B, H, N, V], all
    float32 and contiguous, K and V powers of two from 16 on, N a multiple of UNITS. Returns y [B, T, H, V];
    weights and momentum of each layer after the last block, [2, B, H, K, N] and [2, B, H, N, V]; the second
    layer's inputs [B, T, H, N], the residuals carried back to both layers' outputs, [B, T, H, N] and
    [B, T, H, V], and the steps taken, 2 theta [B, T, H]; if `sized`, loss and the norms of gradient, momentum
    and memory [B, T, H, 4]. Outer gradients reach all tensors through y and the last weights and momentum.
    """
    batch, tokens, heads, wide = q.shape
    high, units, blocks, memories = v.shape[3], weights1.shape[3], tokens // block, batch * heads
    rows, lengths = tile(block), (block, tokens, heads)
    shape: dict[str, Any] = {"K": wide, "N": units, "V": high, "C": rows}
    shape["TILE"] = units_at_once(block, max(wide, high))
    shifted = initial1 is not None
    vectors = q.new_empty(memories, blocks, VECTORS, rows)
    ends = q.new_empty(memories, blocks, ENDS)
    reads, attention = (q.new_empty(memories, blocks, rows, rows) for _ in range(2))
    state1, state2 = torch.stack((weights1, momentum1)), torch.stack((weights2, momentum2))
    y, deltas2, steps = torch.empty_like(v), torch.empty_like(v), torch.empty_like(eta)
    inputs, deltas1 = (q.new_empty(batch, tokens, heads, units) for _ in range(2))
    measured = tokens if sized else 0
    sizes = q.new_empty(batch, measured, heads, SIZES)
    products = q.new_empty(batch, measured, heads, PRODUCTS)
    moments = q.new_empty(memories, blocks, MOMENTS)
    with torch.cuda.device_of(q):  # kernels start on the current device
        deep_prepare.deep_prepare[(memories * blocks,)](
            q, k, eta, theta, alpha, vectors, ends, reads, attention, *lengths,
            K=wide, C=rows, READ=int(before), BOUNDED=bounded,
        )  # fmt: skip
        deep.deep[(memories,)](
            q, k, v, vectors, ends, reads, attention,
            weights1 if initial1 is None else initial1, weights2 if initial2 is None else initial2,
            state1, state2, y, inputs, deltas1, deltas2, steps, products, moments, *lengths, blocks,
            **shape, SHIFTED=shifted, BOUNDED=bounded, TELEMETRY=sized, ACT=ACTIVATIONS[activation],
            num_warps=WARPS,
        )  # fmt: skip
        if sized:
            deep_sizes.deep_sizes[(memories * blocks,)](
                k, eta, alpha, steps, inputs, deltas1, deltas2, products, moments, sizes, *lengths,
                **shape, SHIFTED=shifted,
            )  # fmt: skip
    return y, state1, state2, inputs, deltas1, deltas2, steps, sizes


@deep_memory.register_fake
def _deep_memory_shapes(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    weights1: Tensor,
    weights2: Tensor,
    momentum1: Tensor,
    momentum2: Tensor,
    initial1: Tensor | None,
    initial2: Tensor | None,
    block: int,
    before: bool,
    bounded: bool,
    activation: str,
    sized: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    batch, tokens, heads, _ = q.shape
    hidden = (batch, tokens, heads, weights1.shape[3])
    return (
        torch.empty_like(v),
        weights1.new_empty(2, *weights1.shape),
        weights2.new_empty(2, *weights2.shape),
        q.new_empty(hidden),
        q.new_empty(hidden),
        torch.empty_like(v),
        torch.empty_like(eta),
        q.new_empty(batch, tokens if sized else 0, heads, SIZES),
    )


def _backward(
    tensors: list[Tensor],
    to_y: Tensor,
    to_state1: Tensor,
    to_state2: Tensor,
    block: int,
    before: bool,
    bounded: bool,
    activation: str,
) -> list[Tensor]:
    """The outer gradients of `deep_memory` by its tensors: six of tokens, four or six of layers."""
    options = Options(block, before, bounded, activation)
    tokens, state, origins = tensors[:6], tensors[6:10], tensors[10:]
    runs = [
        [x.contiguous() for x in run] for run in zip(*(x.split(RUN * block, 1) for x in tokens), strict=True)
    ]
    starts = [state]
    for run in runs[:-1]:
        last = deep_memory(*run, *starts[-1], *(origins or (None, None)), *options, False)
        starts.append([last[1][0], last[2][0], last[1][1], last[2][1]])
    to_state = [to_state1[0], to_state2[0], to_state1[1], to_state2[1]]
    to_origins = [torch.zeros_like(x) for x in origins]
    to_tokens: list[list[Tensor]] = []
    for run, start, to_run in reversed(list(zip(runs, starts, to_y.split(RUN * block, 1), strict=True))):
        found = _differentiated(run, start, origins, [to_run, *to_state], options)
        to_tokens.append(found[:6])
        to_state = found[6:10]
        to_origins = [sum_ + more for sum_, more in zip(to_origins, found[10:], strict=True)]
    whole = [torch.cat(parts[::-1], 1) for parts in zip(*to_tokens, strict=True)]
    return [*whole, *to_state, *to_origins]


def _differentiated(
    tokens: list[Tensor],
    state: list[Tensor],
    origins: list[Tensor],
    to_outputs: list[Tensor],
    options: Options,
) -> list[Tensor]:
    """The outer gradients of a run of blocks by its tokens, the state at its start, and the origins."""
    with torch.enable_grad():
        leaves = [x.detach().requires_grad_() for x in (*tokens, *state, *origins)]
        q, k, v, eta, theta, alpha, *layers = leaves
        batch, _, heads, wide = k.shape
        initial: Weights | None = (layers[4], layers[5]) if origins else None
        met = k.new_zeros(batch, heads, wide, wide) if options.bounded else None
        out = torch_form(
            q, k, v, eta, theta, alpha, (layers[0], layers[1]), (layers[2], layers[3]), initial,
            None, 0, met, options.block, "before" if options.before else "after", options.activation, False,
        )  # fmt: skip
        outputs = (out.y, *out.weights, *out.momentum)
        return list(torch.autograd.grad(outputs, leaves, to_outputs, materialize_grads=True))


# Not a `custom_op`: within one nothing can be differentiated.
torch.library.define(
    "titans::deep_memory_backward",
    "(Tensor[] tensors, Tensor to_y, Tensor to_state1, Tensor to_state2, int block, bool before,"
    " bool bounded, str activation) -> Tensor[]",
)
torch.library.impl("titans::deep_memory_backward", "CompositeExplicitAutograd", _backward)
torch.library.register_fake(
    "titans::deep_memory_backward", lambda tensors, *_: [torch.empty_like(x) for x in tensors]
)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.save_for_backward(*inputs[:12])
    ctx.options = inputs[12:16]
    ctx.mark_non_differentiable(*output[3:])


@once_differentiable
def _differentiate(ctx: Any, *to_outputs: Tensor) -> tuple[Tensor | None, ...]:
    tensors = [x for x in ctx.saved_tensors if x is not None]
    found = torch.ops.titans.deep_memory_backward(tensors, *to_outputs[:3], *ctx.options)
    return (*found, *(None,) * (17 - len(found)))


deep_memory.register_autograd(_differentiate, setup_context=_keep)
