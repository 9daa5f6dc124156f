"""Lesson 4: a shock, and what momentum does with it while other words are read.

A key that has always been in the attic is moved to the cellar. What the memory writes at that word enters it
at once where η is 0; where η is large it goes on entering with every word that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

import numpy as np
import torch

import titans_core as tc
from kernels import memory, retrieve
from lessons.answering import chances
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head
from titans_core.tasks.haystack import sentence

FACT, CHANGE = "Mara put the red key in the attic.", "Tom moved the red key to the cellar."
QUESTION, OLD, NEW = "Where is the red key?", "attic", "cellar"
PAUSE = 4  # sentences of filler after each telling of the fact
LATER = (0, 2, 4, 8, 16, 32, 64)  # tokens after the change, its full stop included, where the model is asked
WORDS = 24  # tokens after the shock whose writes are told
SEEDS = (0, 1)  # of the filler
HIGH = 0.9  # the largest η that the models were trained with
SURE = 0.9  # of the new place, at every moment: the change is known at once and stays known
LARGER = 1.4  # times θ, where momentum is off
SOON, AT = 8, 3  # tokens after the shock that are counted, and the one that is looked at
STEP = 0.5  # θ / (1 − η) of the memory on its own: a write that is complete, once all of it has entered


@dataclass(frozen=True)
class Asked:
    """So many tokens after the change: the probability of the new place and of the old one."""

    later: int
    new: float
    old: float


@dataclass(frozen=True)
class Written:
    """One token from the shock on: what it writes itself, θ‖∇ℓ‖, and how much of the shock's write enters the
    memory with it, θ‖∇ℓ‖ at the shock times every η since; means over layers and heads."""

    token: str
    own: float
    carried: float


def shocked(
    model: tc.TitansLM, eta: float | None, tellings: int, seed: int, step: float = 1.0
) -> tuple[tc.Stream, tc.Trace, Random]:
    """A stream that was told the fact ``tellings`` times and then its change, with η clamped to ``eta`` from
    the second sentence on (None: the model's own) and θ times ``step``; the trace of the change; and what
    draws filler."""
    rng = Random(seed)
    stream = tc.Stream(model)
    stream.feed("It was a long day.")
    if eta is not None:
        stream = stream.override(eta=eta)
    if step != 1:
        stream = stream.override(theta=step, scale=True)
    for _ in range(tellings):
        stream.feed(f" {FACT} {filler(rng, PAUSE)}")
    return stream, stream.feed(f" {CHANGE}"), rng


def filler(rng: Random, sentences: int) -> str:
    """Sentences that nobody will be asked about."""
    return " ".join(sentence(rng) for _ in range(sentences))


def after_the_change(
    model: tc.TitansLM,
    eta: float | None,
    tellings: int = 3,
    step: float = 1.0,
    seeds: Sequence[int] = SEEDS,
) -> tuple[Asked, ...]:
    """What the model would answer so many tokens after the change, mean over texts."""
    found = []
    for seed in seeds:
        stream, _, rng = shocked(model, eta, tellings, seed, step)
        ids = stream.tokenizer.encode(f" {filler(rng, 3 * PAUSE)}", opening=False)
        steps = zip((0, *LATER), LATER, strict=False)
        found.append([asked(stream, ids[start:end]) for start, end in steps])
    new, old = np.mean(found, 0).T
    return tuple(Asked(*one) for one in zip(LATER, new.tolist(), old.tolist(), strict=True))


def asked(stream: tc.Stream, ids: Sequence[int]) -> tuple[float, ...]:
    """Read on, and the chances of both places then."""
    stream.feed(ids)
    return chances(stream, [(QUESTION, NEW), (QUESTION, OLD)])


def written(model: tc.TitansLM, eta: float | None, tellings: int = 3, seed: int = 0) -> tuple[Written, ...]:
    """The shock, "cellar", and the tokens after it."""
    stream, change, rng = shocked(model, eta, tellings, seed)
    ids = stream.tokenizer.encode(f" {filler(rng, PAUSE)}", opening=False)
    trace = tc.Trace.join([change, stream.feed(ids[:WORDS])])
    start = next(n for n, token in enumerate(trace.tokens) if token.strip() == NEW)
    write, kept = trace["write"][start:], trace["eta"][start:].copy()
    kept[0] = 1  # at the shock all of it is still there
    carried = (write[0] * kept.cumprod(0)).mean((1, 2))
    return tuple(
        Written(token, float(own), float(past))
        for token, own, past in zip(trace.tokens[start:], write.mean((1, 2)), carried, strict=True)
    )


def crossing(answers: Sequence[Asked]) -> int | None:
    """Tokens after the change where the new place is first the likelier one; None where it never is."""
    return next((one.later for one in answers if one.new > one.old), None)


def half_written(words: Sequence[Written]) -> int:
    """How many tokens after the shock half of all that was carried up to the last one has entered."""
    carried = np.cumsum([word.carried for word in words])
    return int(np.argmax(carried >= carried[-1] / 2))


@dataclass(frozen=True)
class Pulse:
    """A memory on its own, told one pair and then nothing new: the share of the value that it answers after
    each token, that of the pair included; and that of a second pair, told as the last token."""

    shares: tuple[float, ...]
    latest: float


def pulse(eta: float, tokens: int = 30, width: int = 8) -> Pulse:
    """One pair into an empty matrix, its step θ = STEP (1 − η), so that all that ever enters is the same;
    then keys at a right angle with nothing under them, and a second pair at the very end."""
    basis = torch.eye(width)
    keys = basis[[0, *([2] * (tokens - 2)), 1]][None, :, None]
    values = torch.zeros(1, tokens, 1, width)
    values[0, 0, 0, 0] = values[0, -1, 0, 1] = 1
    gate = torch.ones(1, tokens, 1)
    empty = (torch.zeros(1, 1, width, width),)
    reads = basis[[0] * tokens][None, :, None]
    out = memory(
        reads, keys, values, eta * gate, STEP * (1 - eta) * gate, 0 * gate, empty, empty, block_size=1
    )
    latest = retrieve(basis[1][None, None, None], out.weights)[0, 0, 0, 1]
    return Pulse(tuple(out.y[0, :, 0, 0].tolist()), float(latest))


@dataclass(frozen=True)
class Shocks(Found):
    """The answers after the change and what each word wrote, by η; None is the model's own."""

    answers: dict[float | None, tuple[Asked, ...]]
    words: dict[float | None, tuple[Written, ...]]


@dataclass(frozen=True)
class Shown(Exhibit):
    """``model`` is told the fact ``tellings`` times and then its change: without momentum, with its own, and
    with much. Claims of it, and of a memory on its own."""

    model: str
    tellings: int

    views: ClassVar[tuple[str, ...]] = ("text", "answers", "words", "pulse", "try")
    actions: ClassVar[tuple[str, ...]] = ("learned",)
    promises: ClassVar[tuple[str, ...]] = (
        "eta", "largest_eta", "says_none", "new_none", "new_own", "new_high_soon", "new_high", "crossing",
        "new_larger", "larger", "sure", "step_high", "at_once_own", "at_once_high", "half_high", "own_high",
        "carried_high", "carried_more", "soon", "pulse_first", "pulse_half", "pulse_latest",
    )  # fmt: skip

    @classmethod
    def read(cls, head: Head) -> Shown:
        return cls(head.model("model"), head.count("tellings"))

    def run(self, load: Loader) -> Shocks:
        model = load(self.model)
        answers = {eta: after_the_change(model, eta, self.tellings) for eta in (0.0, None, HIGH)}
        words = {eta: written(model, eta, self.tellings) for eta in answers}
        larger = after_the_change(model, 0.0, self.tellings, LARGER)
        return Shocks(answered(answers) | wrote(words) | {
            "eta": Claim(mean_eta(model)),
            "new_larger": percent(larger[-1].new),
            "larger": Claim(LARGER, ".1f"),
            "sure": percent(SURE),
        } | alone(), answers, words)  # fmt: skip


def answered(answers: dict[float | None, tuple[Asked, ...]]) -> dict[str, Claim]:
    """What the model says without momentum, with its own, and with much."""
    none, own, high = answers.values()
    crosses = crossing(high)
    return {
        "says_none": Claim(OLD if none[-1].old > none[-1].new else NEW),
        "new_none": percent(none[-1].new),
        "new_own": percent(own[-1].new),
        "new_high_soon": percent(high[0].new),
        "new_high": percent(high[-1].new),
        "crossing": Claim(LATER[-1] if crosses is None else crosses, ".0f"),
        "largest_eta": Claim(HIGH, ".1f"),
    }


def wrote(words: dict[float | None, tuple[Written, ...]]) -> dict[str, Claim]:
    """What enters the memory at the shock and after it."""
    none, own, high = words.values()
    soon = high[1 : SOON + 1]
    return {
        "step_high": percent(high[0].own / none[0].own),
        "at_once_own": percent(own[0].carried / sum(word.carried for word in own)),
        "at_once_high": percent(high[0].carried / sum(word.carried for word in high)),
        "half_high": Claim(half_written(high), ".0f"),
        "own_high": Claim(high[AT].own),
        "carried_high": Claim(high[AT].carried),
        "carried_more": Claim(sum(word.carried > word.own for word in soon), ".0f"),
        "soon": Claim(SOON, ".0f"),
    }


def alone() -> dict[str, Claim]:
    """A memory on its own, with much momentum."""
    one = pulse(HIGH)
    return {
        "pulse_first": percent(one.shares[0]),
        "pulse_half": Claim(1 + next(n for n, share in enumerate(one.shares) if share >= 0.5), ".0f"),
        "pulse_latest": percent(one.latest),
    }


def mean_eta(model: tc.TitansLM) -> float:
    """The model's own η, mean over the tokens of one such text, layers and heads."""
    return float(tc.Stream(model).feed(f"{FACT} {filler(Random(0), PAUSE)} {CHANGE}")["eta"].mean())
