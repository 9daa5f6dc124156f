"""The memory by a loop that numba compiles (`kernels.loop`): on processors, where no gradient has to pass.

numba is an extra: `pip install numba`. A machine's first call compiles, about 6 seconds, more or less by the
machine and by what else it does, and keeps what comes out in `__pycache__`; from then on a process's first
call takes some 0.4 s, half of it to import.
"""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kernels.bounded import RESIDUAL_FLOOR
from kernels.modes import transformed
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights

Array = np.ndarray[Any, Any]


def compiled(
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
    block_keys: Tensor | None,
    block_size: int,
    read: Read,
    activation: str,
    telemetry: bool,
) -> MemoryOutput:
    """A memory of any depth, any gradient block, token after token. Shapes as in `kernels.memory`."""
    batch, length, heads, width = q.shape
    memories, rows = batch * heads, length if telemetry else 1
    shapes = [tuple(w.shape[2:]) for w in weights]
    starts = [0, *accumulate(rows * columns for rows, columns in shapes)]
    levels = [0, *accumulate((width, *(columns for _, columns in shapes)))]

    tokens = [_by_memory(x) for x in (q, k, v, eta, theta, alpha)]
    kind = tokens[0].dtype
    state, speed = _packed(weights), _packed(momentum)
    opened = state if block_size == 1 else _packed(block_start or weights)
    keys = np.zeros((memories, width, width), kind)
    if block_keys is not None:
        keys[:] = block_keys.detach().numpy().reshape(keys.shape)
    y = np.empty((memories, length, v.shape[-1]), kind)
    told = np.empty((len(TELEMETRY), memories, rows), kind)
    inputs, deltas = np.empty((2, memories, rows, levels[-1]), kind)
    loop().run(
        *tokens,
        state,
        speed,
        state if initial is None else _packed(initial),
        opened,
        keys,
        offset,
        block_size,
        read == "before",
        activation == "gelu",
        initial is not None,
        block_keys is not None,
        RESIDUAL_FLOOR,
        np.array(starts),
        np.array(levels),
        y,
        told,
        inputs,
        deltas,
    )

    def per_token(x: Array) -> Tensor:
        return torch.from_numpy(x.reshape(batch, heads, *x.shape[1:]).swapaxes(1, 2))

    def per_layer(rows: Array) -> Weights:
        parts = (
            rows[:, a:b].reshape(batch, heads, *shape)
            for (a, b), shape in zip(pairwise(starts), shapes, strict=True)
        )
        return tuple(map(torch.from_numpy, parts))

    columns = torch.from_numpy(told.reshape(-1, batch, heads, rows).swapaxes(2, 3))
    offset = (offset + length) % block_size
    if not offset:
        keys[:] = 0
    units = [slice(a, b) for a, b in pairwise(levels)]
    return MemoryOutput(
        y=per_token(y),
        weights=per_layer(state),
        momentum=per_layer(speed),
        block_start=per_layer(opened) if offset else None,
        offset=offset,
        block_keys=None if block_keys is None else torch.from_numpy(keys.reshape(block_keys.shape)),
        telemetry=dict(zip(TELEMETRY, columns.unbind(0), strict=True)) if telemetry else {},
        factors=tuple(
            (per_token(inputs[..., below]), per_token(deltas[..., above])) for below, above in pairwise(units)
        )
        if telemetry
        else (),
    )


def require(given: Sequence[Tensor]) -> None:
    """Raise RuntimeError where the loop cannot be run, or not on these tensors."""
    loop()
    if _need_gradients(given):
        raise RuntimeError(
            "the backend 'numba' has no gradients: take 'torch', or call it under torch.no_grad()."
        )
    if given[0].device.type != "cpu":
        raise RuntimeError(
            f"the backend 'numba' is for the processor, but the tensors are on {given[0].device}."
        )


def preferred(given: Sequence[Tensor]) -> bool:
    """Whether the loop can be run on these tensors, q [B, T, H, Dk] first, and is likely the fastest form.

    Measured on one and two threads at widths of 32 to 512 it takes 0.07 to 1.3 times as long as PyTorch. It
    keeps to one thread, so many memories are left to PyTorch where that has more than two.
    """
    q = given[0]
    plain = type(q) is Tensor and q.device.type == "cpu" and not torch.compiler.is_compiling()
    few = q.shape[0] * q.shape[2] <= 16 or torch.get_num_threads() <= 2
    return plain and few and not _need_gradients(given) and _installed()


@cache
def loop() -> ModuleType:
    """The compiled loop, imported when it is first asked for."""
    try:
        from kernels import loop
    except ImportError as error:
        raise RuntimeError("the backend 'numba' needs numba: pip install numba.") from error
    except RuntimeError as error:
        raise RuntimeError(
            "numba finds no folder to keep what it compiles in: name one in NUMBA_CACHE_DIR."
        ) from error
    return loop


@cache
def _installed() -> bool:
    try:
        loop()
    except RuntimeError:
        return False
    return True


def _need_gradients(given: Sequence[Tensor]) -> bool:
    return transformed() or (torch.is_grad_enabled() and any(x.requires_grad for x in given))


def _by_memory(x: Tensor) -> Array:
    """[B, T, H, ...] -> [B H, T, ...]."""
    batch, length, heads, *rest = x.shape
    return np.ascontiguousarray(x.detach().numpy().swapaxes(1, 2).reshape(batch * heads, length, *rest))


def _packed(layers: Weights) -> Array:
    """[B, H, Din, Dout] each, copied into rows [B H, P]."""
    batch, heads = layers[0].shape[:2]
    return np.concatenate([x.detach().numpy().reshape(batch * heads, -1) for x in layers], 1)
