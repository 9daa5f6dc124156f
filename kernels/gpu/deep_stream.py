"""The token-by-token kernel of the deep memory as an operator of PyTorch, without outer gradients."""

import torch
from torch import Tensor

from kernels.gpu.deep_operators import ACTIVATIONS, WARPS
from kernels.gpu.deep_recurrent import deep_recurrent as kernel
from kernels.gpu.limits import tile
from kernels.gpu.operators import SIZES
from kernels.output import Weights

LARGEST = 64 * 128  # a layer, so that those of a memory and their momentum lie in registers together


def fits_token_by_token(weights: Weights) -> bool:
    """Whether the kernel takes such a memory of two layers."""
    return all(tile(layer.shape[2]) * tile(layer.shape[3]) <= LARGEST for layer in weights)


@torch.library.custom_op("titans::deep_recurrent", mutates_args=())
def deep_recurrent(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    weights1: Tensor,
    weights2: Tensor,
    momentum1: Tensor,
    momentum2: Tensor,
    initial1: Tensor | None,
    initial2: Tensor | None,
    opened1: Tensor,
    opened2: Tensor,
    block_keys: Tensor | None,
    offset: int,
    block: int,
    before: bool,
    activation: str,
    sized: bool,
) -> list[Tensor]:
    """Any number of tokens, one after the other, in one launch: shapes as in `deep_memory`, N a power of two.

    opened: the layers that gradients are taken at while the open block of `offset` tokens lasts; block_keys
    [B, H, K, K]: the keys it has met, given where the step is bounded. Returns what `deep_memory` does, with
    the second layer's inputs, the residuals and the norms of no token unless `sized`, and then opened1,
    opened2 and block_keys as they are after the last token.
    """
    heads, wide, units, high = q.shape[2], q.shape[3], weights1.shape[3], v.shape[3]
    made = _made(q, v, weights1, weights2, momentum1, momentum2, sized)
    y, state1, state2, inputs, deltas1, deltas2, steps, sizes = made
    opened = [opened1.clone(), opened2.clone()]
    keys = q.new_empty(0) if block_keys is None else block_keys.clone()
    with torch.cuda.device_of(q):
        kernel[(q.shape[0] * heads,)](
            q, k, v, eta, theta, alpha,
            state1 if initial1 is None else initial1, state2 if initial2 is None else initial2,
            state1, state2, *opened, keys, y, inputs, deltas1, deltas2, steps, sizes,
            offset, block, q.shape[1], heads, K=wide, N=units, V=high,
            BEFORE=before, SHIFTED=initial1 is not None, BOUNDED=block_keys is not None, EXACT=block == 1,
            TELEMETRY=sized, ACT=ACTIVATIONS[activation], num_warps=WARPS,
        )  # fmt: skip
    return [*made, *opened, keys]


@deep_recurrent.register_fake
def _deep_recurrent_shapes(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    weights1: Tensor,
    weights2: Tensor,
    momentum1: Tensor,
    momentum2: Tensor,
    initial1: Tensor | None,
    initial2: Tensor | None,
    opened1: Tensor,
    opened2: Tensor,
    block_keys: Tensor | None,
    offset: int,
    block: int,
    before: bool,
    activation: str,
    sized: bool,
) -> list[Tensor]:
    keys = q.new_empty(0) if block_keys is None else torch.empty_like(block_keys)
    made = _made(q, v, weights1, weights2, momentum1, momentum2, sized)
    return [*made, torch.empty_like(opened1), torch.empty_like(opened2), keys]


def _made(
    q: Tensor,
    v: Tensor,
    weights1: Tensor,
    weights2: Tensor,
    momentum1: Tensor,
    momentum2: Tensor,
    sized: bool,
) -> list[Tensor]:
    """y, the state as it is before the first token, inputs, deltas1, deltas2, steps and sizes."""
    batch, tokens, heads, _ = q.shape
    told = (batch, tokens if sized else 0, heads)
    units, high = weights1.shape[3], v.shape[3]
    state = (torch.stack((weights1, momentum1)), torch.stack((weights2, momentum2)))
    factors = (q.new_empty(*told, width) for width in (units, units, high))
    return [torch.empty_like(v), *state, *factors, q.new_empty(q.shape[:3]), q.new_empty(*told, SIZES)]
