"""A fact in a haystack, and who still knows it: several models read on, and are asked again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from random import Random
from typing import Final, NamedTuple

import titans_core as tc
from app import limits, models
from app.hosting import metrics
from app.work import Step
from titans_core.answer import BESIDE
from titans_core.tasks import hidden
from titans_core.tasks.hidden import Hay, generated, of_text
from titans_core.tokenizer import Tokenizer

MOST: Final[int] = 400  # characters of a fact, a question, an answer
PIECE: Final[int] = 512  # tokens between two moments at which reading can be stopped
FIRST: Final[int] = 8  # tokens after the fact where the models are first asked; then at every doubling


class Needle(NamedTuple):
    """What is told, asked and right; the fact stands after ``depth`` (0 to 1) of a haystack of ``length``
    tokens, which ``seed`` draws: filler, or stretches of a ``text`` of one's own."""

    fact: str
    question: str
    answer: str
    length: int
    depth: float
    seed: int
    text: str | None = None

    @property
    def told(self) -> hidden.Needle:
        """The fact, its question and its answer alone."""
        return hidden.Needle(self.fact, self.question, self.answer)

    @property
    def value(self) -> str:
        """The right answer, bare, and spelled as the fact spells it."""
        return self.told.value

    def check(self) -> None:
        """Raise BadInput as ``check_texts``, and where the fact does not say the answer."""
        self.check_texts()
        if self.told.said is None:
            raise limits.BadInput(
                f"The fact does not say “{self.value}”, so nobody can find it: type an answer that it says."
            )

    def check_texts(self) -> None:
        """Raise BadInput where the fact, the question, the answer or the text is missing, too long, or cannot
        be read."""
        for what, text in self.told._asdict().items():
            if not text.strip().strip(BESIDE):
                raise limits.BadInput(f"There is no {what} yet: type one first.")
            if len(text) > MOST:
                raise limits.BadInput(
                    f"This {what} has {len(text):,} characters; the page takes up to {MOST}. Make it shorter."
                )
            check_read(what, text)
        if self.text is not None:
            limits.check_characters(self.text.strip() and self.text)
            check_read("text", self.text)


Key = tuple[tuple[str, ...], Needle]  # who searches, and what for


def check_read(what: str, text: str) -> None:
    """Raise BadInput for half a surrogate pair."""
    try:
        Tokenizer.load().encode(text)
    except ValueError as error:
        raise limits.BadInput(f"This {what} cannot be read: {error}.") from None


def distances(hay: Hay) -> list[int]:
    """How many tokens after the fact the models are asked: soon, at every doubling, and at the end."""
    rest = len(hay.ids) - hay.told
    return [*takewhile(lambda n: n < rest, (FIRST << power for power in count())), rest]


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
    hay: Hay
    streams: dict[str, tc.Stream]
    found: dict[str, tuple[Found, ...]]

    @property
    def key(self) -> Key:
        """Who searches, and what for: searches of one key find the same."""
        return tuple(self.streams), self.needle

    @property
    def digests(self) -> tuple[str, ...]:
        """Tells the models that search from others that had their names before."""
        return tuple(stream.model.digest for stream in self.streams.values())

    @property
    def complete(self) -> bool:
        """Whether every model has answered everywhere."""
        return all(len(found) == len(distances(self.hay)) for found in self.found.values())

    @property
    def read(self) -> int:
        """How much of the haystack is read, all the models taken together."""
        return sum(stream.position for stream in self.streams.values()) // len(self.streams)


def begin(chosen: Sequence[tc.TitansLM], needle: Needle) -> Search:
    """A search that has not begun. Raises BadInput as ``Needle.check``."""
    needle.check()
    streams = {model.name: tc.Stream(model, history=0) for model in chosen}
    return Search(needle, hide(needle), streams, dict.fromkeys(streams, ()))


def hide(needle: Needle) -> Hay:
    """A haystack with the fact between two of its sentences, or before the first. Raises BadInput as
    ``Needle.check_texts``."""
    needle.check_texts()
    rng = Random(needle.seed)
    pieces = generated(rng) if needle.text is None else of_text(needle.text, needle.seed - 1)
    return hidden.hide(needle.fact, pieces, needle.length, needle.depth)


def stages(search: Search) -> Iterator[Step[Search]]:
    """All models read on from where they are, asked at one distance after the other; every answer is worth
    showing."""
    length = len(search.hay.ids)
    if search.read and not search.complete:
        yield Step(search.read, length, search, False)
    for asked, distance in enumerate(distances(search.hay)):
        for name in [name for name, found in search.found.items() if len(found) == asked]:
            while search.streams[name].position < search.hay.told + distance:
                search = read_on(search, name, search.hay.told + distance)
                yield Step(search.read, length, search, False)
            found = Found(distance, *answer(search.streams[name], search.needle))
            search = replace(search, found=search.found | {name: (*search.found[name], found)})
            yield Step(search.read, length, search, True)


def read_on(search: Search, name: str, border: int) -> Search:
    """The next piece, at most up to token ``border``."""
    stream = search.streams[name].fork()
    ids = search.hay.ids[stream.position : min(stream.position + PIECE, border)]
    stream.feed(ids)
    metrics.TOKENS.labels(models.counted(name)).inc(len(ids))
    return replace(search, streams=search.streams | {name: stream})


def answer(stream: tc.Stream, needle: Needle) -> tuple[str, float, float]:
    """What a model says where it stands, and the chances of the right answer, with memory and without."""
    given = stream.ask(needle.question.strip())
    return given.text, *given.chances(needle.value)
