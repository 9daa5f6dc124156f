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
        end = start + x.shape[-2]
        positions = max(2 * self.window, 1 << end.bit_length())  # few sizes, each computed once
        table = rotations(positions, self.head_width, x.dtype, x.device)
        cosine, sine = table[:, start:end].unbind(0)
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

    def mix_own(self, seen: list[tuple[Tensor, Tensor]], own: list[tuple[Tensor, Tensor]]) -> Tensor:
        """As ``mix``, of scores [..., T, n_i] and values [..., n_i, D] that many tokens see, and of each
        token's own: scores [..., T, 1] and values [..., T, D]."""
        weights = (torch.cat([s for s, _ in seen + own], -1) * self.head_width**-0.5).softmax(-1)
        parts = weights.split([s.shape[-1] for s, _ in seen + own], -1)
        far = [w @ v for w, (_, v) in zip(parts, seen, strict=False)]
        near = [w * v for w, (_, v) in zip(parts[len(seen) :], own, strict=True)]
        return torch.stack(far + near).sum(0)

    def past(self, before: Cache, x: Tensor, start: int) -> Cache:
        """Keys, turned to the positions ``start``, …, and values, of all but the last of what is held and
        x."""
        _, k, v = self.project(x)
        keys, values = (torch.cat(pair, 2)[:, :, :-1] for pair in zip(before, (k, v), strict=True))
        return Cache(self.rotate(keys, start), values)

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

    def alone(self, bare: Tensor, x: Tensor, persistent: Tensor | None, cache: Cache) -> Tensor:
        """Each token of ``bare`` [B, T, width] alone in the place of x's: it sees itself, and of x what came
        before it -> y like bare."""
        q, k, v = self.project(bare)  # [B, H, T, D]
        held = cache.keys.shape[2]
        keys, values = self.past(cache, x, 0)  # [B, H, held + T − 1, D]
        near = self.rotate(q, held) @ keys.transpose(-1, -2)
        places = torch.arange(held + x.shape[1], device=x.device)
        ago = places[held:, None] - places[:-1]  # [T, held + T − 1]
        seen = [(near.masked_fill((ago < 1) | (ago >= self.window), -torch.inf), values)]
        if persistent is not None:
            _, pk, pv = self.project(persistent[None])  # [1, H, N_p, D]
            seen.append((q @ pk.transpose(-1, -2), pv))
        return self.merge(self.mix_own(seen, [((q * k).sum(-1, keepdim=True), v)]))

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

    def alone(
        self, bare: tuple[Tensor, Tensor], x: Tensor, h: Tensor, persistent: Tensor, cache: SegmentCache
    ) -> Tensor:
        """Each token and its h, the two in ``bare``, alone in the place of x's, [B, T, width] each and inside
        one segment: it sees these two, and of h and x what came before it -> y [B, T, width]."""
        q, k, v = self.project(bare[0])  # [B, H, T, D]
        _, hk, hv = self.project(bare[1])
        _, pk, pv = self.project(persistent[None])  # [1, H, N_p, D]
        held = cache.segment.keys.shape[2]
        turned = self.rotate(q, self.window + held)
        retrieved, segment = self.past(cache.retrieved, h, 0), self.past(cache.segment, x, self.window)
        future = torch.ones(x.shape[1], segment.keys.shape[2], dtype=torch.bool, device=x.device).triu(held)
        seen = [
            ((turned @ past.keys.transpose(-1, -2)).masked_fill(future, -torch.inf), past.values)
            for past in (retrieved, segment)
        ]
        seen.append((q @ pk.transpose(-1, -2), pv))
        own = [
            ((q * k).sum(-1, keepdim=True), v),
            ((turned * self.rotate(hk, held)).sum(-1, keepdim=True), hv),
        ]
        return self.merge(self.mix_own(seen, own))
