"""What comes in, looked at before anything is computed: one sentence for what does not fit."""

from typing import get_args

import torch
from torch import Tensor

from kernels.activations import ACTIVATIONS
from kernels.backends import BACKENDS, HALF
from kernels.output import Read, Step, Weights


def check_tensors(q: Tensor, k: Tensor, v: Tensor, gates: tuple[Tensor, Tensor, Tensor]) -> None:
    if q.ndim != 4:
        raise ValueError(f"q must be [B, T, H, Dk], but its shape is {list(q.shape)}.")
    if k.shape != q.shape:
        raise ValueError(f"k must have the shape of q, {list(q.shape)}, but its shape is {list(k.shape)}.")
    if v.ndim != 4 or v.shape[:3] != q.shape[:3]:
        raise ValueError(f"v must be {list(q.shape[:3])} and Dv, but its shape is {list(v.shape)}.")
    if q.dtype not in (torch.float32, torch.float64, *HALF):
        raise ValueError(f"memory takes float16, bfloat16, float32 or float64, but q is {q.dtype}.")
    for name, x in zip(("k", "v"), (k, v), strict=True):
        if x.dtype != q.dtype:
            raise ValueError(f"{name} must have the dtype of q, {q.dtype}, but it is {x.dtype}.")
    for name, gate in zip(("eta", "theta", "alpha"), gates, strict=True):
        if gate.shape != q.shape[:3]:
            raise ValueError(f"{name} must be [B, T, H] = {list(q.shape[:3])}, not {list(gate.shape)}.")
        if gate.dtype != state_dtype(q):
            raise ValueError(f"{name} must be {state_dtype(q)} where q is {q.dtype}, but it is {gate.dtype}.")


def state_dtype(q: Tensor) -> torch.dtype:
    """Of gates, weights and momentum: what sums up a thousand tokens is never half as wide."""
    return torch.float32 if q.dtype in HALF else q.dtype


def check_layers(name: str, layers: Weights, q: Tensor, dv: int | None) -> None:
    """Layers [B, H, Din, Dout] that lead from the width of q to dv, where that is given."""
    if not isinstance(layers, tuple | list) or not layers:
        raise ValueError(f"{name} must be a tuple of matrices, with at least one layer.")
    batch, _, heads, width = q.shape
    for number, layer in enumerate(layers, 1):
        if layer.ndim != 4 or layer.shape[:3] != (batch, heads, width):
            raise ValueError(
                f"layer {number} of {name} must be [{batch}, {heads}, {width}, D], not {list(layer.shape)}."
            )
        if layer.dtype != state_dtype(q):
            raise ValueError(
                f"layer {number} of {name} must be {state_dtype(q)} where q is {q.dtype}, not {layer.dtype}."
            )
        width = layer.shape[3]
    if dv is not None and width != dv:
        raise ValueError(f"the last layer of {name} gives {width} columns, but v has {dv}.")


def check_like(name: str, layers: Weights, weights: Weights) -> None:
    if len(layers) != len(weights):
        raise ValueError(f"{name} has {len(layers)} layers, but weights has {len(weights)}.")
    for number, (layer, weight) in enumerate(zip(layers, weights, strict=True), 1):
        if layer.shape != weight.shape or layer.dtype != weight.dtype:
            raise ValueError(
                f"layer {number} of {name} must be like weights, {list(weight.shape)} {weight.dtype}, "
                f"not {list(layer.shape)} {layer.dtype}."
            )


def check_options(
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
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, not {backend!r}.")
    if read not in get_args(Read):
        raise ValueError(f"read must be 'after' or 'before', not {read!r}.")
    check_activation(activation)
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


def opened_keys(block_keys: Tensor | None, offset: int, q: Tensor) -> Tensor:
    """The keys that the open block has met: none where no block is open, whatever was handed in."""
    batch, _, heads, width = q.shape
    if not offset:
        return q.new_zeros(batch, heads, width, width, dtype=state_dtype(q))
    if block_keys is None:
        raise ValueError(f"offset is {offset}, inside a gradient block, so block_keys must be given.")
    if block_keys.shape != (batch, heads, width, width) or block_keys.dtype != state_dtype(q):
        raise ValueError(
            f"block_keys must be [{batch}, {heads}, {width}, {width}] {state_dtype(q)}, "
            f"not {list(block_keys.shape)} {block_keys.dtype}."
        )
    return block_keys


def check_activation(activation: str) -> None:
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {activation!r}.")
