"""Stories to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from titans_core.tasks.document import UNANSWERED, Document, Example, Tag
from titans_core.tasks.facts import (
    ALL_KINDS,
    EVERYONE,
    MAIN_KINDS,
    Fact,
    Kind,
    changed,
    few,
    statement,
    update,
)
from titans_core.tokenizer import Tokenizer

FILLER_AFTER_FACT = 0.25  # twice tried, so half a sentence a fact
QUESTIONS, UPDATES, REPEATS = 0.6, 0.03, 0.03  # of the sentences after the facts; the rest is filler
FAVOURITES, RETOLD = 3, 0.2  # facts that a story that insists tells again and again; share of its sentences
PATIENT = 0.2  # facts that nobody asks for until some later moment, so that long distances occur
QUIET = 0.35  # of the stories of at least QUIET_LENGTH tokens have filler alone up to QUIET_UNTIL of them
QUIET_LENGTH, QUIET_UNTIL = 256, 0.85
ONE_KIND = 0.12  # of the documents: lists, logs, mazes, songs and the like
ANY_KIND = 0.2  # of the documents hold facts of any kind; all others of the five main kinds
CHAPTER_LENGTH = 320  # tokens a chapter of a long story takes on average; a short one opens one chapter
TOLD_ANEW = 0.4  # of a new chapter's facts are about what an earlier one told of
UNKNOWN_ASKED, UNKNOWN_OLD = 0.3, 0.8  # questions to answer "unknown"; of these, what an earlier one told


class Batch(NamedTuple):
    """Stories side by side, arrays as in Example, [size, length + 1]: inputs [:, :-1], targets [:, 1:]."""

    ids: NDArray[np.int64]
    tags: NDArray[np.int8]
    distance: NDArray[np.int32]
    kind: NDArray[np.int8]


def story(
    rng: Random,
    tokenizer: Tokenizer,
    length: int,
    facts: int,
    min_distance: int = 24,
    kinds: Sequence[Kind] | None = None,
    updates: float = UPDATES,
    chapters: bool = False,
    crowded: bool = False,
    insistent: bool = False,
) -> Example:
    """``length`` tokens: ``facts`` facts amid some filler, then questions, filler, updates and repeats.

    A question begins at least ``min_distance`` tokens after the last mention of its answer: what attention
    can still see, memory never learns to keep. ``kinds`` are drawn where none are given. With ``chapters``
    the story may start anew, and is then asked for what is known no more. A ``crowded`` one, unless it is of
    one kind, speaks of few people and things; an ``insistent`` one tells a few facts again and again before
    they change. All randomness comes from ``rng``.
    """
    kinds = kinds or some_kinds(rng)
    cast = few(rng, facts) if crowded and len(kinds) > 1 else EVERYONE
    tale = _Story(Document(rng, tokenizer, cast), length, min_distance, kinds, updates, insistent)
    for _ in range(facts):
        tale.new_fact()
    if length >= QUIET_LENGTH and rng.random() < QUIET:
        quiet = rng.random() * QUIET_UNTIL * length
        while len(tale.document) < quiet:
            tale.document.fill()
    openings = chapter_openings(rng, len(tale.document), length) if chapters else []
    while len(tale.document) < length:
        if openings and len(tale.document) >= openings[0]:
            openings.pop(0)
            tale.new_chapter(rng.randint(1, facts))
        elif chapters and rng.random() < QUESTIONS * UNKNOWN_ASKED:
            tale.ask_unknown()
        else:
            tale.go_on()
    return tale.document.example(length)


def chapter_openings(rng: Random, start: int, length: int) -> list[int]:
    """Where chapters open between ``start`` and the end, in order: at least one."""
    count = rng.randint(1, max(1, 2 * length // CHAPTER_LENGTH - 1))
    return sorted(start + int(0.85 * rng.random() * (length - start)) for _ in range(count))


def some_kinds(rng: Random) -> Sequence[Kind]:
    """The kinds of one document."""
    u = rng.random()
    if u < ONE_KIND:
        return (rng.choice(ALL_KINDS),)
    return ALL_KINDS if u < ONE_KIND + ANY_KIND else MAIN_KINDS


class _Story:
    """A story on its way."""

    def __init__(
        self,
        document: Document,
        length: int,
        min_distance: int,
        kinds: Sequence[Kind],
        updates: float,
        insistent: bool,
    ) -> None:
        self.document, self.rng = document, document.rng
        self.length, self.min_distance = length, min_distance
        self.kinds, self.updates = kinds, updates
        self.repeats = RETOLD if insistent else REPEATS
        self.favourites = FAVOURITES if insistent else None
        self.patience: dict[tuple[Kind, str], int] = {}

    def new_fact(self) -> None:
        self.tell(self.document.new_fact(self.kinds))

    def tell(self, fact: Fact) -> None:
        """A fact's first sentence, perhaps one that is not asked for until much later, and some filler."""
        self.document.tell(fact, statement(self.rng, fact, self.document.cast), Tag.FACT)
        if self.rng.random() < PATIENT:
            self.patience[fact.kind, fact.subject] = self.rng.randrange(self.length)
        for _ in range(2):
            if self.rng.random() < FILLER_AFTER_FACT:
                self.document.fill()

    def new_chapter(self, facts: int) -> None:
        """Everything is unknown; then ``facts`` facts, some about what was spoken of before."""
        self.document.new_chapter()
        for _ in range(facts):
            past = list(self.document.past.values())
            retold = past and self.rng.random() < TOLD_ANEW
            fact = None if retold else self.document.unheard(self.kinds)
            self.tell(fact or changed(self.rng, self.rng.choice(past)))  # where all was told, it is told anew

    def ask_unknown(self) -> None:
        """A question that this chapter does not answer."""
        past = list(self.document.past.values())
        if past and self.rng.random() < UNKNOWN_OLD:
            self.document.ask(self.rng.choice(past))
        elif fact := self.document.unheard(self.kinds):
            self.document.ask(fact)
        else:
            self.document.fill()

    def go_on(self) -> None:
        """A question, filler, a change or a repeat."""
        u, document = self.rng.random(), self.document
        if u < QUESTIONS:
            due = [
                mention.fact
                for subject, mention in document.mentions.items()
                if len(document) >= max(mention.end + self.min_distance, self.patience.get(subject, 0))
            ]
            if due:
                document.ask(self.rng.choice(due), answered=self.rng.random() >= UNANSWERED)
            else:
                document.fill()
        elif u < QUESTIONS + self.updates:
            fact = changed(self.rng, self.some_fact())
            document.tell(fact, update(self.rng, fact, document.cast), Tag.UPDATE)
        elif u < QUESTIONS + self.updates + self.repeats:
            fact = self.some_fact()
            document.tell(fact, statement(self.rng, fact, document.cast), Tag.REPEAT)
        else:
            document.fill()

    def some_fact(self) -> Fact:
        """One that was told: of an insistent story's, one of the first."""
        return self.rng.choice(list(self.document.mentions.values())[: self.favourites]).fact


def batch(
    rng: Random,
    tokenizer: Tokenizer,
    size: int,
    length: int,
    facts: Sequence[int],
    min_distance: int = 24,
    updates: float = UPDATES,
    chapters: float = 0.0,
    crowded: float = 0.0,
    insistent: float = 0.0,
) -> Batch:
    """``size`` stories, each with a number of facts drawn from ``facts``; shares of them have chapters, are
    crowded, and insist."""
    return side_by_side(
        story(
            rng,
            tokenizer,
            length + 1,
            rng.choice(facts),
            min_distance,
            updates=updates,
            chapters=chapters > 0 and rng.random() < chapters,
            crowded=crowded > 0 and rng.random() < crowded,
            insistent=insistent > 0 and rng.random() < insistent,
        )
        for _ in range(size)
    )


def side_by_side(examples: Iterable[Example]) -> Batch:
    """Examples of one length as a batch."""
    rows = list(examples)
    return Batch(*(np.stack([getattr(example, name) for example in rows]) for name in Batch._fields))
