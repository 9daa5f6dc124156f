"""Share of right answers: the probes, and how a model is asked them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from titans_core.evaluate.ablate import ABLATIONS
from titans_core.evaluate.answers import finished, margin, places, reading, said
from titans_core.model import TitansLM
from titans_core.tasks import Example, Kind, needle
from titans_core.tasks.needle import broken_off
from titans_core.tokenizer import Tokenizer
from titans_core.wipe import without_memory

TOKENS_AT_ONCE = 1 << 14  # read side by side: 16 questions at 1,024 tokens
WIPED = "wiped"


@dataclass(frozen=True)
class Probe:
    """One thing to ask a model, in many stories.

    ``facts`` are told after ``before`` tokens of filler from ``haystack``, then more of it; the answer stands
    ``distance`` tokens after the value.
    ``kind``: of the fact asked, "" for any of the main ones. ``repeats``, ``changes``: how often it is told
    again, and then changes, before the filler. ``crowded``: several facts are about the same people and
    things. ``chapter``: "known" or "unknown" where a chapter opens between, and what must be answered after
    it. ``ablation``: what is taken from the memory, see `ablate`, or "wiped" as the question ends.
    """

    facts: int = 8
    distance: int = 1024
    kind: str = ""
    haystack: str = "mixed"
    changes: int = 0
    crowded: bool = False
    repeats: int = 0
    chapter: str = ""
    ablation: str = ""
    before: int = 0

    def example(self, rng: random.Random, tokenizer: Tokenizer) -> Example:
        """A story that asks this."""
        if self.chapter:
            return broken_off(
                rng, tokenizer, self.facts, self.distance, self.chapter == "known", self.haystack
            )
        kind = Kind[self.kind] if self.kind else None
        return needle(
            rng,
            tokenizer,
            self.facts,
            self.distance,
            kind,
            self.haystack,
            self.changes,
            self.crowded,
            self.repeats,
            self.before,
        )

    def story(self, number: int, seed: int) -> Example:
        """The story of this number among those of an evaluation's seed: the same with an ablation and
        without, and none of training's."""
        rng = random.Random(f"evaluation {seed} {self.facts} {self.distance} {number}")
        return self.example(rng, Tokenizer.load())


@dataclass(frozen=True)
class Cell:
    """How often a probe was answered right."""

    probe: Probe
    right: int
    asked: int

    @property
    def recall(self) -> float:
        """Share of right answers."""
        return self.right / self.asked

    @property
    def margin(self) -> float:
        """Half the 95 % Wilson interval's width."""
        return margin(self.right, self.asked)

    def row(self) -> dict[str, Any]:
        """As JSON, without what the probe leaves at its default."""
        told = {
            name: value
            for name, value in asdict(self.probe).items()
            if value or name in ("facts", "distance", "haystack")
        }
        share = {"recall": round(self.recall, 4), "margin": round(self.margin, 4)}
        return {**told, "right": self.right, "asked": self.asked, **share}


def recall(
    model: TitansLM, probe: Probe, asked: int, seed: int, on_answer: Callable[[int], object] = lambda _: None
) -> Cell:
    """Ask ``probe`` in ``asked`` stories of this seed, none of which is one of training's.

    An answer counts where every token of the value, and the full stop after it, is the likeliest (greedy
    decoding). ``on_answer`` is told
    how many questions were just answered.
    """
    known = probe.ablation in ABLATIONS
    model = ABLATIONS[probe.ablation](model) if known else model
    right = 0
    for numbers in groups(asked, max(1, TOKENS_AT_ONCE // (probe.before + probe.distance))):
        examples = [probe.story(number, seed) for number in numbers]
        right += sum(answered(model, examples, wipe=probe.ablation == WIPED))
        on_answer(len(examples))
    return Cell(probe, right, asked)


def groups(total: int, size: int) -> Iterator[range]:
    """0 … total − 1 in runs of at most ``size``."""
    return (range(start, min(start + size, total)) for start in range(0, total, size))


@torch.inference_mode()
def answered(model: TitansLM, examples: Sequence[Example], wipe: bool = False) -> list[bool]:
    """Whether each example's answer is decoded right. ``wipe``: the memory is at M₀ as the answer begins."""
    if wipe:
        return [answered_without(model, example) for example in examples]
    return [one.right for one in finished(reading(model, examples))]


def answered_without(model: TitansLM, example: Example) -> bool:
    """The same with the memory wiped before the question's last token."""
    last = example.answer_start - 1  # of the question
    ids = torch.from_numpy(example.ids[None]).to(model.device)
    _, state, _ = model.read(ids[:, :last])
    after, _, _ = model.read(ids[:, last:], without_memory(model, state))
    return said(model, after[0, places(example) - last], example).right
