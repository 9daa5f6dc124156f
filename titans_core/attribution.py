"""Which earlier tokens wrote what is read now: a retrieval as the sum of what every write gave to it.

The memory is linear in its writes, and the last matrix is linear in its input, so a read y = a · M splits
exactly: token i gave − P[t, i] θ_i (a · x_i) d_i, its gradient being x_iᵀ d_i (section 3.2). Of a deep memory
that is the last layer alone; what the earlier layers learned shows in a, and is not split.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from titans_core.config import ModelConfig
from titans_core.trace import Floats, LayerWrites, Trace

Doubles = NDArray[np.float64]


class Kept(NamedTuple):
    """How much of M₀, S₀ [H] and of each token's step [n, H] the memory holds after n tokens."""

    memory: Doubles
    momentum: Doubles
    steps: Doubles


def attribution(trace: Trace, config: ModelConfig, start: Sequence[tuple[Floats, ...]] = ()) -> Floats:
    """For the trace's last token: [layers, heads, tokens + 1], each token's component along the retrieval,
    the last entry that of M₀ and S₀. They sum to the retrieval's norm.

    The trace is one with writes. ``start``, for each layer: the weights that MAC's open segment reads, where
    none of the trace's tokens was written when it began.
    """
    last = trace.start + len(trace) - 1
    seen = len(trace) - visible_from(config, last)
    layers = [
        components(
            trace["retrieval"][-1, layer],
            writes,
            tuple(np.asarray(trace[gate][:, layer], np.float64) for gate in ("eta", "theta", "alpha")),
            max(0, seen),
            start[layer] if start and seen <= 0 else None,
        )
        for layer, writes in enumerate(trace.writes)
    ]
    return np.stack(layers).astype(np.float32)


def visible_from(config: ModelConfig, position: int) -> int:
    """How many of the last tokens, the one at ``position`` included, are not yet in the weights it reads."""
    if config.variant == "mac":  # the weights of the segment's start; the begin token stands in the first
        return (position + 1) % config.window + 1
    return 0 if config.memory.read == "after" else 1


def components(
    retrieval: Floats,
    writes: LayerWrites,
    gates: tuple[Doubles, ...],
    seen: int,
    start: tuple[Floats, ...] | None,
) -> Doubles:
    """One layer's [heads, tokens + 1]; the first ``seen`` of the tokens are in the weights that are read."""
    eta, theta, alpha = (gate[:seen] for gate in gates)
    kept = shares(eta, alpha, writes.writing[:seen])
    steps = kept.steps * theta  # [n, H]
    x = np.asarray(writes.queries[-1], np.float64)  # [H, Dk]
    for number in range(len(writes.inputs)):
        inputs, deltas = (
            np.asarray(part[number][:seen], np.float64) for part in (writes.inputs, writes.deltas)
        )
        met = np.einsum("hd,nhd->nh", x, inputs)  # a · x_i
        origin = np.asarray(writes.initial[number], np.float64)
        base = writes.weights[number] if start is None else start[number]
        weights = origin + kept.memory[:, None, None] * (base - origin)
        weights = weights + kept.momentum[:, None, None] * writes.momentum[number]
        given = (-steps * met)[..., None] * deltas  # [n, H, D]
        known = np.einsum("hd,hde->he", x, weights)
        y = known + given.sum(0)
        x = F.silu(torch.from_numpy(y)).numpy()
    parts = np.concatenate([given, known[None]])  # [n + 1, H, Dv]
    along = np.einsum("nhd,hd->hn", parts, y) / np.maximum(np.linalg.norm(y, axis=-1), 1e-30)[:, None]
    blind = ~writes.reading[-1]  # these heads read M₀, to which nobody wrote
    along[blind] = 0.0
    along[blind, -1] = retrieval[blind]
    late = np.zeros((along.shape[0], len(writes.queries) - seen))  # tokens that were not yet written
    return np.concatenate([along[:, :-1], late, along[:, -1:]], 1)


def shares(eta: Doubles, alpha: Doubles, writing: NDArray[np.bool_], of: str = "memory") -> Kept:
    """How much of everything is kept in the memory M_n, or in the momentum S_n; gates and ``writing`` are
    [n, H]. A token that writes nothing leaves M and S as they are.

    Backwards: a token's step enters S, which enters M now, and through the next S again.
    """
    heads = eta.shape[1]
    steps = np.zeros_like(eta)
    kept, through = (np.full(heads, float(of == name)) for name in ("memory", "momentum"))
    for i in range(len(eta) - 1, -1, -1):
        # through: what S_i gives to M_n; kept: what M_i gives
        entering = np.where(writing[i], kept + through, through)
        steps[i] = np.where(writing[i], entering, 0.0)
        through = np.where(writing[i], entering * eta[i], through)
        kept = np.where(writing[i], kept * (1 - alpha[i]), kept)
    return Kept(kept, through, steps)
