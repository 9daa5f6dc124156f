"""A text as long as a book: read once from end to end with a thinned trace, and any stretch of it again,
exactly as it was, from the nearest state that was kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

import titans_core as tc
from app import limits, models, payload
from app.hosting import metrics
from app.settings import settings
from app.work import Step
from titans_core.peaks import Rows
from titans_core.stream import SNAPSHOT_EVERY
from titans_core.thinned import Thinned
from titans_core.tokenizer import Decoder
from titans_core.trace import Floats, Trace

STEP: Final[int] = 4 * SNAPSHOT_EVERY  # tokens between two moments at which reading can be stopped
KEPT: Final[int] = 128  # states to go back to; when there are more, every second one goes
SIGHTS: Final[int] = 24  # how often, at most, the overview is shown anew while the text is read
FIRST: Final[int] = STEP - 1  # tokens of the stretch that is shown at first; the begin token counts
PEAKS: Final[int] = 8  # that the overview names
APART: Final[int] = 64  # tokens between two of them, at least
BEFORE: Final[int] = 10  # tokens told before a peak
SHOWN: Final[tuple[str, ...]] = ("surprise", "write", "memory_norm", "nll")


@dataclass(frozen=True)
class Book:
    """A long text and what its file is called."""

    name: str
    text: str

    @cached_property
    def key(self) -> str:
        """The same for the same text."""
        return hashlib.sha256(self.text.encode(errors="surrogatepass")).hexdigest()[:16]


class Stretch(NamedTuple):
    """Tokens from ``start`` up to, not including, ``end``; ``at`` is the one that is looked at first."""

    start: int
    end: int
    at: int | None = None


@dataclass(frozen=True)
class BookReading:
    """A stream that has read a book's first tokens, what its thinned trace tells of them, and ``kept``, the
    states to go back to: one at the beginning, and one every ``every`` tokens."""

    book: Book
    ids: NDArray[np.int32]
    stream: tc.Stream
    thin: Thinned
    kept: tuple[tc.Stream, ...]
    every: int
    seconds: float

    @property
    def key(self) -> str:
        """Tells this book as this model reads it from all others."""
        return f"{self.book.key}/{self.stream.model.digest[:16]}"

    @property
    def position(self) -> int:
        """How many tokens were read."""
        return self.stream.position

    @property
    def complete(self) -> bool:
        """Whether all of it was read."""
        return self.position == len(self.ids)

    def of(self, model: tc.TitansLM, book: Book) -> bool:
        """Whether it is this book as this model reads it."""
        return self.stream.model.digest == model.digest and self.book.text == book.text

    def grown(self) -> BookReading:
        """The same with the next tokens read."""
        stream, thin, began = self.stream.fork(), self.thin.fork(), time.perf_counter()
        end = (self.position + 1) // STEP * STEP + FIRST
        trace = stream.feed(self.ids[self.position : end].tolist())
        thin.add(means(trace))
        metrics.TOKENS.labels(models.counted(stream.model.name)).inc(len(trace))
        kept, every = (*self.kept, stream), self.every
        while sum(stands(one, every) for one in kept) > KEPT:
            every *= 2
        kept = tuple(one for one in kept if stands(one, every))
        seconds = self.seconds + time.perf_counter() - began
        return replace(self, stream=stream, thin=thin, kept=kept, every=every, seconds=seconds)

    def aligned(self, start: int, end: int, at: int | None = None) -> Stretch:
        """The stretch that holds these tokens and can be read exactly as the whole was: it begins and ends
        where a stream keeps its state, or the text ends. It is no longer than a page reads, and lies within
        what was read."""
        last = floor(max(0, self.position - 1))
        start = min(floor(max(0, start)), last)
        most = floor(start + settings().text_tokens)
        end = min(floor(max(start + 1, end) + SNAPSHOT_EVERY - 1), most, self.position)
        return Stretch(start, end, at if at is not None and start <= at < end else None)

    def read(self, stretch: Stretch) -> Trace:
        """Everything that happened in a stretch, its writes too: read again, bit for bit as before."""
        stream = next(one for one in reversed(self.kept) if one.position <= stretch.start).fork()
        stream.feed(self.ids[stream.position : stretch.start].tolist())
        return stream.feed(self.ids[stretch.start : stretch.end].tolist(), writes=True)

    def message(self, stretch: Stretch, trace: Trace) -> bytes:
        """What the browser needs to show a stretch that was read again; see ``app.payload``."""
        place = {"start": stretch.start, "whole": len(self.ids)}
        if stretch.at is not None:
            place["at"] = stretch.at - stretch.start
        key = f"{self.book.key}-{self.stream.model.digest[:16]}-{stretch.start}-{stretch.end}/{stretch.at}"
        return payload.encode(trace, key, self.stream.model.name, place)

    def overview(self, stretch: Stretch) -> bytes:
        """The message that shows the whole, and where in it a stretch lies."""
        body = payload.Body()
        rows, columns = self.thin.peaks()
        header = {
            "key": self.key,
            "read": self.position,
            "whole": len(self.ids),
            "stretch": [stretch.start, stretch.end],
            "step": SNAPSHOT_EVERY,
            "most": settings().text_tokens,
            "first": FIRST,
            "edges": body.place(self.thin.envelope("nll").edges),
            "series": {
                name: self.place(body, name, rows, columns[name])
                for name in SHOWN
                if name in self.thin.quantities
            },
        }
        return body.message(header)

    def place(self, body: payload.Body, name: str, rows: Rows, values: Floats) -> dict[str, Any]:
        """A quantity's envelope and its highest tokens."""
        found = self.thin.envelope(name)
        parts = {part: body.place(getattr(found, part)) for part in ("low", "mean", "high")}
        peaks = [
            {
                "token": int(rows.positions[row]),
                "value": float(values[row]),
                "before": self.before(int(rows.positions[row])),
                "text": rows.tokens[row],
            }
            for row in apart(rows.positions, values)
        ]
        return parts | {"peaks": peaks}

    def before(self, token: int) -> str:
        """The text just before a token."""
        ids = self.ids[max(0, token - BEFORE) : token].tolist()
        return "".join(Decoder(self.stream.tokenizer).feed(ids)).lstrip("\ufffd")  # half a character


def begin(model: tc.TitansLM, book: Book) -> BookReading:
    """A book that is still to be read. Raises BadInput where it is no valid Unicode."""
    stream = tc.Stream(model, history=0)
    try:
        ids = np.array(stream.tokenizer.encode(book.text), np.int32)
    except ValueError as error:
        raise limits.BadInput(limits.sentence(str(error))) from None
    thin = Thinned(near=STEP, peaks=PEAKS)
    return BookReading(book, ids, stream, thin, (stream,), STEP, 0.0)


def stages(model: tc.TitansLM, book: Book, known: BookReading | None) -> Iterator[Step[BookReading]]:
    """Read to the end, piece by piece; a picture of all that was read so far is worth showing now and then.
    Raises as ``begin``."""
    reading = known or begin(model, book)
    due = FIRST
    if reading.position and not reading.complete:
        yield Step(reading.position, len(reading.ids), reading, False)
    while not reading.complete:
        reading = reading.grown()
        worth = reading.complete or reading.position >= due
        if worth:
            due = reading.position + max(STEP, len(reading.ids) // SIGHTS)
        yield Step(reading.position, len(reading.ids), reading, worth)


def means(trace: Trace) -> Trace:
    """The trace with one value a token of what the player draws: the mean over layers and heads."""
    columns = {name: trace[name] for name in payload.SERIES if name in trace}
    flat = {name: c.mean((1, 2)) if c.ndim == 3 else c for name, c in columns.items()}
    return Trace(trace.start, trace.ids, trace.tokens, flat)


def apart(positions: NDArray[np.int64], values: Floats) -> list[int]:
    """The rows of the highest values, none within APART tokens of a higher one."""
    found: list[int] = []
    for row in np.argsort(-values, kind="stable").tolist():
        if all(abs(int(positions[row]) - int(positions[other])) >= APART for other in found):
            found.append(row)
        if len(found) == PEAKS:
            break
    return found


def floor(position: int) -> int:
    """The last place up to ``position`` where a stream keeps its state; there its reading is cut."""
    return max(0, (position + 1) // SNAPSHOT_EVERY * SNAPSHOT_EVERY - 1)


def stands(stream: tc.Stream, every: int) -> bool:
    """Whether a stream stands at the beginning, or at one of the places ``every`` so many tokens."""
    return stream.position == 0 or (stream.position + 1) % every == 0
