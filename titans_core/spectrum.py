"""What a memory's weights became, at any token: rebuilt from what was written, and how many directions they
use.

The weights after n tokens are linear in what was there before and in every step (section 3.2), so a whole
stretch is one product of matrices: M_n = I + b (M₀ − I) + f S₀ − Σ P[n, i] θ_i x_iᵀ d_i.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from titans_core.attribution import Doubles, Kept, shares
from titans_core.trace import Floats, LayerWrites, Trace

Matrices = tuple[Doubles, ...]


def weights_along(trace: Trace, layer: int, counts: Sequence[int]) -> Iterator[tuple[Floats, ...]]:
    """A layer's weights after each of these numbers of the trace's tokens, W1 … Wn [H, D_in, D_out] each.

    ``counts`` ascend; 0 is before the trace's first token. Raises ValueError where they do not, where one is
    beyond the trace, and where the trace was read without ``writes=True`` or by a model without a memory.
    """
    if not trace.writes:
        raise ValueError("this trace holds no writes: feed a model that has a memory with writes=True")
    if sorted(counts) != list(counts) or not all(0 <= count <= len(trace) for count in counts):
        raise ValueError(f"counts must ascend between 0 and {len(trace)}, the length of the trace")
    return rebuilt(trace, layer, counts)


def rebuilt(trace: Trace, layer: int, counts: Sequence[int]) -> Iterator[tuple[Floats, ...]]:
    """The same without its checks: from each count a stretch leads to the next."""
    writes = trace.writes[layer]
    gates = tuple(np.asarray(trace[name][:, layer], np.float64) for name in ("eta", "theta", "alpha"))
    memory: Matrices = tuple(np.asarray(w, np.float64) for w in writes.weights)
    momentum: Matrices = tuple(np.asarray(s, np.float64) for s in writes.momentum)
    for begin, end in zip((0, *counts), counts, strict=False):
        memory, momentum = after(writes, gates, slice(begin, end), memory, momentum)
        yield tuple(w.astype(np.float32) for w in memory)


def after(
    writes: LayerWrites, gates: tuple[Doubles, ...], stretch: slice, memory: Matrices, momentum: Matrices
) -> tuple[Matrices, Matrices]:
    """M and S at the end of a stretch of tokens, from those at its begin."""
    eta, theta, alpha = (gate[stretch] for gate in gates)
    in_memory = shares(eta, alpha, writes.writing[stretch])
    in_momentum = shares(eta, alpha, writes.writing[stretch], "momentum")
    weights, past = [], []
    for number, (w, s) in enumerate(zip(memory, momentum, strict=True)):
        x, d = writes.inputs[number][stretch], writes.deltas[number][stretch]
        origin = np.asarray(writes.initial[number], np.float64)
        weights.append(origin + mixed(in_memory, theta, w - origin, s, x, d))
        past.append(mixed(in_momentum, theta, w - origin, s, x, d))
    return tuple(weights), tuple(past)


def mixed(kept: Kept, theta: Doubles, memory: Doubles, momentum: Doubles, x: Floats, d: Floats) -> Doubles:
    """What is kept of M and S [H, D_in, D_out], and of the steps that x [n, H, D_in] and d [n, H, D_out]
    make."""
    steps = (kept.steps * theta)[..., None] * x  # [n, H, D_in]
    written: Doubles = steps.transpose(1, 2, 0) @ d.astype(np.float64).transpose(1, 0, 2)
    return kept.memory[:, None, None] * memory + kept.momentum[:, None, None] * momentum - written


def singular_values(weights: NDArray[np.floating]) -> Floats:
    """The singular values of matrices [..., D_in, D_out], the largest first: [..., min(D_in, D_out)].

    Their squares sum to the square of the Frobenius norm, so they tell how much of the norm lies along how
    many directions.
    """
    values: Floats = np.linalg.svd(weights, compute_uv=False).astype(np.float32)
    return values


def effective_rank(values: NDArray[np.floating]) -> Doubles:
    """How many directions matrices use, of their singular values [..., n]: exp(−Σ p log p), p = σ / Σ σ.

    1 where all lies along one direction, n where all n are alike, 0 of a matrix of zeros. The definition is
    Roy and Vetterli's, "The effective rank: a measure of effective dimensionality", EUSIPCO 2007.
    """
    sizes = np.asarray(values, np.float64)
    total = sizes.sum(-1, keepdims=True)
    p = np.divide(sizes, total, out=np.zeros_like(sizes), where=total > 0)
    entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(-1)
    rank: Doubles = np.where(total[..., 0] > 0, np.exp(entropy), 0.0)
    return rank


def evenly_spaced(tokens: int, most: int = 256) -> list[int]:
    """From 0 to ``tokens``, both included: every count where there are at most ``most`` tokens, else
    ``most`` + 1 of them, evenly spaced."""
    return sorted({round(share) for share in np.linspace(0, tokens, min(tokens, most) + 1).tolist()})
