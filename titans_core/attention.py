"""Attention with persistent tokens: over a sliding window (MAG, MAL, the control) or a segment (MAC).

Positions are rotations (RoPE) by distance alone, counted inside the window or segment, so nothing depends
on how long the stream already is. Persistent tokens have no position: queries meet their keys unrotated.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache, reduce
from typing import NamedTuple

import torch
import torch.nn.functional as F
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

    def held(self, x: Tensor) -> Cache:
        """x [B, T, width] -> keys and values alone."""
        weight = self.qkv.weight[self.heads * self.head_width :]
        parts = F.linear(x, weight).unflatten(-1, (2, self.heads, self.head_width))
        return Cache(*parts.permute(2, 0, 3, 1, 4).unbind(0))

    def rotate(self, x: Tensor, start: int) -> Tensor:
        """Turn x [..., T, D] to the positions start, start + 1, …"""
        end = start + x.shape[-2]
        return turn(x, self.table(end, x)[:, start:end])

    def table(self, end: int, x: Tensor) -> Tensor:
        """Rotations [2, positions, D] up to the position ``end`` at least, in the precision of x."""
        positions = max(2 * self.window, 1 << end.bit_length())  # few sizes, each computed once
        return rotations(positions, self.head_width, x.dtype, x.device)

    def empty(self, batch: int) -> Cache:
        """A cache that holds nothing yet."""
        nothing = self.qkv.weight.new_zeros(batch, self.heads, 0, self.head_width)
        return Cache(nothing, nothing)

    def mix(self, scores: list[Tensor], values: list[Tensor]) -> Tensor:
        """Softmax over all the scores [..., T, n_i] together, and the mean of the values [..., n_j, D], which
        may be in fewer parts."""
        weights: Tensor = (torch.cat(scores, -1) * self.head_width**-0.5).softmax(-1)
        if len(values) == 1:
            return weights @ values[0]
        parts = weights.split([v.shape[-2] for v in values], -1)
        return total(w @ v for w, v in zip(parts, values, strict=True))

    def mix_own(self, seen: list[tuple[Tensor, Tensor]], own: list[tuple[Tensor, Tensor]]) -> Tensor:
        """As ``mix``, of scores [..., T, n_i] and values [..., n_i, D] that many tokens see, and of each
        token's own: scores [..., T, 1] and values [..., T, D]."""
        weights = (torch.cat([s for s, _ in seen + own], -1) * self.head_width**-0.5).softmax(-1)
        parts = weights.split([s.shape[-1] for s, _ in seen + own], -1)
        far = [w @ v for w, (_, v) in zip(parts, seen, strict=False)]
        near = [w * v for w, (_, v) in zip(parts[len(seen) :], own, strict=True)]
        return total(far + near)

    def past(self, before: Cache, x: Tensor, start: int) -> Cache:
        """Keys, turned to the positions ``start``, …, and values, of all but the last of what is held and
        x."""
        keys, values = (torch.cat(pair, 2)[:, :, :-1] for pair in zip(before, self.held(x), strict=True))
        return Cache(self.rotate(keys, start), values)

    def merge(self, y: Tensor) -> Tensor:
        """[B, H, T, D] -> [B, T, width], the final projection."""
        merged: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return merged


@cache
def rotations(positions: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What RoPE multiplies by, exact in any precision: [2, positions, width], for the channels themselves and
    for those half a width away, which the first half takes with a minus."""
    with torch.inference_mode(False):
        rates = 1e4 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
        angles = torch.arange(positions)[:, None] * rates  # [positions, width / 2]
        sines = torch.cat([-angles.sin(), angles.sin()], -1)
        return torch.stack([angles.cos().repeat(1, 2), sines]).to(device, dtype)


def turn(x: Tensor, table: Tensor) -> Tensor:
    """x [..., T, D] by the rotations [2, …, T, D] of its positions."""
    a, b = x.chunk(2, -1)
    return torch.addcmul(x * table[0], torch.cat([b, a], -1), table[1])


def total(parts: Iterable[Tensor]) -> Tensor:
    """The sum of tensors of one shape."""
    found: Tensor = reduce(torch.add, parts)
    return found


@lru_cache(maxsize=256)
def future(tokens: int, total: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """−∞ where the last ``tokens`` of ``total`` may not look, of h and of the segment, else 0: [tokens,
    2 total]."""
    with torch.inference_mode(False):
        hidden = torch.full((tokens, total), -torch.inf, dtype=dtype, device=device)
        return hidden.triu(total - tokens + 1).repeat(1, 2)


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
            pk, pv = self.held(persistent[None])  # [1, H, N_p, D]
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
            pk, pv = self.held(persistent[None])  # [1, H, N_p, D]
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
        self, own: tuple[Tensor, Tensor, Tensor], h: Tensor, persistent: Cache, cache: SegmentCache
    ) -> tuple[Tensor, SegmentCache]:
        """Tokens inside one segment, their own queries, keys and values [B, H, T, D] and their h [B, T,
        width] -> y [B, T, width] and the cache of the open segment."""
        q, k, v = own
        hk, hv = self.held(h)
        tokens, filled = q.shape[2], q.shape[2] + cache.segment.keys.shape[2]
        keys = torch.cat([cache.retrieved.keys, hk, cache.segment.keys, k], 2)  # [B, H, 2 filled, D]
        lasting = persistent.values.expand(len(q), -1, -1, -1)
        values = torch.cat([lasting, cache.retrieved.values, hv, cache.segment.values, v], 2)
        # h stands before the segment in S̃: positions 0, 1, … and window, window + 1, …
        table = self.table(2 * self.window, q)
        places = table[:, : 2 * self.window].unflatten(1, (2, self.window))[:, :, :filled]
        turned = turn(q, table[:, self.window + filled - tokens : self.window + filled])
        near = turned @ turn(keys.unflatten(2, (2, filled)), places).flatten(2, 3).mT  # [B, H, T, 2 filled]
        if tokens > 1:
            near = near + future(tokens, filled, q.dtype, q.device)
        y = self.merge(self.mix([q @ persistent.keys.mT, near], [values]))
        if filled == self.window:
            nothing = self.empty(len(q))
            return y, SegmentCache(nothing, nothing)
        (hk, k), (hv, v) = keys.split(filled, 2), values[:, :, -2 * filled :].split(filled, 2)
        return y, SegmentCache(Cache(hk, hv), Cache(k, v))

    def alone(
        self, bare: tuple[Tensor, Tensor], x: Tensor, h: Tensor, persistent: Cache, cache: SegmentCache
    ) -> Tensor:
        """Each token and its h, the two in ``bare``, alone in the place of x's, [B, T, width] each and inside
        one segment: it sees these two, and of h and x what came before it -> y [B, T, width]."""
        q, k, v = self.project(bare[0])  # [B, H, T, D]
        hk, hv = self.held(bare[1])
        held = cache.segment.keys.shape[2]
        turned = self.rotate(q, self.window + held)
        retrieved, segment = self.past(cache.retrieved, h, 0), self.past(cache.segment, x, self.window)
        hidden = torch.ones(x.shape[1], segment.keys.shape[2], dtype=torch.bool, device=x.device).triu(held)
        seen = [
            ((turned @ past.keys.transpose(-1, -2)).masked_fill(hidden, -torch.inf), past.values)
            for past in (retrieved, segment)
        ]
        seen.append((q @ persistent.keys.mT, persistent.values))
        own = [
            ((q * k).sum(-1, keepdim=True), v),
            ((turned * self.rotate(hk, held)).sum(-1, keepdim=True), hv),
        ]
        return self.merge(self.mix_own(seen, own))
