"""What PyTorch is doing around a call."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.autograd import forward_ad


def transformed() -> bool:
    """Whether derivatives may be carried forward, or a transform of `torch.func` is at work.

    Neither shows on a tensor as `requires_grad` does, and both want ordinary operations of PyTorch.
    """
    if torch.compiler.is_compiling():
        return False
    carried: bool = forward_ad._current_level >= 0 or torch._C._are_functorch_transforms_active()
    return carried


def outside_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Autocast is off inside, where it is on for the device of x: a state keeps its dtype and precision."""
    if torch._C._is_any_autocast_enabled():
        kind = x.device.type
        if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
            return torch.autocast(kind, enabled=False)
    return nullcontext()
