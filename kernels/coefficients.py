"""How much of every earlier write each token's memory still holds (section 3.2).

Momentum (10) and memory (13) are linear in what enters them: the memory M_0 and the momentum S_0 that the
chunk starts from, and the write u_i of each of its tokens. So with scalars that depend on the gates alone,

    S_t = h_t S_0           + sum_{i<=t} L_eta[t, i] u_i
    M_t = b_t M_0 + f_t S_0 + sum_{i<=t} P[t, i]     u_i          P = L_lambda L_eta,   lambda = 1 - alpha.

L_a[t, i] is the product of a_j over i < j <= t. It is taken as a running product down masked columns, never
as a ratio or through logarithms: exact where a gate is 0 or 1, and nothing cancels, for nothing is negative.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from kernels.modes import transformed


def coefficients(eta: Tensor, alpha: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients of memory and momentum for chunks of gates.

    eta, alpha, step: [N, C]; step_i multiplies the columns of the writes, so u_i stands for a unit step.
    Returns memory [N, C + 1, C + 2], whose row t holds (b_t, f_t, P[t, 1..C] * step) after t tokens, row 0
    being the chunk's start, and momentum [N, C, C + 2] with the rows (0, h_t, L_eta[t, 1..C] * step), t >= 1.
    """
    at_unit_steps = _unit_steps if transformed() else _UnitSteps.apply
    memory, momentum, _ = at_unit_steps(eta, alpha)
    scale = pad(step, (2, 0), value=1.0)[:, None]  # [N, 1, C + 2]
    return memory * scale, momentum * scale


def _unit_steps(eta: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The coefficients of unit steps, and L_lambda [N, C + 1, C + 1] from time 0 on."""
    below, keep = _masks(eta.shape[-1], eta.dtype, eta.device)
    gates = pad(torch.stack((eta, 1 - alpha)), (1, 0))  # [2, N, C + 1]
    products = torch.where(below, gates[..., None], 1.0).cumprod(-2)  # [2, N, C + 1, C + 2]
    products = products * keep if torch.is_grad_enabled() else products.mul_(keep)
    momentum, forgetting = products[0], products[1, ..., 1:]
    return forgetting @ momentum, momentum[:, 1:], forgetting


class _UnitSteps(torch.autograd.Function):
    """`_unit_steps` with the outer gradient of the gates, which autograd would divide by.

    Rows obey S_t = eta_t S_{t-1} + u_t and M_t = lambda_t M_{t-1} + S_t, so a gate's gradient is what gathers
    from its own row on, by the same products, times the row before. Those products are outputs, L_lambda too
    for nothing else: so the gradient has one in its turn, by the same lines.
    """

    @staticmethod
    def forward(ctx: Any, eta: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found = _unit_steps(eta, alpha)
        ctx.save_for_backward(*found)
        ctx.set_materialize_grads(False)  # only a second derivative meets L_lambda
        return found

    @staticmethod
    def backward(
        ctx: Any, to_memory: Tensor | None, to_momentum: Tensor | None, to_products: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        memory, momentum, forgetting = ctx.saved_tensors
        to_memory = torch.zeros_like(memory) if to_memory is None else to_memory
        behind = forgetting[..., 1:].mT @ to_memory  # [N, C, C + 2], gathered from M_t, M_{t+1}, ...
        to_forgetting = (behind * memory[:, :-1]).sum(-1)
        if to_products is not None:
            gathered = forgetting[..., 1:].mT @ to_products
            to_forgetting = to_forgetting + (gathered * forgetting[:, :-1]).sum(-1)
        if to_momentum is not None:
            behind = behind + to_momentum if torch.is_grad_enabled() else behind.add_(to_momentum)
        behind = momentum[..., 2:].mT @ behind  # gathered from S_t, S_{t+1}, ...
        to_eta = (behind[:, 1:] * momentum[:, :-1]).sum(-1)
        first = behind[:, :1, 1]  # before the first token the momentum is S_0 itself
        return torch.cat((first, to_eta), 1), -to_forgetting


@lru_cache(maxsize=256)
def _masks(size: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where a gate multiplies and which products stay, on the grid times 0..C by sources M_0, S_0, 1..C."""
    time = torch.arange(size + 1, device=device)[:, None]
    source = torch.arange(size + 2, device=device)[None, :]
    # Column s > 0 enters at time s - 1 (S_0 at 0, the i-th token at i) and is multiplied from time s on.
    below = (time >= source) & (source > 0)
    reached = time + 1 >= source
    # M_0 enters the product with L_lambda at time 0; of S_0 only what is left after a token enters M.
    momentum = torch.where(source == 0, time == 0, reached & ~((time == 0) & (source == 1)))
    return below, torch.stack((momentum, reached))[:, None].to(dtype)
