"""Stories to learn from, and needles to be measured with."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from titans_core.tasks.document import UNANSWERED, Document, Example, Tag
from titans_core.tasks.facts import ALL_KINDS, Fact, Kind, changed, statement, update
from titans_core.tasks.haystack import sentence
from titans_core.tokenizer import Tokenizer

FILLER_AFTER_FACT = 0.25  # twice tried, so half a sentence a fact
QUESTIONS, UPDATES, REPEATS = 0.6, 0.03, 0.03  # of the sentences after the facts; the rest is filler
PATIENT = 0.2  # facts that nobody asks for until some later moment, so that long distances occur
LONGEST_FACT = 32  # tokens, with separator and speech
ROOM_FOR_QUESTION = (6, 13)  # a question of 5 to 14 tokens then ends within 8 tokens of where it should


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
    kinds: tuple[Kind, ...] = ALL_KINDS,
) -> Example:
    """``length`` tokens: ``facts`` facts amid some filler, then questions, filler, updates and repeats.

    A question begins at least ``min_distance`` tokens after the last mention of its answer: what attention
    can still see, memory never learns to keep. All randomness comes from ``rng``.
    """
    document = Document(rng, tokenizer)
    patience: dict[tuple[Kind, str], int] = {}
    for _ in range(facts):
        fact = document.new_fact(kinds)
        document.tell(fact, statement(rng, fact), Tag.FACT)
        if rng.random() < PATIENT:
            patience[fact.kind, fact.subject] = rng.randrange(length)
        for _ in range(2):
            if rng.random() < FILLER_AFTER_FACT:
                document.fill()
    while len(document) < length:
        u = rng.random()
        if u < QUESTIONS:
            due = [
                mention.fact
                for subject, mention in document.mentions.items()
                if len(document) >= max(mention.end + min_distance, patience.get(subject, 0))
            ]
            if due:
                document.ask(rng.choice(due), answered=rng.random() >= UNANSWERED)
            else:
                document.fill()
        elif u < QUESTIONS + UPDATES:
            fact = changed(rng, some_fact(document))
            document.tell(fact, update(rng, fact), Tag.UPDATE)
        elif u < QUESTIONS + UPDATES + REPEATS:
            fact = some_fact(document)
            document.tell(fact, statement(rng, fact), Tag.REPEAT)
        else:
            document.fill()
    return document.example(length)


def some_fact(document: Document) -> Fact:
    return document.rng.choice(list(document.mentions.values())).fact


def batch(
    rng: Random, tokenizer: Tokenizer, size: int, length: int, facts: tuple[int, ...], min_distance: int = 24
) -> Batch:
    """``size`` stories, each with a number of facts drawn from ``facts``."""
    stories = [story(rng, tokenizer, length + 1, rng.choice(facts), min_distance) for _ in range(size)]
    return Batch(*(np.stack([getattr(example, name) for example in stories]) for name in Batch._fields))


def needle(rng: Random, tokenizer: Tokenizer, facts: int, distance: int, kind: Kind | None = None) -> Example:
    """``facts`` facts, then filler alone, then one question.

    Its answer (at ``answer_start``) stands ``distance`` ± 8 tokens after the value that was told. ``kind`` is
    that of the fact asked, by default any; the others are of any kind. Raises ValueError below 32 tokens.
    """
    if facts < 1 or distance < LONGEST_FACT:
        raise ValueError(f"a needle needs a fact and a distance of at least {LONGEST_FACT} tokens")
    document = Document(rng, tokenizer)
    later = rng.randrange(min(facts, distance // LONGEST_FACT))  # facts told after the one asked
    for left in reversed(range(facts)):
        fact = document.new_fact((kind,) if kind and left == later else ALL_KINDS)
        document.tell(fact, statement(rng, fact), Tag.FACT)
    asked = list(document.mentions.values())[-1 - later]
    while (room := asked.start + distance - len(document)) > ROOM_FOR_QUESTION[1]:
        text = document.separator() + sentence(rng)
        if len(tokenizer.encode(text, opening=False)) <= room - ROOM_FOR_QUESTION[0]:
            document.write(text, Tag.FILLER)
    document.ask(asked.fact)
    return document.example()
