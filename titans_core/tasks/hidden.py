"""A fact hidden in a haystack, generated filler or a text of one's own, and the question for it."""

from __future__ import annotations

import math
import re
from bisect import bisect
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import NamedTuple

import numpy as np

from titans_core.answer import BESIDE
from titans_core.tasks.document import Example, Tag
from titans_core.tasks.facts import MAIN_KINDS, Kind, new_fact, question, statement
from titans_core.tasks.haystack import HAYSTACKS
from titans_core.tokenizer import Tokenizer

LAST = 16  # tokens at least between the fact and the haystack's end
WORDS = 48  # of a text without stops or lines, between two places where a fact may stand
WORD = re.compile(r"\s*\S{1,80}")  # what has no spaces is cut too
ENDS = re.compile(r"(?<=[.?!…])(?=\s)|(?<=[。？！])|(?=\n)")  # of sentences and lines
GOLDEN = (math.sqrt(5) - 1) / 2  # multiples of it, less their whole parts, lie evenly in 0 … 1


class Needle(NamedTuple):
    """What is told, what is asked, and what is right."""

    fact: str
    question: str
    answer: str

    @property
    def said(self) -> str | None:
        """The right answer, bare, as the fact spells it; None where the fact does not say it."""
        told = re.search(re.escape(self.answer.strip(BESIDE)), self.fact, re.IGNORECASE)
        return told.group() if told else None

    @property
    def value(self) -> str:
        """The right answer, bare, and spelled as the fact spells it, where it does."""
        return self.said or self.answer.strip(BESIDE)


class Hay(NamedTuple):
    """The haystack with the fact in it, as tokens: the fact's are those from ``start`` to ``told``. The text
    before it and after it."""

    ids: tuple[int, ...]
    start: int
    told: int
    before: str
    after: str


def drawn(rng: Random, kind: Kind | None = None) -> Needle:
    """A needle that ``rng`` makes up, of a kind of fact, by default one of the main ones."""
    fact = new_fact(rng, kind or rng.choice(MAIN_KINDS))
    return Needle(f"{statement(rng, fact)} {fact.value}.", question(rng, fact), fact.value)


def generated(rng: Random, style: str = "mixed") -> Iterator[str]:
    """Sentences of filler without end, each with the space before it. Raises ValueError where there is no
    such style."""
    if style not in HAYSTACKS:
        raise ValueError(f"no haystack is called {style}: take one of {', '.join(HAYSTACKS)}")
    while True:
        yield f" {HAYSTACKS[style](rng)}"


def of_text(text: str, number: int = 0) -> Iterator[str]:
    """The sentences and lines of a text, each with the white space before it, over and over. Number 0 begins
    where the text does, the others at places that lie evenly in it. Raises ValueError where there is no text.
    """
    parts = sentences(text)
    if not parts:
        raise ValueError("this haystack holds no text: give one that does")
    at = int(GOLDEN * number % 1 * len(parts))
    while True:
        yield parts[at]
        at = (at + 1) % len(parts)


@lru_cache(4)
def sentences(text: str) -> tuple[str, ...]:
    """A text in pieces between which a fact may stand; none is longer than WORDS words, and each begins with
    white space."""
    found: list[str] = []
    for part in ENDS.split(text):
        words = WORD.findall(part)
        found += ["".join(words[start : start + WORDS]) for start in range(0, len(words), WORDS)]
    return tuple(part if part[0].isspace() else f" {part}" for part in found)


def hide(fact: str, pieces: Iterator[str], length: int, depth: float) -> Hay:
    """The fact between two of a haystack's pieces, or before the first; of them so many as make ``length``
    tokens, after ``depth`` (0 to 1) of which it stands. Raises ValueError for half a surrogate pair."""
    encode = Tokenizer.load().encode
    hay: list[str] = [next(pieces).lstrip()]
    ends = [len(encode(hay[0]))]  # tokens up to each piece's end
    for piece in pieces:
        if ends[-1] >= length:
            break
        hay.append(piece)
        ends.append(ends[-1] + len(encode(piece, opening=False)))
    place = min(bisect(ends, depth * length), bisect(ends, ends[-1] - LAST))
    before, after = "".join(hay[:place]), "".join(hay[place:])
    words = fact.strip()
    ids = encode(before)
    start = len(ids)
    ids += encode(f" {words}" if before else words, opening=not before)
    told = len(ids)
    ids += encode(after if place else f" {after}", opening=False)
    return Hay(tuple(ids), start, told, before, after.lstrip())


def asked(hay: Hay, needle: Needle) -> Example:
    """The haystack, then the question and its answer, tagged as a story is; kinds are not told."""
    tokenizer = Tokenizer.load()
    parts = (
        (Tag.FILLER, [tokenizer.begin, *hay.ids[: hay.start]]),
        (Tag.FACT, hay.ids[hay.start : hay.told]),
        (Tag.FILLER, hay.ids[hay.told :]),
        (Tag.QUESTION, tokenizer.encode(f" {needle.question.strip()}", opening=False)),
        (Tag.ANSWER, tokenizer.encode(f" {needle.value}", opening=False)),
        (Tag.ANSWER, tokenizer.encode(".", opening=False)),
    )
    ids = np.array([i for _, part in parts for i in part], np.int64)
    tags = np.array([tag for tag, part in parts for _ in part], np.int8)
    distance, kind = np.zeros(len(ids), np.int32), np.zeros(len(ids), np.int8)
    distance[tags == Tag.ANSWER] = len(hay.ids) - hay.told
    return Example(ids, tags, distance, kind, "")
