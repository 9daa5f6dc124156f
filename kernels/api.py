"""The two functions everybody calls: look at what came in, then hand it to the form that fits."""

from typing import get_args

import torch
from torch import Tensor

from kernels.activations import ACTIVATIONS
from kernels.deep import deep
from kernels.linear import linear
from kernels.output import TELEMETRY, MemoryOutput, Read, Step, Weights
from kernels.reference import reference
from kernels.stepwise import stepwise

BACKENDS = ("auto", "reference", "torch")


def memory(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    weights: Weights,
    momentum: Weights,
    initial: Weights | None = None,
    block_start: Weights | None = None,
    offset: int = 0,
    block_keys: Tensor | None = None,
    chunk_size: int = 64,
    block_size: int = 64,
    read: Read = "after",
    activation: str = "silu",
    step: Step = "given",
    backend: str = "auto",
    telemetry: bool = True,
) -> MemoryOutput:
    """Write a sequence into a memory and read it back, token by token.

    For each token the gradient G of ||M(k) - v||² (8, 12) moves the momentum S <- eta S - theta G (10, 14),
    the momentum moves the memory M <- I + (1 - alpha)(M - I) + S (13, with I = 0), and y = M(q) is read (15).

    Args:
        q, k: [B, T, H, Dk]; v: [B, T, H, Dv]. T may be 0. float32 or float64.
        eta, theta, alpha: [B, T, H], momentum decay, step and forgetting of each token.
        weights, momentum: the state before the first token, one [B, H, Din, Dout] per layer.
        initial: I, what forgetting leads to, shaped like weights; None is the paper's letter, zero.
        block_start: the weights at the start of the open gradient block, needed where offset > 0.
        offset: how many tokens the open gradient block already holds.
        block_keys: the keys that the open gradient block has met, [B, H, Dk, Dk], needed where offset > 0 and
            the step is bounded. These three come back in the output, so that a stream may be cut anywhere
            without changing a number.
        chunk_size: how many tokens are computed together; it changes speed, never numbers.
        block_size: how many tokens share one point at which gradients are taken. 1 is the exact online rule,
            chunk_size the paper's parallel form. Divides chunk_size; a deep memory knows these two alone.
        read: "after" reads M_t(q_t), "before" reads M_{t-1}(q_t).
        activation: "silu" or "gelu", between the layers of a deep memory.
        step: "given" takes theta as the step; "bounded" takes
            theta (1 - eta) / (max(1, kappa) (1 + met)²), which keeps a deep memory from overshooting where
            2 theta <= 1. kappa is the token's tangent kernel at the block's start, met the sum of
            2 theta_j (k·k_j)² over the earlier tokens of its block (`kernels.bounded`).
        backend: "torch", "reference" (slow, the definition) or "auto".
        telemetry: whether losses, norms and gradient factors are wanted.

    Returns:
        A `MemoryOutput`. Gradients reach every tensor argument through y, weights, momentum, block_start
        and block_keys.

    Raises:
        ValueError: shapes, dtypes or options that do not fit each other.
        RuntimeError: a backend that this build does not have.
    """
    _check_tensors(q, k, v, (eta, theta, alpha))
    _check_layers("weights", weights, q, v.shape[-1])
    for name, layers in (("momentum", momentum), ("initial", initial), ("block_start", block_start)):
        if layers is not None:
            _check_like(name, layers, weights)
    _check_options(len(weights), block_start, offset, chunk_size, block_size, read, activation, step, backend)
    block_keys = _opened_keys(block_keys, offset, q) if step == "bounded" else None
    if q.shape[1] == 0:
        return _unchanged(q, v, weights, momentum, block_start, offset, block_keys, telemetry)
    state = (weights, momentum, initial, block_start if offset else None, offset)
    if backend == "reference":
        return reference(
            q, k, v, eta, theta, alpha, *state, block_keys, block_size, read, activation, telemetry
        )
    if len(weights) > 1:
        form = stepwise if block_size == 1 or q.shape[1] == 1 else deep
        return form(q, k, v, eta, theta, alpha, *state, block_keys, block_size, read, activation, telemetry)
    return linear(q, k, v, eta, theta, alpha, *state, chunk_size, block_size, read, telemetry)


def retrieve(q: Tensor, weights: Weights, activation: str = "silu") -> Tensor:
    """Read a memory without writing: M(q), equation 15, and the read of equation 21.

    q: [B, T, H, Dk]; weights: one [B, H, Din, Dout] per layer. Returns [B, T, H, Dv].

    Raises:
        ValueError: shapes that do not fit each other, or an unknown activation.
    """
    if q.ndim != 4:
        raise ValueError(f"q must be [B, T, H, Dk], but its shape is {list(q.shape)}.")
    _check_layers("weights", weights, q, None)
    _check_activation(activation)
    x = q.transpose(1, 2) @ weights[0]  # [B, H, T, Dout]
    for weight in weights[1:]:
        x = ACTIVATIONS[activation].value(x) @ weight
    return x.transpose(1, 2)


def _unchanged(
    q: Tensor,
    v: Tensor,
    weights: Weights,
    momentum: Weights,
    block_start: Weights | None,
    offset: int,
    block_keys: Tensor | None,
    telemetry: bool,
) -> MemoryOutput:
    """An empty sequence reads nothing and leaves the state as it was."""
    empty = q.shape[:3]
    return MemoryOutput(
        y=v.new_empty(v.shape),
        weights=weights,
        momentum=momentum,
        block_start=block_start if offset else None,
        offset=offset,
        block_keys=block_keys,
        telemetry={name: q.new_empty(empty) for name in TELEMETRY} if telemetry else {},
        factors=tuple((q.new_empty(*empty, w.shape[2]), q.new_empty(*empty, w.shape[3])) for w in weights)
        if telemetry
        else (),
    )


def _check_tensors(q: Tensor, k: Tensor, v: Tensor, gates: tuple[Tensor, Tensor, Tensor]) -> None:
    if q.ndim != 4:
        raise ValueError(f"q must be [B, T, H, Dk], but its shape is {list(q.shape)}.")
    if k.shape != q.shape:
        raise ValueError(f"k must have the shape of q, {list(q.shape)}, but its shape is {list(k.shape)}.")
    if v.ndim != 4 or v.shape[:3] != q.shape[:3]:
        raise ValueError(f"v must be {list(q.shape[:3])} and Dv, but its shape is {list(v.shape)}.")
    if q.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"memory computes in float32 or float64, but q is {q.dtype}.")
    for name, gate in zip(("eta", "theta", "alpha"), gates, strict=True):
        if gate.shape != q.shape[:3]:
            raise ValueError(f"{name} must be [B, T, H] = {list(q.shape[:3])}, not {list(gate.shape)}.")
    for name, x in zip(("k", "v", "eta", "theta", "alpha"), (k, v, *gates), strict=True):
        if x.dtype != q.dtype:
            raise ValueError(f"{name} must have the dtype of q, {q.dtype}, but it is {x.dtype}.")


def _check_layers(name: str, layers: Weights, q: Tensor, dv: int | None) -> None:
    """Layers [B, H, Din, Dout] that lead from the width of q to dv, where that is given."""
    if not isinstance(layers, tuple | list) or not layers:
        raise ValueError(f"{name} must be a tuple of matrices, with at least one layer.")
    batch, _, heads, width = q.shape
    for number, layer in enumerate(layers, 1):
        if layer.ndim != 4 or layer.shape[:3] != (batch, heads, width):
            raise ValueError(
                f"layer {number} of {name} must be [{batch}, {heads}, {width}, D], not {list(layer.shape)}."
            )
        if layer.dtype != q.dtype:
            raise ValueError(
                f"layer {number} of {name} must have the dtype of q, {q.dtype}, not {layer.dtype}."
            )
        width = layer.shape[3]
    if dv is not None and width != dv:
        raise ValueError(f"the last layer of {name} gives {width} columns, but v has {dv}.")


def _check_like(name: str, layers: Weights, weights: Weights) -> None:
    if len(layers) != len(weights):
        raise ValueError(f"{name} has {len(layers)} layers, but weights has {len(weights)}.")
    for number, (layer, weight) in enumerate(zip(layers, weights, strict=True), 1):
        if layer.shape != weight.shape or layer.dtype != weight.dtype:
            raise ValueError(
                f"layer {number} of {name} must be like weights, {list(weight.shape)} {weight.dtype}, "
                f"not {list(layer.shape)} {layer.dtype}."
            )


def _check_options(
    depth: int,
    block_start: Weights | None,
    offset: int,
    chunk_size: int,
    block_size: int,
    read: str,
    activation: str,
    step: str,
    backend: str,
) -> None:
    if backend == "triton":
        raise RuntimeError("this build has the backends 'reference' and 'torch', and no Triton kernels.")
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, not {backend!r}.")
    if read not in get_args(Read):
        raise ValueError(f"read must be 'after' or 'before', not {read!r}.")
    _check_activation(activation)
    if step not in get_args(Step):
        raise ValueError(f"step must be 'given' or 'bounded', not {step!r}.")
    if step == "bounded" and depth == 1:
        raise ValueError("the bounded step is for deep memories: a linear one needs theta <= (1 - eta) / 2.")
    if chunk_size < 1 or block_size < 1 or chunk_size % block_size:
        raise ValueError(f"block_size must divide chunk_size, but {block_size} does not divide {chunk_size}.")
    if depth > 1 and block_size not in (1, chunk_size):
        raise ValueError(f"a deep memory takes block_size 1 or chunk_size ({chunk_size}), not {block_size}.")
    if not 0 <= offset < block_size:
        raise ValueError(f"offset must lie in 0..{block_size - 1} (block_size - 1), but it is {offset}.")
    if offset and block_start is None:
        raise ValueError(f"offset is {offset}, inside a gradient block, so block_start must be given.")


def _opened_keys(block_keys: Tensor | None, offset: int, q: Tensor) -> Tensor:
    """The keys that the open block has met: none where no block is open, whatever was handed in."""
    batch, _, heads, width = q.shape
    if not offset:
        return q.new_zeros(batch, heads, width, width)
    if block_keys is None:
        raise ValueError(f"offset is {offset}, inside a gradient block, so block_keys must be given.")
    if block_keys.shape != (batch, heads, width, width) or block_keys.dtype != q.dtype:
        raise ValueError(
            f"block_keys must be [{batch}, {heads}, {width}, {width}] {q.dtype}, "
            f"not {list(block_keys.shape)} {block_keys.dtype}."
        )
    return block_keys


def _check_activation(activation: str) -> None:
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {activation!r}.")
