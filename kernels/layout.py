"""Between the callers' order, tokens before heads, and chunks side by side as batched products want them."""

from torch import Tensor


def chunked(x: Tensor, chunks: int) -> Tensor:
    """[B, T, H, ...] -> [B * H * chunks, T / chunks, ...], each head's chunks in order."""
    batch, length, heads, *rest = x.shape
    return x.transpose(1, 2).reshape(batch * heads * chunks, length // chunks, *rest)


def sequence(x: Tensor, batch: int, heads: int) -> Tensor:
    """[B * H * chunks, C, ...] -> [B, T, H, ...], the way back."""
    return x.reshape(batch, heads, -1, *x.shape[2:]).transpose(1, 2)


def per_chunk(x: Tensor, chunks: int) -> Tensor:
    """[B, H, ...] -> [B * H * chunks, ...], the same for every chunk of a head."""
    return x.flatten(0, 1)[:, None].expand(-1, chunks, *x.shape[2:]).flatten(0, 1)


def twice(x: Tensor, scales: Tensor) -> Tensor:
    """Each row of x [N, R, D] beside itself, scaled by its two scales [N, R, 2]: [N, R, 2 D]."""
    return (scales[..., None] * x[..., None, :]).flatten(2)
