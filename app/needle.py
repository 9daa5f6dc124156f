"""A fact in a haystack, and who still knows it: several models read on, and are asked again and again."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from random import Random
from typing import Final, NamedTuple

import titans_core as tc
from app import asking, limits, reading
from app.work import Step
from titans_core.tasks.haystack import sentence
from titans_core.tokenizer import Tokenizer

LONGEST: Final[int] = 16_384  # tokens of a haystack
MOST_FACT: Final[int] = 400  # characters
PIECE: Final[int] = 512  # tokens between two moments at which reading can be stopped
FIRST: Final[int] = 32  # tokens after the fact where the models are first asked; then at every doubling


class Needle(NamedTuple):
    """What is told, asked and right; the fact stands after ``depth`` (0 to 1) of a haystack of ``length``
    tokens, which ``seed`` draws."""

    fact: str
    question: str
    answer: str
    length: int
    depth: float
    seed: int


class Found(NamedTuple):
    """One answer: so many tokens after the fact a model says ``said``; what it gives the right answer, with
    its memory and with it wiped."""

    distance: int
    said: str
    with_memory: float
    without: float


@dataclass(frozen=True)
class Search:
    """How far the models have come; ``found`` has a list of answers for each."""

    needle: Needle
    ids: tuple[int, ...]
    told: int  # tokens up to the fact's end
    streams: dict[str, tc.Stream]
    found: dict[str, tuple[Found, ...]]

    @property
    def stations(self) -> list[int]:
        """After how many tokens the models are asked: a while after the fact, at every doubling, and at the
        end."""
        rest = len(self.ids) - self.told
        doublings = takewhile(lambda n: n < rest, (FIRST << power for power in count()))
        return [self.told + distance for distance in (*doublings, rest)]

    @property
    def complete(self) -> bool:
        """Whether every model has answered at every station."""
        return all(len(found) == len(self.stations) for found in self.found.values())

    @property
    def read(self) -> int:
        """Tokens read by all the models together."""
        return sum(stream.position for stream in self.streams.values())


def begin(chosen: Sequence[tc.TitansLM], needle: Needle) -> Search:
    """A search that has not begun. Raises BadInput where the fact, the question or the answer is missing, or
    cannot be read."""
    for what, text in (("fact", needle.fact), ("answer", needle.answer)):
        if not text.strip():
            raise limits.BadInput(f"There is no {what} yet: type one, then press Search.")
    if len(needle.fact) > MOST_FACT:
        raise limits.BadInput(
            f"This fact has {len(needle.fact):,} characters; "
            f"the page takes up to {MOST_FACT}. Tell a shorter one."
        )
    asking.check_question(needle.question)
    try:
        ids, told = hide(needle)
    except ValueError as error:
        raise limits.BadInput(reading.sentence(str(error))) from None
    streams = {model.name: tc.Stream(model, history=0) for model in chosen}
    return Search(needle, ids, told, streams, dict.fromkeys(streams, ()))


def hide(needle: Needle) -> tuple[tuple[int, ...], int]:
    """The haystack with the fact between two of its sentences, and how many tokens there are up to the fact's
    end. Raises ValueError where the fact is no valid Unicode."""
    encode = Tokenizer.load().encode
    rng = Random(needle.seed)
    hay: list[str] = []
    ends: list[int] = []  # tokens up to each sentence's end
    while not ends or ends[-1] < needle.length:
        hay.append(sentence(rng))
        ends.append((ends[-1] if ends else 0) + len(encode(hay[-1])))
    place = min(bisect(ends, needle.depth * needle.length), bisect(ends, ends[-1] - 2 * FIRST))
    before = " ".join([*hay[:place], needle.fact.strip()])
    whole = encode(" ".join([before, *hay[place:]]))
    return tuple(whole), len(encode(before))


def stages(search: Search) -> Iterator[Step[Search]]:
    """All models read from station to station and answer; every answer is worth showing."""
    total = len(search.ids) * len(search.streams)
    for station in search.stations:
        for name in search.streams:
            while search.streams[name].position < station:
                search = read_on(search, name, station)
                yield Step(search.read, total, search, False)
            search = replace(search, found=search.found | {name: (*search.found[name], answer(search, name))})
            yield Step(search.read, total, search, True)


def read_on(search: Search, name: str, station: int) -> Search:
    """The next piece, at most up to the station."""
    stream = search.streams[name].fork()
    stream.feed(search.ids[stream.position : min(stream.position + PIECE, station)])
    return replace(search, streams=search.streams | {name: stream})


def answer(search: Search, name: str) -> Found:
    """What a model says where it stands."""
    stream, needle = search.streams[name], search.needle
    given = stream.ask(needle.question)
    right = needle.answer.strip().strip(".").casefold()
    shares = (
        sum(share for text, share in candidates if text.casefold() == right)
        for candidates in (given.candidates, given.candidates_without)
    )
    return Found(stream.position - search.told, given.text, *shares)
