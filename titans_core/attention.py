"""Attention with persistent tokens: over a sliding window (MAG, MAL, the control) or a segment (MAC).

Positions are rotations (RoPE) by distance alone, counted inside the window or segment, so nothing depends
on how long the stream already is. Persistent tokens have no position: queries meet their keys unrotated.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from titans_core.config import ModelConfig


class Cache(NamedTuple):
    """Keys and values still in reach, unrotated: [B, H, n, D] each, n growing from 0 to the reach."""

    keys: Tensor
    values: Tensor


class SegmentCache(NamedTuple):
    """What the open segment of MAC holds so far: of the retrieved tokens h, and of the segment's own."""

    retrieved: Cache
    segment: Cache


class Attention(nn.Module):
    """Projections, rotation and the softmax that both kinds share."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads, self.head_width, self.window = config.heads, config.head_width, config.window
        inner = config.heads * config.head_width
        self.qkv = nn.Linear(config.width, 3 * inner, bias=False)
        self.out = nn.Linear(inner, config.width, bias=False)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [B, T, width] -> queries, keys, values [B, H, T, D]."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, self.head_width)).permute(2, 0, 3, 1, 4).unbind(0)
        return q, k, v

    def rotate(self, x: Tensor, start: int) -> Tensor:
        """Turn x [..., T, D] to the positions start, start + 1, …"""
        table = rotations(2 * self.window, self.head_width, x.dtype, x.device)
        cosine, sine = table[:, start : start + x.shape[-2]].unbind(0)
        a, b = x.chunk(2, -1)
        return torch.cat([a * cosine - b * sine, a * sine + b * cosine], -1)

    def empty(self, batch: int) -> Cache:
        """A cache that holds nothing yet."""
        nothing = self.qkv.weight.new_zeros(batch, self.heads, 0, self.head_width)
        return Cache(nothing, nothing)

    def mix(self, scores: list[Tensor], values: list[Tensor]) -> Tensor:
        """Softmax over all the scores [..., T, n_i] together, and the mean of the values [..., n_i, D]."""
        weights = (torch.cat(scores, -1) * self.head_width**-0.5).softmax(-1)
        parts = weights.split([s.shape[-1] for s in scores], -1)
        return torch.stack([w @ v for w, v in zip(parts, values, strict=True)]).sum(0)

    def merge(self, y: Tensor) -> Tensor:
        """[B, H, T, D] -> [B, T, width], the final projection."""
        merged: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return merged


@cache
def rotations(positions: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Cosines and sines [2, positions, width / 2] of RoPE, exact in any precision."""
    with torch.inference_mode(False):
        rates = 1e4 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
        angles = torch.arange(positions)[:, None] * rates  # [positions, width / 2]
        return torch.stack([angles.cos(), angles.sin()]).to(device, dtype)


class SlidingWindowAttention(Attention):
    """SW-Attn (equations 26 and 31): each token sees itself, the W − 1 before it, and the persistent
    tokens."""

    def forward(self, x: Tensor, persistent: Tensor | None, cache: Cache) -> tuple[Tensor, Cache]:
        """x [B, T, width], persistent [N_p, width] -> y [B, T, width] and the cache for what follows."""
        tokens, reach = x.shape[1], self.window - 1
        q, k, v = self.project(x)  # [B, H, T, D]
        keys, values = torch.cat([cache.keys, k], 2), torch.cat([cache.values, v], 2)
        held = keys.shape[2] - tokens  # ≤ reach
        block = min(tokens, self.window)
        blocks = -(-tokens // block)
        spare = blocks * block - tokens

        def pad(t: Tensor, before: int) -> Tensor:
            return nn.functional.pad(t, (0, 0, before, spare))

        def windows(t: Tensor) -> Tensor:  # every block of queries with all it can reach, without copying
            return pad(t, reach - held).unfold(2, reach + block, block).transpose(-1, -2)

        qs = pad(q, 0).unflatten(2, (blocks, block))  # [B, H, n, b, D]
        ks, vs = windows(keys), windows(values)  # [B, H, n, W − 1 + b, D]
        near = self.rotate(qs, reach) @ self.rotate(ks, 0).transpose(-1, -2)  # [B, H, n, b, W − 1 + b]
        scores = [near.masked_fill(self._hidden(blocks, block, reach - held), -torch.inf)]
        mixed = [vs]
        if persistent is not None:
            _, pk, pv = self.project(persistent[None])  # [1, H, N_p, D]
            scores.append(qs @ pk[:, :, None].transpose(-1, -2))
            mixed.append(pv[:, :, None])
        y = self.mix(scores, mixed).flatten(2, 3)[:, :, :tokens]
        keep = max(keys.shape[2] - reach, 0)
        return self.merge(y), Cache(keys[:, :, keep:], values[:, :, keep:])

    def _hidden(self, blocks: int, block: int, missing: int) -> Tensor:
        """True where a query [n, b, 1] may not see a key [n, 1, W − 1 + b]: future, out of the window,
        before the start."""
        device = self.qkv.weight.device
        query = torch.arange(block, device=device)[:, None]
        key = torch.arange(self.window - 1 + block, device=device)[None]
        outside = (key < query) | (key > query + self.window - 1)
        absent = torch.arange(blocks, device=device)[:, None, None] * block + key < missing
        return outside | absent


class SegmentAttention(Attention):
    """Attn over S̃ = [persistent ‖ h ‖ segment] (equations 22 and 23), causal, never across segments.

    Of h, position j is visible to positions ≥ j only: a segment-wide h would leak the segment's future.
    """

    def forward(
        self, x: Tensor, h: Tensor, persistent: Tensor, cache: SegmentCache
    ) -> tuple[Tensor, SegmentCache]:
        """x and h [B, T, width] inside one segment -> y [B, T, width] and the cache of the open segment."""
        q, k, v = self.project(x)  # [B, H, T, D]
        _, hk, hv = self.project(h)
        _, pk, pv = self.project(persistent[None])  # [1, H, N_p, D]
        retrieved = Cache(*(torch.cat(p, 2) for p in zip(cache.retrieved, (hk, hv), strict=True)))
        segment = Cache(*(torch.cat(p, 2) for p in zip(cache.segment, (k, v), strict=True)))
        total, tokens = segment.keys.shape[2], x.shape[1]
        turned = self.rotate(q, self.window + total - tokens)
        future = torch.ones(tokens, total, dtype=torch.bool, device=x.device).triu(total - tokens + 1)
        on_h = turned @ self.rotate(retrieved.keys, 0).transpose(-1, -2)  # h stands before the segment in S̃
        on_segment = turned @ self.rotate(segment.keys, self.window).transpose(-1, -2)
        scores = [
            q @ pk.transpose(-1, -2),
            on_h.masked_fill(future, -torch.inf),
            on_segment.masked_fill(future, -torch.inf),
        ]
        y = self.mix(scores, [pv, retrieved.values, segment.values])
        if total == self.window:
            nothing = self.empty(x.shape[0])
            return self.merge(y), SegmentCache(nothing, nothing)
        return self.merge(y), SegmentCache(retrieved, segment)
