"""The small parts that every block shares: normalisation, convolution, gating, feed-forward, state trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from titans_core import rowwise

Tree = TypeVar("Tree")

FEW = 64  # tokens up to which a convolution is a product and a sum: more operations, but at once


class RMSNorm(nn.Module):
    """Root-mean-square normalisation over the last dimension, with a learned scale and an optional shift.

    ``eps`` is added to the mean square: an input well below √eps is left small, not blown up to unit size.
    """

    def __init__(self, width: int, eps: float = 1e-6, shift: float | None = None) -> None:
        super().__init__()
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = None if shift is None else nn.Parameter(torch.full((width,), shift))

    def forward(self, x: Tensor) -> Tensor:  # [..., width] -> the same
        y: Tensor = x * torch.rsqrt(squares(x) / x.shape[-1] + self.eps) * self.scale
        return y if self.shift is None else y + self.shift


def squares(x: Tensor) -> Tensor:
    """The sum of squares over the last dimension, which stays: one pass, where x² would be written first."""
    total: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square()
    return total


def along(parts: Sequence[Tensor]) -> Tensor:
    """Consecutive parts [B, T, …] as one; one alone is not copied."""
    return torch.cat(list(parts), 1) if len(parts) > 1 else parts[0]


class CausalConvolution(nn.Module):
    """Depthwise causal convolution (4.4) whose last inputs are a value passed in and out."""

    def __init__(self, taps: Tensor) -> None:
        super().__init__()
        self.taps = nn.Parameter(taps)  # [width, channels]; the last row meets the current token

    @property
    def reach(self) -> int:
        """How many earlier tokens an output sees."""
        return self.taps.shape[0] - 1

    def forward(self, x: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, T, channels] after ``tail`` [B, reach, channels] -> (y like x, the new tail)."""
        return convolve(x, self.taps, tail)


def convolve(x: Tensor, taps: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
    """Each channel of x [B, T, channels] with its own taps [width, channels], after ``tail`` [B, width - 1,
    channels] -> (y like x, the new tail)."""
    seen = torch.cat([tail, x], 1)  # [B, width - 1 + T, channels]
    if x.shape[0] * x.shape[1] <= FEW:
        windows = seen.unfold(1, len(taps), 1).mT  # [B, T, width, channels], a view
        return (windows * taps).sum(-2), seen[:, x.shape[1] :]
    image = seen.transpose(1, 2).unsqueeze(2)  # one row, channels last: nothing is copied, as conv1d would
    y = F.conv2d(image, taps.t()[:, None, None], groups=x.shape[2])
    return y.squeeze(2).transpose(1, 2), seen[:, x.shape[1] :]


class Gating(nn.Module):
    """The paper's ⊗ (equations 25 and 28): both sides normalised with learned vectors, then a non-linearity.

    The learned shifts start at one, so that at first each side passes through linearly and scales the other.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.left = RMSNorm(width, eps=1e-3, shift=1.0)
        self.right = RMSNorm(width, eps=1e-3, shift=1.0)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:  # [B, T, width] each
        if left.shape == right.shape and rowwise.able(self, self.out.weight, left, right):
            return rowwise.gated(self, left, right)
        y: Tensor = self.out(F.silu(self.left(left)) * F.silu(self.right(right)))
        return y


class FeedForward(nn.Module):
    """The block's position-wise part: a SwiGLU of ``hidden`` units, normalised before."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if rowwise.able(self, self.up.weight, x):
            return rowwise.feed_forward(self, x)
        gate, value = self.up(self.norm(x)).chunk(2, -1)
        y: Tensor = self.down(F.silu(gate) * value)
        return y


def map_state(function: Callable[[Tensor], Tensor], state: Tree) -> Tree:
    """Apply ``function`` to every tensor of a state (nested tuples of tensors and numbers)."""
    tree: Any = state
    if isinstance(tree, Tensor):
        return function(tree)  # type: ignore[return-value]
    if isinstance(tree, tuple):
        parts = [map_state(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)  # type: ignore[return-value]
    return state


def owned(tensor: Tensor) -> Tensor:
    """The same numbers, without the larger tensor that they may be a view of: that would stay in memory."""
    return tensor.clone() if tensor.untyped_storage().nbytes() > tensor.nbytes else tensor


def flatten_state(state: Any, prefix: str = "") -> dict[str, Tensor | int]:
    """A state as flat names, ``"0.memory.weights.1"`` -> tensor or number."""
    if not isinstance(state, tuple):
        return {prefix: state}
    names = getattr(state, "_fields", range(len(state)))
    flat: dict[str, Tensor | int] = {}
    for name, part in zip(names, state, strict=True):
        flat |= flatten_state(part, f"{prefix}.{name}" if prefix else str(name))
    return flat


def restore_state(template: Tree, flat: dict[str, Any], prefix: str = "") -> Tree:
    """The inverse of ``flatten_state``: the template gives the types. Raises KeyError where a name is
    missing.

    A plain tuple takes as many entries as the flat names hold, so its length may differ from the template's.
    """
    tree: Any = template
    if not isinstance(tree, tuple):
        return flat[prefix]  # type: ignore[no-any-return]
    dot = f"{prefix}." if prefix else ""
    if hasattr(tree, "_fields"):
        parts = [
            restore_state(part, flat, f"{dot}{name}") for name, part in zip(tree._fields, tree, strict=True)
        ]
        return type(tree)(*parts)  # type: ignore[return-value]
    if tree and not isinstance(tree[0], Tensor):
        return tuple(restore_state(part, flat, f"{dot}{i}") for i, part in enumerate(tree))  # type: ignore[return-value]
    tensors: list[Tensor] = []
    while f"{dot}{len(tensors)}" in flat:
        tensors.append(flat[f"{dot}{len(tensors)}"])
    return tuple(tensors)  # type: ignore[return-value]


class Telemetry(NamedTuple):
    """What one block reports of a call.

    columns: one tensor [B, T, H] a quantity, by name.
    factors: for each matrix of the memory the rank-one factors of its gradients, inputs [B, T, H, D_in] and
    deltas [B, T, H, D_out].
    queries: what the memory was asked for its retrieval, [B, T, H, D]. handed: what it handed over to the
    block then, [B, T, width]. entering: the residual stream as it came to the block, [B, T, width]; the model
    adds it.
    """

    columns: dict[str, Tensor]
    factors: tuple[tuple[Tensor, Tensor], ...]
    queries: Tensor
    handed: Tensor
    entering: Tensor | None = None
