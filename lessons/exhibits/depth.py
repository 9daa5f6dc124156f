"""Lesson 8: memories of one to four layers learn sets of pairs, and what they forget while they learn more.

A memory of one layer is a matrix. Which sets a matrix can hold is known without learning: the best one is
found by least squares, and no other has a smaller error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from kernels import memory, retrieve
from kernels.output import Step, Weights
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head

WIDTH, HIDDEN = 8, 64  # numbers in a key and a value; units of a hidden layer
DEPTHS = (1, 2, 3, 4)
SEEDS = 8  # memories that learn side by side, each its own pairs
PASSES = 40
THETA = 0.5  # the largest step that, without momentum, never overshoots a matrix
FEW = 4  # pairs in each of the two sets that are learned one after the other


@dataclass(frozen=True)
class Pairs:
    """Keys, of length one, and their values: [seeds, pairs, WIDTH] each."""

    keys: Tensor
    values: Tensor

    def error(self, answers: Tensor) -> Tensor:
        """The squared error of answers, as a share of the values' own size, [seeds]: 1 is that of a memory
        that answers nothing."""
        return (answers - self.values).square().sum((1, 2)) / self.values.square().sum((1, 2))

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(torch.cat([self.keys, other.keys], 1), torch.cat([self.values, other.values], 1))


@dataclass(frozen=True)
class Learned:
    """The error after each pass over a set, mean over seeds, by depth; and that of the best matrix there
    is."""

    errors: dict[int, tuple[float, ...]]
    best_matrix: float


@dataclass(frozen=True)
class Forgotten:
    """The error of a first set once it is learned, and once a second is learned after it; of the second then;
    and of both, learned by turns. Means over seeds."""

    before: float
    after: float
    second: float
    by_turns: float


def units(generator: torch.Generator, pairs: int) -> Tensor:
    """Random vectors of length one, [SEEDS, pairs, WIDTH]."""
    return normalize(torch.randn(SEEDS, pairs, WIDTH, generator=generator), dim=-1)


def one_rule(generator: torch.Generator) -> Pairs:
    """As many pairs as one likes, all made by the same matrix."""
    keys = units(generator, 24)
    return Pairs(keys, keys @ torch.randn(SEEDS, WIDTH, WIDTH, generator=generator))


def few(generator: torch.Generator) -> Pairs:
    """As many pairs as a key has numbers, with nothing in common."""
    return Pairs(units(generator, WIDTH), units(generator, WIDTH))


def many(generator: torch.Generator) -> Pairs:
    """Three times as many."""
    return Pairs(units(generator, 3 * WIDTH), units(generator, 3 * WIDTH))


def switches(generator: torch.Generator) -> Pairs:
    """Two switches and a lamp that burns where exactly one of them is on: four pairs, none of them at
    random."""
    keys, values = torch.zeros(2, SEEDS, 4, WIDTH)
    keys[..., :2] = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * 0.5**0.5
    values[..., 0] = torch.tensor([-1, 1, 1, -1])
    return Pairs(keys, values)


KNOWN = 0.05  # an error below this counts as learned

SETS: dict[str, Callable[[torch.Generator], Pairs]] = {
    "rule": one_rule,
    "few": few,
    "many": many,
    "switches": switches,
}


def initial(depth: int, generator: torch.Generator) -> Weights:
    """M₀: zero for a matrix; random for more layers, where zero would be a dead saddle. The last layer starts
    with little, so that at first all answer next to nothing."""
    if depth == 1:
        return (torch.zeros(SEEDS, 1, WIDTH, WIDTH),)
    sizes = [WIDTH, *[HIDDEN] * (depth - 1), WIDTH]
    scales = [1.0, *[1.7 / HIDDEN**0.5] * (depth - 2), 0.6 / HIDDEN]
    return tuple(
        scale * torch.randn(SEEDS, 1, rows, columns, generator=generator)
        for scale, rows, columns in zip(scales, sizes[:-1], sizes[1:], strict=True)
    )


@torch.inference_mode()
def tell(weights: Weights, pairs: Pairs, generator: torch.Generator) -> Weights:
    """All pairs once, in an order that the generator draws, by the exact online rule without momentum or
    forgetting."""
    order = torch.randperm(pairs.keys.shape[1], generator=generator)
    keys, values = (x[:, order, None] for x in (pairs.keys, pairs.values))
    gate = torch.ones(keys.shape[:3])
    still = tuple(torch.zeros_like(w) for w in weights)
    step: Step = "given" if len(weights) == 1 else "bounded"
    out = memory(
        keys, keys, values, 0 * gate, THETA * gate, 0 * gate, weights, still,
        chunk_size=8, block_size=1, step=step, telemetry=False,
    )  # fmt: skip
    return out.weights


def answers(weights: Weights, keys: Tensor) -> Tensor:
    """What a memory returns for keys [seeds, pairs, WIDTH]."""
    return retrieve(keys[:, :, None], weights)[:, :, 0]


def error(weights: Weights, pairs: Pairs) -> float:
    """The error of what a memory returns, mean over seeds."""
    return float(pairs.error(answers(weights, pairs.keys)).mean())


def best_matrix(pairs: Pairs) -> float:
    """The smallest error that any matrix can have, mean over seeds."""
    best = torch.linalg.pinv(pairs.keys) @ pairs.values
    return float(pairs.error(pairs.keys @ best).mean())


@lru_cache(maxsize=32)
def learn(name: str, seed: int = 0) -> Learned:
    """A set of SETS, told PASSES times to memories of every depth."""
    pairs = SETS[name](torch.Generator().manual_seed(seed))
    errors = {}
    for depth in DEPTHS:
        generator = torch.Generator().manual_seed(seed)
        weights, found = initial(depth, generator), list[float]()
        for _ in range(PASSES):
            weights = tell(weights, pairs, generator)
            found.append(error(weights, pairs))
        errors[depth] = tuple(found)
    return Learned(errors, best_matrix(pairs))


@lru_cache(maxsize=32)
def forget(depth: int, apart: bool, seed: int = 0) -> Forgotten:
    """A first set of FEW pairs and then, for as long, a second. ``apart``: all keys stand at right angles;
    else they are random, and some are close."""
    generator = torch.Generator().manual_seed(seed)
    keys = units(generator, 2 * FEW)
    keys = torch.linalg.qr(keys)[0] if apart else keys  # the square's rows stand at right angles as well
    both = Pairs(keys, units(generator, 2 * FEW))
    first, second = (
        Pairs(both.keys[:, part], both.values[:, part]) for part in (slice(FEW), slice(FEW, None))
    )
    start = initial(depth, generator)
    once = told(start, first, generator)
    twice = told(once, second, generator)
    by_turns = told(start, both, generator)
    return Forgotten(error(once, first), error(twice, first), error(twice, second), error(by_turns, both))


def told(weights: Weights, pairs: Pairs, generator: torch.Generator) -> Weights:
    """All pairs, PASSES times."""
    for _ in range(PASSES):
        weights = tell(weights, pairs, generator)
    return weights


@dataclass(frozen=True)
class Depths(Found):
    """What memories of every depth learned of each set, and what they forgot: of keys at right angles, and
    of random ones."""

    learned: dict[str, Learned]
    apart: dict[int, Forgotten]
    close: dict[int, Forgotten]


@dataclass(frozen=True)
class Shown(Exhibit):
    """Memories on their own, without a model. Claims, in percent of the values' own size: ``best_SET``, the
    error of the best matrix; ``once_SET_DEPTH`` and ``end_SET_DEPTH``, after the first and the last pass;
    ``apart_DEPTH`` and ``close_DEPTH``, of a first set once a second is learned."""

    views: ClassVar[tuple[str, ...]] = ("learning", "forgetting")
    actions: ClassVar[tuple[str, ...]] = ("held",)
    promises: ClassVar[tuple[str, ...]] = (
        *(f"best_{name}" for name in SETS),
        *(f"{when}_{name}_{depth}" for when in ("once", "end") for name in SETS for depth in DEPTHS),
        *(f"{keys}_{depth}" for keys in ("apart", "close") for depth in DEPTHS),
        "turns_1", "turns_4", "pairs", "width", "passes", "numbers_1", "numbers_2",
    )  # fmt: skip

    @classmethod
    def read(cls, head: Head) -> Shown:
        return cls()

    def run(self, load: Loader) -> Depths:
        learned = {name: learn(name) for name in SETS}
        apart, close = ({depth: forget(depth, right) for depth in DEPTHS} for right in (True, False))
        claims = {f"best_{name}": percent(one.best_matrix) for name, one in learned.items()}
        for name, one in learned.items():
            for depth, errors in one.errors.items():
                claims[f"once_{name}_{depth}"] = percent(errors[0])
                claims[f"end_{name}_{depth}"] = percent(errors[-1])
        for keys, by_depth in (("apart", apart), ("close", close)):
            claims |= {f"{keys}_{depth}": percent(one.after) for depth, one in by_depth.items()}
        claims |= {f"turns_{depth}": percent(close[depth].by_turns) for depth in (1, 4)}
        claims |= {
            "pairs": Claim(3 * WIDTH, ".0f"),
            "width": Claim(WIDTH, ".0f"),
            "passes": Claim(PASSES, ".0f"),
            "numbers_1": Claim(WIDTH * WIDTH, ".0f"),
            "numbers_2": Claim(2 * WIDTH * HIDDEN, ",.0f"),
        }
        return Depths(claims, learned, apart, close)
