"""A fact, a question, and ever more words between: where does a model with a window lose it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

import titans_core as tc
from lessons.answering import chance
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head


@dataclass(frozen=True)
class Lost(Found):
    """``table`` has a row for each number of ``words`` between: ``distance``, tokens from the value to where
    it must be answered, the probability ``without`` and ``with`` memory, and what was ``said`` without.
    ``window`` is how many tokens attention sees, itself among them; ``fact``, ``filler`` word by word, and
    ``question`` are the text as tokens."""

    table: pd.DataFrame
    window: int
    fact: list[str]
    filler: list[list[str]]
    question: list[str]


@dataclass(frozen=True)
class Shown(Exhibit):
    """``model`` has attention alone, ``beside`` a memory; ``value`` ends the ``fact``, and is the answer to
    the ``question`` that stands after the first so many words of ``filler``."""

    model: str
    beside: str
    fact: str
    value: str
    question: str
    filler: str

    views: ClassVar[tuple[str, ...]] = ("window", "curve")
    actions: ClassVar[tuple[str, ...]] = ("lost",)
    promises: ClassVar[tuple[str, ...]] = (
        "window", "layers", "lost", "near", "inside", "outside", "farthest", "kept"
    )  # fmt: skip

    @classmethod
    def read(cls, head: Head) -> Shown:
        fact, value = head.text("fact"), head.text("value")
        if not fact.endswith(f" {value}."):
            raise head.error("value", f"must be what the fact ends in before its full stop, not {value!r}")
        texts = (head.text(field) for field in ("question", "filler"))
        return cls(head.model("model"), head.model("beside"), fact, value, *texts)

    def run(self, load: Loader) -> Lost:
        model = load(self.model)
        table = self.measured(model).rename(columns={"chance": "without"})
        table["with"] = self.measured(load(self.beside)).chance
        lost = first_lost(table)
        inside, outside = table[table.distance < lost].iloc[-1], table[table.distance >= lost].iloc[0]
        claims = {
            "window": Claim(model.config.window, "d"),
            "layers": Claim(model.config.layers, "d"),
            "lost": Claim(lost, "d"),
            "near": percent(table.without.iloc[0]),
            "inside": percent(inside.without),
            "outside": percent(outside.without),
            "farthest": Claim(int(table.distance.iloc[-1]), "d"),
            "kept": percent(table["with"].iloc[-1]),
        }
        tokens = tc.Stream(model).feed(self.fact).tokens
        filler = [self.tokens(model, f" {word}") for word in self.filler.split()]
        return Lost(
            claims, table, model.config.window, tokens, filler, self.tokens(model, f" {self.question}")
        )

    def tokens(self, model: tc.TitansLM, text: str) -> list[str]:
        """A text's tokens, as they are after the fact."""
        stream = tc.Stream(model)
        stream.feed(self.fact)
        return stream.feed(text).tokens

    def measured(self, model: tc.TitansLM) -> pd.DataFrame:
        """One row a number of words between: words, distance, chance, and what is said."""
        stream = tc.Stream(model)
        asked = len(stream.tokenizer.encode(f" {self.question}", opening=False))
        stream.feed(self.fact)
        told = stream.position - 1  # the full stop stands between, too
        rows = []
        for number, word in enumerate(["", *self.filler.split()]):
            stream.feed(f" {word}" if word else "")
            said = stream.ask(self.question).text
            distance = stream.position - told + asked
            rows.append((number, distance, chance(stream, self.question, self.value), said))
        return pd.DataFrame(rows, columns=["words", "distance", "chance", "said"])


def first_lost(table: pd.DataFrame) -> int:
    """The first distance from which on less than half of the first chance is left. Raises ValueError where
    it is never lost."""
    known = np.flatnonzero(table.without >= table.without.iloc[0] / 2)
    if known[-1] + 1 == len(table):
        raise ValueError("the filler is too short: the fact is not lost within it")
    return int(table.distance.iloc[known[-1] + 1])
