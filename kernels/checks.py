"""What comes in, looked at before anything is computed: one sentence for what does not fit."""

from typing import TypeGuard, get_args

import torch
from torch import Tensor

from kernels.activations import ACTIVATIONS
from kernels.backends import BACKENDS, HALF
from kernels.output import Objective, Read, Step, Weights

ENDLESS = 2**62  # tokens of a chunk or gradient block that no stream comes to the end of: more overflow
DTYPES = (torch.float32, torch.float64, *HALF)


def check_queries(q: Tensor) -> None:
    if not isinstance(q, Tensor):
        raise TypeError(f"q must be a tensor, not {_kind(q)}.")
    if q.layout != torch.strided:
        raise _stranger("q", q, q.device)
    if q.ndim != 4:
        raise ValueError(f"q must be [B, T, H, Dk], but its shape is {list(q.shape)}.")
    if q.dtype not in DTYPES:
        raise ValueError(f"q must be float16, bfloat16, float32 or float64, but it is {q.dtype}.")


def check_tensors(q: Tensor, k: Tensor, v: Tensor, gates: tuple[Tensor, Tensor, Tensor]) -> None:
    check_queries(q)
    device, dtype, shape = q.device, q.dtype, q.shape
    for name, x in (("k", k), ("v", v)):
        if not _plain(x, device):
            raise _stranger(name, x, device)
        if x.dtype != dtype:
            raise ValueError(f"{name} must have the dtype of q, {dtype}, but it is {x.dtype}.")
    tokens = shape[:3]
    if k.shape != shape:
        raise ValueError(f"k must have the shape of q, {list(shape)}, but its shape is {list(k.shape)}.")
    if v.ndim != 4 or v.shape[:3] != tokens:
        raise ValueError(f"v must be {list(tokens)} and Dv, but its shape is {list(v.shape)}.")
    if 0 in (shape[0], shape[2], shape[3], v.shape[3]):
        raise ValueError(
            "a memory has at least one sequence, one head and one column of keys and values, but q is "
            f"{list(shape)} and v {list(v.shape)}."
        )
    wide = state_dtype(q)
    for name, gate in zip(("eta", "theta", "alpha"), gates, strict=True):
        if not _plain(gate, device):
            raise _stranger(name, gate, device)
        if gate.shape != tokens:
            raise ValueError(f"{name} must be [B, T, H] = {list(tokens)}, not {list(gate.shape)}.")
        if gate.dtype != wide:
            raise ValueError(f"{name} must be {wide} where q is {dtype}, but it is {gate.dtype}.")


def state_dtype(q: Tensor) -> torch.dtype:
    """Of gates, weights and momentum: what sums up a thousand tokens is never half as wide."""
    return torch.float32 if q.dtype in HALF else q.dtype


def check_layers(name: str, layers: Weights, q: Tensor, dv: int | None) -> None:
    """Layers [B, H, Din, Dout] that lead from the width of q to dv, where that is given."""
    _check_sequence(name, layers)
    if not layers:
        raise ValueError(f"{name} must hold at least one layer.")
    (batch, _, heads, width), device, dtype = q.shape, q.device, state_dtype(q)
    for number, layer in enumerate(layers, 1):
        if not _plain(layer, device):
            raise _stranger(f"layer {number} of {name}", layer, device)
        shape = layer.shape
        if len(shape) != 4 or shape[:3] != (batch, heads, width) or not shape[3]:
            raise ValueError(
                f"layer {number} of {name} must be [{batch}, {heads}, {width}, D], D > 0, not {list(shape)}."
            )
        if layer.dtype != dtype:
            raise ValueError(
                f"layer {number} of {name} must be {dtype} where q is {q.dtype}, not {layer.dtype}."
            )
        width = shape[3]
    if dv is not None and width != dv:
        raise ValueError(f"the last layer of {name} gives {width} columns, but v has {dv}.")


def check_like(name: str, layers: Weights, weights: Weights) -> None:
    _check_sequence(name, layers)
    if len(layers) != len(weights):
        raise ValueError(f"{name} has {len(layers)} layers, but weights has {len(weights)}.")
    for number, (layer, weight) in enumerate(zip(layers, weights, strict=True), 1):
        if not _plain(layer, weight.device):
            raise _stranger(f"layer {number} of {name}", layer, weight.device)
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
    objective: str,
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
    if objective not in get_args(Objective):
        raise ValueError(f"objective must be 'squared' or 'inner', not {objective!r}.")
    if objective == "inner" and depth > 1:
        raise ValueError("the inner product is the objective of a linear memory alone.")
    for name, number in (("chunk_size", chunk_size), ("block_size", block_size), ("offset", offset)):
        if not isinstance(number, int) or isinstance(number, bool):
            raise TypeError(f"{name} must be an int, not {number!r}.")
    if chunk_size < 1 or block_size < 1 or chunk_size % block_size:
        raise ValueError(
            "block_size must divide chunk_size, and both must be 1 or more, but block_size is "
            f"{block_size} and chunk_size {chunk_size}."
        )
    if chunk_size > ENDLESS:
        raise ValueError(f"chunk_size must be at most 2**62 tokens, but it is {chunk_size}.")
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
    if not _plain(block_keys, q.device):
        raise _stranger("block_keys", block_keys, q.device)
    if block_keys.shape != (batch, heads, width, width) or block_keys.dtype != state_dtype(q):
        raise ValueError(
            f"block_keys must be [{batch}, {heads}, {width}, {width}] {state_dtype(q)}, "
            f"not {list(block_keys.shape)} {block_keys.dtype}."
        )
    return block_keys


def check_activation(activation: str) -> None:
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {activation!r}.")


def _check_sequence(name: str, layers: object) -> None:
    if not isinstance(layers, tuple | list):
        raise TypeError(f"{name} must be a tuple of tensors, one for each layer, not {_kind(layers)}.")


def _plain(x: object, device: torch.device) -> TypeGuard[Tensor]:
    return isinstance(x, Tensor) and x.device == device and x.layout == torch.strided


def _stranger(name: str, x: object, device: torch.device) -> Exception:
    """What is wrong with something that is no tensor, or none on the device of q, or a sparse one."""
    if isinstance(x, Tensor):
        if x.device == device:
            return ValueError(f"{name} must be dense, but it is {x.layout}: give it by to_dense().")
        return ValueError(f"{name} must be on the device of q, {device}, but it is on {x.device}.")
    return TypeError(f"{name} must be a tensor, not {_kind(x)}.")


def _kind(x: object) -> str:
    return "None" if x is None else f"a {type(x).__name__}"
