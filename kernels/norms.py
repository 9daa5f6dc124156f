"""The sizes of gradient, momentum and memory at every token, without building any of them.

Each is a known combination of the chunk's starting matrices and of rank-one writes x_iᵀ d_i, so its squared
Frobenius norm is a quadratic form in the Gram matrix of those, and <x_iᵀ d_i, x_jᵀ d_j> = (x_i·x_j)(d_i·d_j).
Large terms cancel in the form, so it is evaluated in float64 whatever the input.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad


@torch.no_grad()
def squared_norms(
    x: Tensor, d: Tensor, state: Tensor, origin: Tensor | None, memory: Tensor, momentum: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Squared Frobenius norms [N, C], in float64: of each write, and of momentum and memory after each token.

    x [N, C, Din], d [N, C, Dout]: the writes' factors. state [N, 2, Din, Dout]: M_0, as its distance from
    origin [N, Din, Dout] if there is one, and S_0. memory, momentum [N, C, 2 + C]: coefficients of M_0, S_0
    and the writes after each token.
    """
    size = x.shape[1]
    if origin is not None:  # one source more, always wholly in the memory and never in the momentum
        state = torch.cat((origin[:, None], state), 1)
        memory, momentum = pad(memory, (1, 0), value=1.0), pad(momentum, (1, 0))
    x, d, state = x.double(), d.double(), state.double()
    flat = state.flatten(2)
    answers = (state.flatten(1, 2) @ d.mT).view(*state.shape[:3], size)  # [N, Z, Din, C]
    mixed = (answers * x.mT[:, None]).sum(-2)  # [N, Z, C], <source, write>
    writes = (x @ x.mT) * (d @ d.mT)  # [N, C, C]
    gram = torch.cat((torch.cat((flat @ flat.mT, mixed), 2), torch.cat((mixed.mT, writes), 2)), 1)
    rows = torch.cat((momentum, memory), 1).double()  # [N, 2C, Z + C]
    squares = ((rows @ gram) * rows).sum(-1).clamp_min(0)
    return writes.diagonal(dim1=-2, dim2=-1), squares[:, :size], squares[:, size:]
