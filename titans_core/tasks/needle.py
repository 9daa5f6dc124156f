"""Needles: stories to be measured with, each made to ask one thing."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from titans_core.tasks.document import Document, Example, Tag
from titans_core.tasks.facts import EVERYONE, MAIN_KINDS, Fact, Kind, changed, few, statement, update
from titans_core.tasks.haystack import HAYSTACKS
from titans_core.tokenizer import Tokenizer

LONGEST_FACT = 32  # tokens, with separator and speech
ROOM_FOR_QUESTION = (6, 13)  # a question of 5 to 14 tokens then ends within 8 tokens of where it should


def needle(
    rng: Random,
    tokenizer: Tokenizer,
    facts: int,
    distance: int,
    kind: Kind | None = None,
    haystack: str = "mixed",
    changes: int = 0,
    crowded: bool = False,
    repeats: int = 0,
    before: int = 0,
) -> Example:
    """``before`` tokens of filler, ``facts`` facts, then filler alone, then one question.

    Its answer (at ``answer_start``) stands ``distance`` ± 8 tokens after the value that was told last.
    ``kind`` is that of the fact asked, by default any of the main ones; the others are of these. After the
    facts the one asked is told again ``repeats`` times and changed ``changes`` times. ``haystack`` names the
    filler's style. ``crowded``: several facts are about the same people and things. Raises ValueError below
    32 tokens or one fact, and where there is no such haystack.
    """
    if facts < 1 or distance < LONGEST_FACT:
        raise ValueError(f"a needle needs a fact and a distance of at least {LONGEST_FACT} tokens")
    if haystack not in HAYSTACKS:
        raise ValueError(f"no haystack is called {haystack}: take one of {', '.join(HAYSTACKS)}")
    document = Document(rng, tokenizer, few(rng, facts) if crowded else EVERYONE)
    fill_up(document, before, haystack)
    last = changes or repeats
    later = rng.randrange(1 if last else min(facts, distance // LONGEST_FACT))  # told after the one asked
    for left in reversed(range(facts)):
        tell_new(document, (kind,) if kind and left == later else MAIN_KINDS)
    asked = list(document.mentions.values())[-1 - later].fact
    for _ in range(repeats):
        document.fill()
        document.tell(asked, statement(rng, asked, document.cast), Tag.REPEAT)
    for _ in range(changes):
        asked = changed(rng, asked)
        document.tell(asked, update(rng, asked, document.cast), Tag.UPDATE)
    told = document.mentions[asked.kind, asked.subject].start
    fill_up(document, told + distance, haystack)
    document.ask(asked)
    return document.example()


def tell_new(document: Document, kinds: Sequence[Kind] = MAIN_KINDS) -> Fact:
    """A fact about something that was not spoken of, and the sentence that tells it."""
    fact = document.new_fact(kinds)
    document.tell(fact, statement(document.rng, fact, document.cast), Tag.FACT)
    return fact


def fill_up(document: Document, end: int, haystack: str) -> None:
    """Filler, until a question's answer would stand at ``end``; the last sentence may break off."""
    writer = HAYSTACKS[haystack]

    def size(text: str) -> int:
        return len(document.tokenizer.encode(text, opening=False))

    while (room := end - len(document)) > ROOM_FOR_QUESTION[1]:
        before, words = document.separator(), list[str]()
        while not words:
            words = writer(document.rng).split(" ")
            while words and size(before + " ".join(words)) > room - ROOM_FOR_QUESTION[0]:
                words.pop()
        document.write(before + " ".join(words), Tag.FILLER)


def broken_off(
    rng: Random, tokenizer: Tokenizer, facts: int, distance: int, known: bool, haystack: str = "mixed"
) -> Example:
    """``facts`` facts, a chapter's opening, as many others, filler, and a question: for one of the second
    chapter's, or (``known=False``) for one of the first's, which is unknown by then."""
    document = Document(rng, tokenizer)
    first = [tell_new(document) for _ in range(facts)]
    document.new_chapter()
    second = [tell_new(document) for _ in range(facts)]
    fill_up(document, len(document) + distance, haystack)
    document.ask(rng.choice(second if known else first))
    return document.example()


def mentioned(rng: Random, tokenizer: Tokenizer, gap: int = 64) -> Example:
    """A fact told three times and then changed, with ``gap`` tokens of filler between, in equal words."""
    document = Document(rng, tokenizer)
    fact = document.new_fact(MAIN_KINDS)
    words = statement(rng, fact)
    fill_up(document, gap, "mixed")
    for tag in (Tag.FACT, Tag.REPEAT, Tag.REPEAT):
        document.tell(fact, words, tag)
        fill_up(document, len(document) + gap, "mixed")
    fact = changed(rng, fact)
    document.tell(fact, words, Tag.UPDATE)
    return document.example()
