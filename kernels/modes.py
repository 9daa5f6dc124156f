"""What PyTorch is doing around a call."""

import torch
from torch.autograd import forward_ad


def transformed() -> bool:
    """Whether derivatives may be carried forward, or a transform of `torch.func` is at work.

    Neither shows on a tensor as `requires_grad` does, and both want ordinary operations of PyTorch.
    """
    if torch.compiler.is_compiling():
        return False
    carried: bool = forward_ad._current_level >= 0 or torch._C._are_functorch_transforms_active()
    return carried
