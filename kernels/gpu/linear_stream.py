"""The linear memory token by token as an operator of PyTorch: what a stream brings, in one launch."""

import torch
from torch import Tensor

from kernels.gpu import recurrent
from kernels.gpu.launch import on_device_of
from kernels.gpu.operators import SIZES


@torch.library.custom_op("titans::linear_recurrent", mutates_args=())
def linear_recurrent(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    memory: Tensor,
    momentum: Tensor,
    reference: Tensor,
    origin: Tensor | None,
    offset: int,
    block: int,
    before: bool,
    sized: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Token by token, in one launch: shapes and dtypes as in `linear_memory`, any number of tokens.

    reference [B, H, K, V]: the memory that gradients are taken at while the open block of `offset` tokens
    lasts. Returns y and -2 times the residuals like v, memory, momentum and reference after the last token,
    [3, B, H, K, V], and, if `sized`, the sizes as `linear_memory` gives them. Without outer gradients.
    """
    batch, tokens, heads, wide = q.shape
    y, errors = torch.empty_like(v), torch.empty_like(v)
    sizes = eta.new_empty(batch, tokens if sized else 0, heads, SIZES)
    last = memory.new_empty(3, *memory.shape)
    with on_device_of(q):
        recurrent.recurrent[(batch * heads,)](
            q,
            k,
            v,
            eta,
            theta,
            alpha,
            memory,
            momentum,
            reference,
            memory if origin is None else origin,
            y,
            errors,
            sizes,
            last,
            offset,
            block,
            tokens,
            heads,
            K=wide,
            V=v.shape[3],
            BEFORE=before,
            TELEMETRY=sized,
            SHIFTED=origin is not None,
            num_warps=4 if wide * v.shape[3] <= 64 * 64 else 16,  # M, S and the reference live in registers
        )
    return y, errors, last, sizes


@linear_recurrent.register_fake
def _linear_recurrent_shapes(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    memory: Tensor,
    momentum: Tensor,
    reference: Tensor,
    origin: Tensor | None,
    offset: int,
    block: int,
    before: bool,
    sized: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    batch, tokens, heads, _ = q.shape
    sizes = eta.new_empty(batch, tokens if sized else 0, heads, SIZES)
    return torch.empty_like(v), torch.empty_like(v), memory.new_empty(3, *memory.shape), sizes
