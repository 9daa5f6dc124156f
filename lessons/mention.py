"""A word of a text, and what a model did while it read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

import titans_core as tc
from lessons.head import Head


@dataclass(frozen=True)
class Mention:
    """The ``telling``-th time (from 1) that ``word`` stands in the text; claims speak of it as ``name``."""

    name: str
    word: str
    telling: int

    def span(self, text: str) -> tuple[int, int] | None:
        """Where in ``text`` it stands, as (begin, end) in characters; None where it does not."""
        found = [m.span() for m in re.finditer(rf"\b{re.escape(self.word)}\b", text)]
        return found[self.telling - 1] if self.telling <= len(found) else None

    def tokens(self, tokens: list[str]) -> list[int]:
        """Which of a text's tokens it stands in. Raises ValueError where it does not stand there."""
        span = self.span("".join(tokens))
        if span is None:
            raise ValueError(f"{self.word!r} does not stand {self.telling} times in this text")
        ends = list(accumulate(len(token) for token in tokens))
        begins = [0, *ends[:-1]]
        return [n for n, (b, e) in enumerate(zip(begins, ends, strict=True)) if b < span[1] and e > span[0]]


def read(head: Head, text: str) -> Mention:
    """A table of the head: name, word, and telling where it is not the first."""
    name, word = head.text("name"), head.text("word")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise head.error("name", f"must be small letters, digits and _, not {name!r}")
    mention = Mention(name, word, head.count("telling") if "telling" in head else 1)
    if mention.span(text) is None:
        raise head.error("word", f"{word!r} does not stand {mention.telling} times in the exhibit's text")
    head.finish()
    return mention


def at_mention(trace: tc.Trace, quantity: str, mention: Mention) -> float:
    """``quantity`` at a mention: the mean over its tokens of the mean over layers and heads.

    Raises ValueError where the trace's text does not hold the mention.
    """
    return float(np.mean(trace[quantity][mention.tokens(trace.tokens)]))
