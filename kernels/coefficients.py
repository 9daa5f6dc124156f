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
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad


def coefficients(eta: Tensor, alpha: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients of memory and momentum for chunks of gates.

    eta, alpha, step: [N, C]; step_i multiplies the columns of the writes, so u_i stands for a unit step.
    Returns memory [N, C + 1, C + 2], whose row t holds (b_t, f_t, P[t, 1..C] * step) after t tokens, row 0
    being the chunk's start, and momentum [N, C, C + 2] with the rows (0, h_t, L_eta[t, 1..C] * step), t >= 1.
    """
    memory, momentum = _AtUnitSteps.apply(eta, alpha)  # type: ignore[no-untyped-call]
    scale = pad(step, (2, 0), value=1.0)[:, None]  # [N, 1, C + 2]
    return memory * scale, momentum * scale


class _AtUnitSteps(torch.autograd.Function):
    """The coefficients of unit steps, with the outer gradient of the gates.

    Rows obey S_t = eta_t S_{t-1} + u_t and M_t = lambda_t M_{t-1} + S_t, so a gate's gradient is what gathers
    from its own row on, by the same products, times the row before. Autograd would divide by the gates.
    """

    @staticmethod
    def forward(ctx: Any, eta: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        below, keep = _masks(eta.shape[-1], eta.dtype, eta.device)
        gates = pad(torch.stack((eta, 1 - alpha)), (1, 0))  # [2, N, C + 1]
        products = torch.where(below, gates[..., None], 1.0).cumprod(-2).mul_(keep)  # [2, N, C + 1, C + 2]
        momentum, forgetting = products.unbind(0)
        memory = forgetting[..., 1:] @ momentum
        ctx.save_for_backward(memory, products)
        return memory, momentum[:, 1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_memory: Tensor, to_momentum: Tensor) -> tuple[Tensor, Tensor]:
        memory, products = ctx.saved_tensors
        momentum, forgetting = products.unbind(0)
        behind = forgetting[..., 2:].mT @ to_memory  # [N, C, C + 2], gathered from M_t, M_{t+1}, ...
        to_forgetting = (behind * memory[:, :-1]).sum(-1)
        behind = momentum[:, 1:, 2:].mT @ behind.add_(to_momentum)  # gathered from S_t, S_{t+1}, ...
        to_eta = (behind[:, 1:] * momentum[:, 1:-1]).sum(-1)
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
