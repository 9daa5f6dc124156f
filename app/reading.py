"""A text that a model reads: the value a session keeps, how it grows, and how it goes on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import titans_core as tc
from app import limits, models, payload
from app.hosting import metrics
from app.settings import settings
from app.work import Step
from titans_core.tokenizer import Decoder

PIECE = 256  # tokens between two moments at which reading can be stopped
FIRST = PIECE - 1  # tokens after which a reading is shown first: the begin token counts, as in snapshots
GROWTH = 4  # then whenever it is so many times as long: all of it is sent anew


@dataclass(frozen=True)
class Reading:
    """A stream that has read ``text``, or its first part, and what happened in consecutive ``parts``.

    ``ids`` are the whole text's tokens, ``seconds`` the time that the last stretch took, and ``name`` is the
    same for all stages of one reading; ``without`` says whether the trace tells what would be expected with
    the memory wiped. ``borders`` says after how many tokens it was cut, or is to be cut where it is not read
    that far: the same cuts give the same numbers, bit for bit.
    """

    stream: tc.Stream
    text: str
    ids: tuple[int, ...]
    parts: tuple[tc.Trace, ...]
    seconds: float
    name: str
    without: bool = False
    borders: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Tells this stage of this reading from all others."""
        return f"{self.name}/{self.stream.position}"

    @property
    def complete(self) -> bool:
        """Whether all of the text was read."""
        return self.stream.position == len(self.ids)

    def of(self, model: tc.TitansLM, text: str) -> bool:
        """Whether this is ``text`` as ``model`` reads it: by its digest, for a file of one name may be
        another by now."""
        return (self.stream.model.digest, self.text) == (model.digest, text)

    @cached_property
    def trace(self) -> tc.Trace:
        """What happened, from the first token on."""
        return tc.Trace.join(self.parts)

    @cached_property
    def message(self) -> bytes:
        """What the browser needs to show all of it; made once."""
        return payload.encode(self.trace, self.key, self.stream.model.name)

    def grown(self, border: int | None = None) -> Reading:
        """The same reading with the next piece of its text read, up to token ``border`` at most."""
        stream, begin = self.stream.fork(), self.stream.position
        end = next((cut for cut in self.borders if cut > begin), (begin + 1) // PIECE * PIECE + FIRST)
        started = time.perf_counter()
        ids = self.ids[begin : end if border is None else min(end, border)]
        part = stream.feed(ids, writes=True, without=self.without)
        metrics.TOKENS.labels(models.counted(stream.model.name)).inc(len(ids))
        seconds = self.seconds + time.perf_counter() - started
        borders = self.borders if stream.position in self.borders else (*self.borders, stream.position)
        return replace(self, stream=stream, parts=(*self.parts, part), seconds=seconds, borders=borders)

    @cached_property
    def strings(self) -> list[str]:
        """Every token of the text, also those that are not read yet."""
        return Decoder(self.stream.tokenizer).feed(list(self.ids))

    def whole_at(self, place: int) -> int:
        """The first number of tokens from ``place`` on that does not end within a character."""
        return next((n for n in range(place, len(self.ids)) if self.strings[n - 1]), len(self.ids))

    def back(self, place: int) -> Reading:
        """The text up to ``place`` tokens, as far as it was read: the same stream as it stood there."""
        read = min(place, self.stream.position)
        return replace(
            self,
            stream=self.stream.at(read),
            text="".join(self.strings[:place]),
            ids=self.ids[:place],
            parts=(self.trace.first(read),) if self.parts else (),
            name=uuid.uuid4().hex,
            borders=(*(cut for cut in self.borders if cut < read), read) if read else (),
        )


def begin(model: tc.TitansLM, text: str, without: bool = False) -> Reading:
    """A reading that has not begun. Raises BadInput where the text is empty, too long, or no valid
    Unicode."""
    limits.check_characters(text)
    stream = tc.Stream(model, settings().history_tokens)
    return Reading(stream, text, encoded(stream, text), (), 0.0, uuid.uuid4().hex, without)


def go_on(reading: Reading, text: str) -> Reading:
    """The same reading with ``text`` to be read after it. Raises as ``begin``."""
    limits.check_characters(text, already=len(reading.text))
    ids = (*reading.ids, *encoded(reading.stream, text, already=len(reading.ids)))
    return replace(reading, text=reading.text + text, ids=ids, seconds=0.0, name=uuid.uuid4().hex)


def stages(reading: Reading) -> Iterator[Step[Reading]]:
    """Read to the end, piece by piece, from where it is; what is worth showing are the first tokens, four
    times as many, and so on, and the end."""
    due = FIRST
    if reading.stream.position and not reading.complete:
        yield Step(reading.stream.position, len(reading.ids), reading, False)
    while not reading.complete:
        reading = reading.grown()
        done, total = reading.stream.position, len(reading.ids)
        worth = reading.complete or done >= due
        due = GROWTH * done if worth else due
        yield Step(done, total, reading, worth)


def read(model: tc.TitansLM, text: str) -> Reading:
    """Read a whole text at once. Raises as ``begin``."""
    reading = begin(model, text)
    while not reading.complete:
        reading = reading.grown()
    return reading


def encoded(stream: tc.Stream, text: str, already: int = 0) -> tuple[int, ...]:
    """The tokens of a text that follows ``already`` others. Raises BadInput where it cannot be read."""
    try:
        ids = stream.tokenizer.encode(text, opening=already == 0)
    except ValueError as error:
        raise limits.BadInput(limits.sentence(str(error))) from None
    limits.check_tokens(len(ids), already)
    return tuple(ids)
