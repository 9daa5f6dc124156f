"""Non-linearities between the layers of a deep memory, each with its derivative.

The derivatives are written out, so that the gradient inside the memory is ordinary arithmetic and the outer
gradient flows through it.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Activation(NamedTuple):
    value: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]


def _silu_derivative(x: Tensor) -> Tensor:
    gate = torch.sigmoid(x)
    return gate * (1 + x * (1 - gate))


def _gelu_derivative(x: Tensor) -> Tensor:
    density = torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return 0.5 * (1 + torch.erf(x / math.sqrt(2))) + x * density


ACTIVATIONS = {"silu": Activation(F.silu, _silu_derivative), "gelu": Activation(F.gelu, _gelu_derivative)}
