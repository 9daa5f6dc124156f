"""Lesson 11: how many tokens take their gradients at the same weights, what that costs and what it saves.

Within a gradient block of c tokens no gradient sees what the block has written (section 3.2). c = 1 is the
exact rule, token after token.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

import titans_core as tc
from kernels import memory, retrieve
from kernels.compiled import preferred
from kernels.output import MemoryOutput, Weights
from lessons.bare import start
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head

TOKENS, HEADS, WIDTH, HIDDEN = 512, 4, 32, 64
BLOCKS = (1, 2, 4, 8, 16, 32, 64)
CHUNK = 64  # tokens of a matrix that are computed together, whatever the block
ETA, ALPHA = 0.0, 0.002
FRESH, REPEATED = TOKENS, 16  # different pairs in a stream: all of them, or so few that they come again
LARGE, SMALL = 0.5, 0.05  # θ
TAIL = 8  # tokens of a block that is not full
TIMED = 4  # runs, of which the fastest counts
PIECE = 13  # tokens of a text that are fed at once
TEXT = (
    "Mara put the red key in the attic. The rain fell on the old roof all day. Ivy has a pet owl. The wind "
    "was cold and the street was empty. Tom moved the red key to the cellar. Where is the red key? cellar."
)


@dataclass(frozen=True)
class Told:
    """Keys of length one and values, [1, TOKENS, HEADS, WIDTH]; which of the ``distinct`` pairs each token
    tells."""

    keys: Tensor
    values: Tensor
    which: Tensor


@dataclass(frozen=True)
class Run:
    """The memory with gradient blocks of ``block`` tokens: how far what is read lies from the exact rule's,
    as a share of its size (infinite where it overflowed); and milliseconds for all tokens."""

    block: int
    error: float
    milliseconds: float


@dataclass(frozen=True)
class Tail:
    """A stream cut inside a gradient block: the error of the tail's pairs just after the cut, where they are
    written at once and where they wait for the block to be full; and how far the memory lies from the uncut
    one's when the block is full, where it goes on after the cut and where the cut closes it."""

    written: float
    waiting: float
    goes_on: float
    closed: float


def stream(distinct: int, seed: int = 0) -> Told:
    """TOKENS tokens, each telling one of so many pairs, drawn at random; as many, each once."""
    generator = torch.Generator().manual_seed(seed)
    keys = normalize(torch.randn(1, distinct, HEADS, WIDTH, generator=generator), dim=-1)
    values = torch.randn(1, distinct, HEADS, WIDTH, generator=generator)
    drawn = torch.randint(distinct, (TOKENS,), generator=generator)
    which = torch.randperm(TOKENS, generator=generator) if distinct == TOKENS else drawn
    return Told(keys[:, which], values[:, which], which)


@torch.inference_mode()
def read(
    told: Told,
    deep: bool,
    block: int,
    theta: float,
    span: slice = slice(None),
    before: MemoryOutput | None = None,
    backend: str = "torch",
) -> MemoryOutput:
    """Write the tokens of a span and read each with its own key; ``before`` is what came out of the span
    before it, whose block goes on. The backend "torch" is the parallel form itself, on any machine."""
    keys, values = told.keys[:, span], told.values[:, span]
    gate = torch.ones(keys.shape[:3])
    first = start(HEADS, WIDTH, HIDDEN if deep else None)
    weights = before.weights if before else first
    momentum = before.momentum if before else tuple(torch.zeros_like(w) for w in weights)
    return memory(
        keys,
        keys,
        values,
        ETA * gate,
        theta * gate,
        ALPHA * gate,
        weights,
        momentum,
        initial=first,
        block_start=before.block_start if before else None,
        offset=before.offset if before else 0,
        block_keys=before.block_keys if before else None,
        chunk_size=block if deep else max(block, CHUNK),
        block_size=block,
        step="bounded" if deep else "given",
        backend=backend,
        telemetry=False,
    )


def runs(
    told: Told, deep: bool, blocks: Sequence[int], theta: float, exact: Tensor, backend: str = "torch"
) -> tuple[Run, ...]:
    """Each block length, timed in turns, so that what else the machine does meets them alike; ``exact`` is
    what the exact rule reads."""
    spent: dict[int, list[float]] = {block: [] for block in blocks}
    errors = {}
    for block in TIMED * tuple(blocks):
        begin = time.perf_counter()
        y = read(told, deep, block, theta, backend=backend).y
        spent[block].append(time.perf_counter() - begin)
        errors[block] = apart(y, exact)
    return tuple(Run(block, errors[block], 1000 * min(spent[block])) for block in blocks)


def sweep(deep: bool, distinct: int, theta: float, blocks: Sequence[int] = BLOCKS) -> tuple[Run, ...]:
    """Every block length on the same tokens."""
    told = stream(distinct)
    return runs(told, deep, blocks, theta, read(told, deep, 1, theta).y)


def compiled() -> tuple[Run, ...]:
    """Two layers at both ends, on the same tokens as ``sweep``, by the loop that numba compiles; none where
    that cannot be had. The first call on a machine waits for numba."""
    told = stream(FRESH)
    if not preferred((told.keys,)):
        return ()
    exact = read(told, True, 1, LARGE, backend="numba").y
    return runs(told, True, (BLOCKS[0], BLOCKS[-1]), LARGE, exact, "numba")


def one_by_one(distinct: int, theta: float) -> float:
    """Milliseconds that a matrix takes by the exact rule where no two tokens are computed together."""
    told = stream(distinct)
    begin, state = time.perf_counter(), None
    for token in range(TOKENS):
        state = read(told, False, 1, theta, slice(token, token + 1), state)
    return 1000 * (time.perf_counter() - begin)


def apart(found: Tensor, exact: Tensor) -> float:
    """The distance of two results as a share of the second's size; infinite where the first overflowed."""
    distance = float((found.double() - exact.double()).norm() / exact.double().norm())
    return distance if distance < 1e6 else float("inf")


def tail(tokens: int, deep: bool = True, block: int = 64, theta: float = 0.2) -> Tail:
    """Two blocks of fresh pairs, cut when the second holds so many tokens, 1 to block - 1."""
    told, cut = stream(TOKENS), block + tokens
    ends, rest, short = slice(2 * block), slice(cut, 2 * block), slice(block, cut)
    whole = read(told, deep, block, theta, ends).weights
    before = read(told, deep, block, theta, slice(cut))
    shut = before._replace(block_start=None, offset=0, block_keys=None)
    return Tail(
        written=wrong(before.weights, told, short),
        waiting=wrong(read(told, deep, block, theta, slice(block)).weights, told, short),
        goes_on=apart(flat(read(told, deep, block, theta, rest, before).weights), flat(whole)),
        closed=apart(flat(read(told, deep, block, theta, rest, shut).weights), flat(whole)),
    )


def wrong(weights: Weights, told: Told, span: slice) -> float:
    """The squared error of what a memory answers for the pairs of a span, as a share of the values' size."""
    values = told.values[:, span]
    return float((retrieve(told.keys[:, span], weights) - values).square().sum() / values.square().sum())


def flat(weights: Weights) -> Tensor:
    """All numbers of a memory in one row."""
    return torch.cat([w.flatten() for w in weights])


def cut_anywhere(model: tc.TitansLM, text: str, piece: int) -> float:
    """The largest difference in −log p between a text read at once and in pieces of so many tokens."""
    whole = tc.Stream(model).feed(text)
    stream = tc.Stream(model)
    pieces = [stream.feed(whole.ids[at : at + piece]) for at in range(0, len(whole), piece)]
    return float(abs(tc.Trace.join(pieces)["nll"] - whole["nll"]).max())


@dataclass(frozen=True)
class Parallel(Found):
    """Every block length on fresh pairs, of a matrix and of an MLP, and of this both ends as a compiled loop;
    and of a matrix on pairs that repeat."""

    matrix: tuple[Run, ...]
    deep: tuple[Run, ...]
    compiled: tuple[Run, ...]
    repeated: tuple[Run, ...]


@dataclass(frozen=True)
class Shown(Exhibit):
    """Memories on their own, and one shipped deep model whose text is cut. Claims: ``error_MEMORY_BLOCK`` and
    ``ms_MEMORY_BLOCK``, MEMORY being matrix or deep."""

    model: str

    views: ClassVar[tuple[str, ...]] = ("slider", "compiled", "repeated", "tail")
    actions: ClassVar[tuple[str, ...]] = ("slid",)
    promises: ClassVar[tuple[str, ...]] = (
        *(f"{what}_{kind}_{c}" for what in ("error", "ms") for kind in ("matrix", "deep") for c in BLOCKS),
        "small_matrix_64", "ms_one_by_one", "matrix_faster", "deep_faster", "bursts", "tail", "tail_written",
        "tail_waiting", "tail_closed", "stores", "pieces", "piece", "block", "tokens", "width",
    )  # fmt: skip

    @classmethod
    def read(cls, head: Head) -> Shown:
        return cls(head.model("model"))

    def run(self, load: Loader) -> Parallel:
        matrix, deep = (sweep(kind, FRESH, LARGE) for kind in (False, True))
        repeated = sweep(False, REPEATED, LARGE)
        small = sweep(False, FRESH, SMALL, blocks=(CHUNK,))
        claims: dict[str, Claim] = {}
        for kind, runs in (("matrix", matrix), ("deep", deep)):
            claims |= {f"error_{kind}_{one.block}": percent(one.error) for one in runs}
            claims |= {f"ms_{kind}_{one.block}": Claim(one.milliseconds, ".0f", "ms") for one in runs}
        alone, model, short = one_by_one(FRESH, LARGE), load(self.model), tail(TAIL)
        return Parallel(
            claims
            | {
                "small_matrix_64": percent(small[0].error),
                "ms_one_by_one": Claim(alone, ".0f", "ms"),
                "matrix_faster": Claim(alone / matrix[0].milliseconds, ".0f"),
                "deep_faster": Claim(deep[0].milliseconds / deep[-1].milliseconds, ".0f"),
                "bursts": Claim(str(next((one.block for one in repeated if one.error > 100), "never"))),
                "tail": Claim(TAIL, ".0f"),
                "tail_written": percent(short.written),
                "tail_waiting": percent(short.waiting),
                "tail_closed": percent(short.closed),
                "stores": Claim("all" if short.written < 0.9 < short.waiting else "nothing"),
                "pieces": Claim(cut_anywhere(model, TEXT, PIECE), ".0e"),
                "piece": Claim(PIECE, ".0f"),
                "block": Claim(model.config.memory.block_size, ".0f"),
                "tokens": Claim(TOKENS, ".0f"),
                "width": Claim(WIDTH, ".0f"),
            },
            matrix,
            deep,
            compiled(),
            repeated,
        )
