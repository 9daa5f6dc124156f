"""A text that a model has read: the value a session keeps, and how it goes on."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from functools import cached_property

import titans_core as tc
from app import limits, payload


@dataclass(frozen=True)
class Reading:
    """A stream that has read ``text``, and what happened; ``seconds`` is the time of the last stretch."""

    stream: tc.Stream
    text: str
    trace: tc.Trace
    seconds: float
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @cached_property
    def message(self) -> bytes:
        """What the browser needs to show all of it; made once."""
        return payload.encode(self.trace, self.key)


def read(model: tc.TitansLM, text: str) -> Reading:
    """Read a text from its beginning. Raises BadInput where it is empty, too long, or no valid Unicode."""
    limits.check_characters(text)
    stream = tc.Stream(model)
    trace, seconds = feed(stream, text)
    return Reading(stream, text, trace, seconds)


def go_on(reading: Reading, text: str) -> Reading:
    """The same reading with ``text`` read after it; only the new tokens are computed. Raises as ``read``."""
    limits.check_characters(text, already=len(reading.text))
    stream = reading.stream.fork()
    trace, seconds = feed(stream, text)
    return Reading(stream, reading.text + text, tc.Trace.join([reading.trace, trace]), seconds)


def feed(stream: tc.Stream, text: str) -> tuple[tc.Trace, float]:
    """Feed a text; the trace with the memory's writes, and the seconds it took."""
    started = time.perf_counter()
    try:
        ids = stream.tokenizer.encode(text, opening=stream.position == 0)
    except ValueError as error:
        raise limits.BadInput(sentence(str(error))) from None
    limits.check_tokens(len(ids), already=stream.position)
    trace = stream.feed(ids, writes=True)
    return trace, time.perf_counter() - started


def sentence(message: str) -> str:
    """A message as a sentence: a capital first, and a stop last."""
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!")) else ".")
