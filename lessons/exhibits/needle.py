"""Lesson 10: facts in a haystack, told after so many tokens of it and asked for after so many more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import ClassVar

import numpy as np

import titans_core as tc
from lessons.answering import chances
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader, read_models
from lessons.head import Head
from titans_core.tasks.document import Document, Tag
from titans_core.tasks.facts import CHANCE, MAIN_KINDS, Fact, Kind, question, statement
from titans_core.tasks.haystack import sentence
from titans_core.tokenizer import Tokenizer

AFTER = tuple(8 << n for n in range(11))  # tokens after the facts where a model is asked: 8 … 8,192
CROWDS = (1, 8, 16, 32, 56)  # facts told in a row
FAR, SOON = 1024, 32  # tokens after which a lone fact is asked for, and a crowd
LOOKED = (8, 32, 128, FAR)
SEEDS = 4  # haystacks
SURE = 0.5  # a value with more than this has no rival: it is the answer


@dataclass(frozen=True)
class Asked:
    """So many tokens after the last fact: the probability of the right answer to each one's question."""

    after: int
    chances: tuple[float, ...]

    @property
    def right(self) -> float:
        """The share of the questions that is surely answered right."""
        return float(np.mean(np.array(self.chances) > SURE))


@dataclass(frozen=True)
class Told:
    """A haystack as tokens: filler, then sentences that tell ``facts``, from token ``start`` to ``end``, then
    filler again. ``words`` is what the facts say."""

    ids: tuple[int, ...]
    start: int
    end: int
    facts: tuple[Fact, ...]
    words: str


def hide(before: int, after: int, facts: int = 1, seed: int = 0) -> Told:
    """So many facts about different people and things, between so many tokens of filler."""
    tokenizer, rng = Tokenizer.load(), Random(f"needle {seed}")
    document = Document(rng, tokenizer)
    for _ in range(facts):
        fact = document.new_fact(MAIN_KINDS)
        document.tell(fact, statement(rng, fact), Tag.FACT)
    words, known = "".join(document.texts), tuple(mention.fact for mention in document.mentions.values())
    told = tokenizer.encode(f" {words}", opening=False)
    ids = (*hay(before, rng, tokenizer), *told, *hay(after, rng, tokenizer))
    return Told(ids, before, before + len(told), known, words)


def hay(tokens: int, rng: Random, tokenizer: Tokenizer) -> list[int]:
    """So many tokens of filler; the last sentence may break off."""
    ids: list[int] = []
    while len(ids) < tokens:
        ids += tokenizer.encode(f" {sentence(rng)}", opening=False)
    return ids[:tokens]


def search(
    model: tc.TitansLM, told: Told, distances: Sequence[int] = AFTER, forget: float | None = None
) -> tuple[Asked, ...]:
    """Read on, and ask for every fact at each of the distances that the haystack holds: by default at every
    doubling of the tokens read since. ``forget`` clamps α from the start."""
    stream, found = tc.Stream(model, history=0), []
    if forget is not None:
        stream = stream.override(alpha=forget)
    places = [told.end + after for after in distances if told.end + after <= len(told.ids)]
    for last, place in pairwise((0, *places)):
        stream.feed(told.ids[last:place])
        found.append(Asked(place - told.end, ask(stream, told.facts)))
    return tuple(found)


def crowds(
    model: tc.TitansLM, distances: Sequence[int] = (SOON, FAR), seeds: Sequence[int] = (0, 1)
) -> dict[int, dict[int, float]]:
    """The map: the share of right answers by how many facts were told, and how long ago."""
    return {row.facts: row.shares for row in rows(model, distances, seeds)}


@dataclass(frozen=True)
class Row:
    """One row of the map, and how many tokens its haystacks have."""

    facts: int
    shares: dict[int, float]
    tokens: int


def rows(model: tc.TitansLM, distances: Sequence[int], seeds: Sequence[int] = (0, 1)) -> Iterator[Row]:
    """The map row by row, the smallest crowd first."""
    for facts in CROWDS:
        hays = haystacks(facts, distances, seeds)
        yield Row(facts, mean(search(model, told, distances) for told in hays), tokens(hays))


def haystacks(facts: int, distances: Sequence[int], seeds: Sequence[int] = (0, 1)) -> list[Told]:
    """Those that a row of the map is asked in."""
    return [hide(0, max(distances), facts, seed) for seed in seeds]


def tokens(hays: Iterable[Told]) -> int:
    """How much there is to read."""
    return sum(len(told.ids) for told in hays)


def ask(stream: tc.Stream, facts: Sequence[Fact]) -> tuple[float, ...]:
    """The probability of the right answer to each fact's question, asked where the stream stands."""
    rng = Random("questions")
    return chances(stream, [(question(rng, fact), fact.value) for fact in facts])


@dataclass(frozen=True)
class Searched(Found):
    """The share of right answers: to lone facts by model and tokens since, and to each of a crowd by model
    and its size."""

    lone: dict[str, dict[int, float]]
    crowd: dict[str, dict[int, float]]


@dataclass(frozen=True)
class Shown(Exhibit):
    """``models``, the attention-only one among them, search for lone facts, up to FAR tokens later, and
    for crowds of them, SOON after. Claims: ``far_MODEL``; ``crowd_MODEL``, of the largest crowd;
    ``card_MODEL``, what the model's card says of eight facts asked for 8,192 tokens later. Of the first model
    with a memory, and the largest crowd: ``unforgetting``, with α clamped to 0; ``at_once``, of each fact as
    soon as it was told."""

    models: tuple[str, ...]

    views: ClassVar[tuple[str, ...]] = ("search", "lone", "crowd", "map")
    actions: ClassVar[tuple[str, ...]] = ("dragged", "mapped")

    @classmethod
    def read(cls, head: Head) -> Shown:
        known = read_models(head)
        if "attention" not in known:
            raise head.error("models", "must have attention among them, which the others are held against")
        return cls(known)

    @property
    def promises(self) -> tuple[str, ...]:
        each = tuple(f"{what}_{name}" for what in ("far", "crowd", "card") for name in self.models)
        found = "lost", "breaks", "far", "far_worst", "most", "few", "next", "next_attention", "crowd_few"
        return (*each, *found, "chance_place", "unforgetting", "at_once")

    def run(self, load: Loader) -> Searched:
        lone = {
            name: mean(search(load(name), hide(0, FAR, 1, seed), LOOKED) for seed in range(SEEDS))
            for name in self.models
        }
        crowd = {
            name: {facts: right[SOON] for facts, right in crowds(load(name), (SOON,)).items()}
            for name in self.models
        }
        with_memory = [name for name in self.models if load(name).has_memory]
        first = load(with_memory[0])
        unforgetting = mean(search(first, told, (SOON,), 0.0) for told in haystacks(CROWDS[-1], (SOON,)))
        claims = {f"far_{name}": percent(found[FAR]) for name, found in lone.items()}
        claims |= {f"crowd_{name}": percent(found[CROWDS[-1]]) for name, found in crowd.items()}
        claims |= {f"card_{name}": percent(on_card(name)) for name in self.models}
        few, far, many = (
            np.mean([part[name][at] for name in with_memory])
            for part, at in ((crowd, CROWDS[1]), (lone, FAR), (crowd, CROWDS[-1]))
        )
        return Searched(
            claims
            | {
                "lost": Claim(min(lone, key=lambda name: lone[name][FAR])),
                "breaks": Claim("length" if far < many else "crowd"),
                "far": Claim(FAR, ",.0f"),
                "far_worst": percent(min(lone[name][FAR] for name in with_memory)),
                "most": Claim(CROWDS[-1], ".0f"),
                "few": Claim(CROWDS[1], ".0f"),
                "crowd_few": percent(float(few)),
                "next": Claim(AFTER[0], ".0f"),
                "next_attention": percent(lone["attention"][AFTER[0]]),
                "chance_place": percent(CHANCE[Kind.PLACE]),
                "unforgetting": percent(unforgetting[SOON]),
                "at_once": percent(at_once(first, CROWDS[-1])),
            },
            lone,
            crowd,
        )


def mean(searches: Iterable[tuple[Asked, ...]]) -> dict[int, float]:
    """The share of right answers by the tokens since, over several haystacks."""
    columns = zip(*searches, strict=True)
    return {column[0].after: float(np.mean([asked.right for asked in column])) for column in columns}


def at_once(model: tc.TitansLM, facts: int, seeds: Sequence[int] = (0, 1)) -> float:
    """The share of a crowd's facts that is answered right as soon as each has been told."""
    right = list[float]()
    for seed in seeds:
        stream, read = tc.Stream(model, history=0), 0
        for count in range(1, facts + 1):
            told = hide(0, 0, count, seed)  # of one seed, a larger crowd begins with the smaller
            stream.feed(told.ids[read:])
            read = len(told.ids)
            right.append(Asked(0, ask(stream, told.facts[-1:])).right)
    return float(np.mean(right))


def on_card(name: str) -> float:
    """What a model's card says: the share of right answers to one of eight facts, 8,192 tokens later."""
    rows = tc.model_card(name)["scores"]["recall"]
    return next(float(row["recall"]) for row in rows if (row["facts"], row["distance"]) == (8, 8192))
