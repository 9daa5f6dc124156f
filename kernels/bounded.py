"""The bounded step of a deep memory: to first order no token carries its own answer past its value.

A deep memory's gradients are taken at its block's start weights, and how far a step moves what it answers
depends on those weights. So the step of token t is not theta_t as given but

    theta_t (1 - eta_t) / (max(1, kappa_t) (1 + sum_j 2 theta_j (k_t·k_j)²)²)      j before t in t's block,

    kappa_t = sum over the layers l of |x_l|² |d_l|² / (|e|² + 1e-3)

with a layer's input x_l, the residual e = v - M(k), and d_l, what backpropagation makes of e at the layer's
output. kappa is the token's tangent kernel along its residual: to first order a step theta moves the token's
own answer by 2 theta kappa e along e, so with 2 theta <= 1 the bounded one does not carry it past its value.
The sum damps keys that the block has met before: none of its gradients has seen what was written under them.
And 1 - eta makes up for the momentum that every write gathers. Beyond first order nothing is proved: one key
told again and again can carry an answer past its value, to 1.8 times it in what was tried.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

RESIDUAL_FLOOR = 1e-3  # beside |e|²: what is all but known needs no bound


def bounded(
    k: Tensor, theta: Tensor, eta: Tensor, layers: Sequence[tuple[Tensor, Tensor]], block_keys: Tensor
) -> Tensor:
    """The factors [..., C] of the given steps, for consecutive tokens of one block.

    k [..., C, Dk]; theta, eta [..., C]; layers: x [..., C, Din] and d [..., C, Dout] of each, the last d
    being the residual; block_keys [..., Dk, Dk]: `weighed_keys` of the block's tokens before these.
    """
    among = (k @ k.mT).square().tril(-1) @ (2 * theta[..., None])
    met = among[..., 0] + ((k @ block_keys) * k).sum(-1)
    return (1 - eta) / (tangent_kernel(layers).clamp_min(1) * (1 + met).square())


def weighed_keys(k: Tensor, theta: Tensor) -> Tensor:
    """The sum of 2 theta k kᵀ over tokens: k [..., C, Dk], theta [..., C] -> [..., Dk, Dk]."""
    return (2 * theta[..., None] * k).mT @ k


def tangent_kernel(layers: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """kappa [..., C] of the layers' x and d."""
    writes = torch.stack([x.square().sum(-1) * d.square().sum(-1) for x, d in layers]).sum(0)
    return writes / (layers[-1][1].square().sum(-1) + RESIDUAL_FLOOR)
