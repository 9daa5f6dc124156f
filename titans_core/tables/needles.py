"""A needle in a haystack: one fact in a text of several lengths, at several depths, asked at its end."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from titans_core.evaluate.recall import Probe, recall
from titans_core.evaluate.suite import SEED
from titans_core.model import TitansLM
from titans_core.tasks.haystack import sentence
from titans_core.tokenizer import Tokenizer

TRAINED_AT: Final[int] = 512  # tokens, the longest of training
LENGTHS: Final[tuple[int, ...]] = tuple(TRAINED_AT * times for times in (1, 2, 4, 8))
DEPTHS: Final[tuple[float, ...]] = (0.1, 0.3, 0.5, 0.7, 0.9)  # where the needle lies, as shares of the length
ASKED: Final[int] = 60  # questions a cell

Row = dict[str, Any]
NEEDLES: Final[dict[str, tuple[str, str]]] = {  # RULER's three: what is hidden, and in what
    "passkey": ("PASSKEY", "stock"),
    "number": ("CODE", "mixed"),
    "word": ("PASSWORD", "mixed"),
}


def niah(model: TitansLM) -> list[Row]:
    """One needle at five depths of a text, in texts of one to eight times the training's length."""
    return [
        share(
            model, {"task": task, "length": length}, at_depths(length, kind, haystack), ASKED // len(DEPTHS)
        )
        for task, (kind, haystack) in NEEDLES.items()
        for length in LENGTHS
    ]


def at_depths(length: int, kind: str, haystack: str) -> list[Probe]:
    """A needle at every depth of a text of ``length`` tokens."""
    befores = [round(depth * length) for depth in DEPTHS]
    return [Probe(1, length - before, kind, haystack, before=before) for before in befores]


def share(model: TitansLM, about: Row, probes: Sequence[Probe], asked: int) -> Row:
    """How often the answers to all these probes together are right."""
    right = sum(recall(model, probe, asked, SEED).right for probe in probes)
    return {**about, "right": right, "asked": asked * len(probes)}


def filler_ids(count: int) -> list[int]:
    """So many tokens of a stream of nothing but filler."""
    rng, tokenizer = Random(f"filler {SEED}"), Tokenizer.load()
    ids: list[int] = []
    while len(ids) < count:
        ids += tokenizer.encode(" " * bool(ids) + sentence(rng), opening=not ids)
    return ids[:count]
