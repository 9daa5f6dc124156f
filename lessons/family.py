"""The family as settings of one rule: a memory told random pairs and asked for them, its switches set.

Every pair is told once, and the first few again with other values. That each relative named here is its own
recurrence is shown in ``tests/lessons/test_family.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import normalize

from kernels import memory, retrieve
from kernels.output import Weights
from lessons.bare import start

WIDTH, HIDDEN, HEADS = 32, 64, 64  # as many memories as heads, each with pairs of its own
PAIRS, CHANGED = 24, 8  # the first of the pairs are told anew
TOKENS = PAIRS + CHANGED
BLOCKS = (1, 8, TOKENS)  # the last is the whole text
ETAS = (0.0, 0.5, 0.9)
ALPHAS = (0.0, 0.05)
BETA, BETA_DEEP = 1.0, 0.03  # 2θ without momentum; two layers overshoot where they step as far as a matrix


@dataclass(frozen=True)
class Switches:
    """One member of the family. ``decayed``: the error is taken at what forgetting has left."""

    eta: float = 0.0
    alpha: float = 0.0
    block: int = 1
    deep: bool = False
    decayed: bool = False


@dataclass(frozen=True)
class Recall:
    """Which value lies nearest to what is returned, as shares of the pairs: the right one of those told once;
    of those told anew the new one, and the old one."""

    once: float
    new: float
    old: float


def relative(switches: Switches) -> str:
    """The relative that these switches make, by the name that its words have."""
    if switches.deep:
        plain = switches.eta == switches.alpha == 0
        return "ttt_mlp" if plain else "titans_deep"
    if switches.eta:
        return "titans" if switches.block == 1 else "titans_blocks"
    if switches.block == TOKENS:
        return "decayed_attention" if switches.alpha else "linear_attention"
    if not switches.alpha:
        return "deltanet" if switches.block == 1 else "ttt_linear"
    if switches.block > 1:
        return "ttt_forgetting"
    return "gated_deltanet" if switches.decayed else "delta_forgetting"


@cache
def told() -> tuple[Tensor, Tensor, Tensor]:
    """The pairs' keys and what is told, [1, PAIRS or TOKENS, HEADS, WIDTH], all of length one; and which pair
    each token tells."""
    generator = torch.Generator().manual_seed(0)
    keys = normalize(torch.randn(1, PAIRS, HEADS, WIDTH, generator=generator), dim=-1)
    values = normalize(torch.randn(1, TOKENS, HEADS, WIDTH, generator=generator), dim=-1)
    return keys, values, torch.cat((torch.arange(PAIRS), torch.arange(CHANGED)))


def empty(deep: bool) -> Weights:
    """M₀."""
    return start(HEADS, WIDTH, HIDDEN if deep else None)


@torch.inference_mode()
def written(switches: Switches, keys: Tensor, values: Tensor, first: Weights) -> Weights:
    """The memory after it was told these pairs, one a token, by the rule as it is set."""
    gate = torch.ones(keys.shape[:3])
    kept = 1 - switches.alpha
    theta = (BETA_DEEP if switches.deep else BETA) / 2 * (1 - switches.eta)
    if switches.decayed:  # θ = λβ/2 and v/λ: the error at λM
        theta, values = theta * kept, values / kept
    out = memory(
        keys,
        keys,
        values,
        switches.eta * gate,
        theta * gate,
        switches.alpha * gate,
        first,
        tuple(torch.zeros_like(weight) for weight in first),
        initial=first if switches.deep else None,
        chunk_size=switches.block,
        block_size=switches.block,
        telemetry=False,
    )
    return out.weights


@torch.inference_mode()
def recall(switches: Switches) -> Recall:
    """Tell a memory all pairs, then ask for each by its key."""
    keys, values, which = told()
    returned = retrieve(keys, written(switches, keys[:, which], values, empty(switches.deep)))
    nearest = torch.einsum("bphd,bthd->bhpt", returned, values).argmax(-1)[0]  # [HEADS, PAIRS]
    first, anew = torch.arange(PAIRS), torch.arange(PAIRS, TOKENS)

    def share(found: Tensor, right: Tensor) -> float:
        return float((found == right).float().mean())

    return Recall(
        once=share(nearest[:, CHANGED:], first[CHANGED:]),
        new=share(nearest[:, :CHANGED], anew),
        old=share(nearest[:, :CHANGED], first[:CHANGED]),
    )
