"""A document under construction: told span by span, with its tokens, their tags, and every mention."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from titans_core.tasks.facts import EVERYONE, UNKNOWN, Cast, Fact, Kind, new_fact, question
from titans_core.tasks.haystack import sentence
from titans_core.tasks.words import NAMES
from titans_core.tokenizer import Tokenizer


class Tag(IntEnum):
    """What a token is there for. A full stop has the tag of its sentence, or is an answer's last token. After
    a CHAPTER opens, what was told before it is unknown. TEXT is all of what nobody made up."""

    FILLER = 0
    FACT = 1
    VALUE = 2
    REPEAT = 3
    REPEAT_VALUE = 4
    UPDATE = 5
    UPDATE_VALUE = 6
    QUESTION = 7
    ANSWER = 8
    CHAPTER = 9
    TEXT = 10


VALUE_TAG = {Tag.FACT: Tag.VALUE, Tag.REPEAT: Tag.REPEAT_VALUE, Tag.UPDATE: Tag.UPDATE_VALUE}


@dataclass(frozen=True)
class Example:
    """A document as tokens, BEGIN first; all arrays are [T].

    ``tags`` holds Tag. At an answer's tokens ``distance`` says how many tokens ago the same token of the last
    mention stood, and ``kind`` (Kind) what was asked; both are 0 elsewhere, and distance is at "unknown" too.
    ``text`` is the whole document: ``ids`` without BEGIN are its first T − 1 tokens.
    """

    ids: NDArray[np.int64]
    tags: NDArray[np.int8]
    distance: NDArray[np.int32]
    kind: NDArray[np.int8]
    text: str

    @property
    def answer_start(self) -> int:
        """The position of the first answer's first token. Raises ValueError where nothing is answered."""
        at = np.flatnonzero(self.tags == Tag.ANSWER)
        if not at.size:
            raise ValueError("this document answers no question")
        return int(at[0])


class Mention(NamedTuple):
    """A value that was told or answered, and the tokens [start, end) where it stands."""

    fact: Fact
    start: int
    end: int


class Layout(NamedTuple):
    """How often a separator stands before a sentence, and speech around it."""

    separators: tuple[str, ...]
    speech: float


LAYOUTS = (
    Layout((" ",) * 17 + ("\n", "\n\n", "  "), 0.08),
    Layout((" ",) * 5 + ("\n",) * 3 + ("\n\n", " \n"), 0.12),
    Layout((" ",), 0.0),
    Layout(("\n",) * 8 + (" ", "\n\n"), 0.04),
)
UNANSWERED = 0.06  # questions that stand without their answer
LISTED = 0.6  # entries that stand as a line of a list
CHAPTERS = ("Chapter {n}. A new day begins.", "Chapter {n}.", "Chapter {n}. Everything is new.")
TRIES = 1000  # at an unused subject, before a document counts as full


class Document:
    """Spans are coded one by one, cut where the tokenizer cuts anyway: the whole text has these tokens."""

    def __init__(self, rng: Random, tokenizer: Tokenizer, cast: Cast = EVERYONE) -> None:
        self.rng, self.tokenizer, self.cast = rng, tokenizer, cast
        self.layout = rng.choice(LAYOUTS)
        self.ids: list[int] = [tokenizer.begin]
        self.tags: list[int] = [Tag.FILLER]
        self.answers: list[tuple[int, int, int, Kind]] = []  # start, end, distance, kind
        self.texts: list[str] = []
        self.mentions: dict[tuple[Kind, str], Mention] = {}
        self.past: dict[tuple[Kind, str], Fact] = {}  # told in an earlier chapter and not since
        self.chapters = 0
        self.line_open = False  # a list's line, which only a new line ends

    def __len__(self) -> int:
        return len(self.ids)

    def write(self, text: str, tag: Tag) -> None:
        """Add a span. It begins with the white space before it and ends in none."""
        ids = self.tokenizer.encode(text, opening=not self.texts)
        self.ids += ids
        self.tags += [tag] * len(ids)
        self.texts.append(text)

    def separator(self) -> str:
        """What stands between the last sentence and the next."""
        if self.line_open:
            self.line_open = False
            return "\n"
        return self.rng.choice(self.layout.separators) if self.texts else ""

    def fill(self, writer: Callable[[Random], str] = sentence) -> None:
        """A sentence of filler."""
        self.write(self.separator() + writer(self.rng), Tag.FILLER)

    def tell(self, fact: Fact, words: str, tag: Tag) -> None:
        """A sentence that states ``fact``; ``words`` go up to its value. ``tag``: FACT, REPEAT or UPDATE."""
        listed = fact.kind is Kind.ENTRY and self.rng.random() < LISTED
        self.line_open |= listed and bool(self.texts)
        spoken = not listed and self.rng.random() < self.layout.speech
        before, after = speech(self.rng, self.cast) if spoken else ("", "" if listed else ".")
        self.write(self.separator() + before + words, tag)
        self.value(fact, VALUE_TAG[tag])
        self.write(after, tag)
        self.line_open = listed

    def ask(self, fact: Fact, answered: bool = True) -> None:
        """A question, and its answer: "unknown" where this chapter does not tell it. The full stop belongs to
        the answer: who goes on where the value ends has not answered right."""
        self.write(self.separator() + question(self.rng, fact), Tag.QUESTION)
        if not answered:
            return
        start, known = len(self), self.mentions.get((fact.kind, fact.subject))
        distance, kind = (start - known.start, fact.kind) if known else (0, Kind.UNKNOWN)
        if known:
            self.value(fact, Tag.ANSWER)
        else:
            self.write(" " + UNKNOWN, Tag.ANSWER)
        self.write(".", Tag.ANSWER)
        self.answers.append((start, len(self), distance, kind))

    def value(self, fact: Fact, tag: Tag) -> None:
        start = len(self)
        self.write(" " + fact.value, tag)
        self.mentions[fact.kind, fact.subject] = Mention(fact, start, len(self))
        self.past.pop((fact.kind, fact.subject), None)

    def new_chapter(self) -> None:
        """What was told so far is unknown from here on."""
        self.chapters += 1
        opening = self.rng.choice(CHAPTERS).format(n=self.chapters + 1)
        self.write(self.separator() + opening, Tag.CHAPTER)
        self.past |= {subject: mention.fact for subject, mention in self.mentions.items()}
        self.mentions.clear()

    def new_fact(self, kinds: Sequence[Kind]) -> Fact:
        """A fact about something that was not spoken of. Raises ValueError where too much was."""
        if fact := self.unheard(kinds):
            return fact
        raise ValueError(
            f"a document has no room for more than {len(self.mentions)} facts of "
            f"{', '.join(k.name for k in dict.fromkeys(kinds))}"
        )

    def unheard(self, kinds: Sequence[Kind]) -> Fact | None:
        """The same, or None."""
        for _ in range(TRIES if len(self.mentions) < len(NAMES) else 0):
            fact = new_fact(self.rng, self.rng.choice(kinds), self.cast)
            if (fact.kind, fact.subject) not in self.mentions.keys() | self.past.keys():
                return fact
        return None

    def example(self, length: int | None = None) -> Example:
        """The first ``length`` tokens, or all."""
        size = len(self)
        distance, kind = np.zeros(size, np.int32), np.zeros(size, np.int8)
        for start, end, far, what in self.answers:
            distance[start:end], kind[start:end] = far, what
        ids, tags = np.array(self.ids, np.int64), np.array(self.tags, np.int8)
        return Example(ids[:length], tags[:length], distance[:length], kind[:length], "".join(self.texts))


def speech(rng: Random, cast: Cast) -> tuple[str, str]:
    """What goes before and after words that somebody says."""
    who = rng.choice(cast.names)
    return rng.choice(
        (('"', '."'), (f'{who} said: "', '."'), ('"', f'," said {who}.'), ("(", ".)"), ("- ", "."))
    )
