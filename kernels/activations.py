"""Non-linearities between the layers of a deep memory, each with the way back through it.

The way back is written out, so that the gradient inside the memory is ordinary arithmetic and the outer
gradient flows through it. Where none is wanted PyTorch's own backward is one operation in place of six.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from kernels.modes import transformed


class Activation(NamedTuple):
    """value(x), and carried(d, x): d times the derivative at x."""

    value: Callable[[Tensor], Tensor]
    carried: Callable[[Tensor, Tensor], Tensor]


def _carried_by_silu(d: Tensor, x: Tensor) -> Tensor:
    if not (d.requires_grad or x.requires_grad or transformed()):
        carried: Tensor = torch.ops.aten.silu_backward(d, x)
        return carried
    gate = torch.sigmoid(x)
    return d * (gate * (1 + x * (1 - gate)))


def _carried_by_gelu(d: Tensor, x: Tensor) -> Tensor:
    density = torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return d * (0.5 * (1 + torch.erf(x / math.sqrt(2))) + x * density)


ACTIVATIONS = {"silu": Activation(F.silu, _carried_by_silu), "gelu": Activation(F.gelu, _carried_by_gelu)}
