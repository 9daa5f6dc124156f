"""What the tokenizer learns its vocabulary from: the world's own sentences, its words, and plain prose."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from titans_core.tasks.document import CHAPTERS
from titans_core.tasks.facts import ALL_KINDS, UNKNOWN, changed, new_fact, question, statement, update
from titans_core.tasks.haystack import sentence
from titans_core.tasks.prose import PARAGRAPHS
from titans_core.tasks.words import COMMON, PLAIN, WORLD, made_up

ROUNDS = 20


def corpus(seed: int) -> Iterator[str]:
    """Texts in the proportions that the vocabulary should serve; the same seed gives the same texts."""
    rng = Random(seed)
    for _ in range(ROUNDS):
        yield from PARAGRAPHS
        for words, times in ((WORLD, 8), (PLAIN, 6), (COMMON, 4)):
            yield " ".join(rng.sample(words * times, len(words) * times))
        yield " ".join(made_up(rng) for _ in range(1200))
        yield "\n".join(told(rng) for _ in range(40))
        yield " ".join(sentence(rng) for _ in range(60))


def told(rng: Random) -> str:
    """A fact, its question, its answer, its change, and a chapter that knows nothing of it."""
    fact = new_fact(rng, rng.choice(ALL_KINDS))
    new = changed(rng, fact)
    first = f"{statement(rng, fact)} {fact.value}. {question(rng, fact)} {fact.value}."
    opening = rng.choice(CHAPTERS).format(n=rng.randint(2, 9))
    return f"{first} {update(rng, new)} {new.value}. {opening} {question(rng, fact)} {UNKNOWN}."
