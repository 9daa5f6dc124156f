"""A long text on a page: its name, how far it is read, the overview of it, and the stretch that is shown."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

import titans_core as tc
from app import limits, models, textbox, work
from app.book import FIRST, Book, BookReading, Stretch, stages
from app.components.overview import overview, wanted
from app.components.player import player
from app.exporting import export_menu
from app.session import held, pace
from app.settings import settings

state = st.session_state


@dataclass(frozen=True)
class ShownStretch:
    """A stretch of a book as the player shows it, and its trace, without writes; ``key`` is the book's as its
    model reads it."""

    key: str
    stretch: Stretch
    message: bytes
    trace: tc.Trace


def cover(book: Book) -> None:
    """What was opened, in place of the text box, and the way back to that."""
    with st.container(horizontal=True, vertical_alignment="center", key="cover"):
        told = (
            f"<b>{html.escape(book.name)}</b> {len(book.text):,} characters, kept until this page is loaded "
            "again or closed"
        )
        st.html(f"<p class='cover'>{told}</p>", width="stretch")
        st.button("Close", icon=":material/close:", on_click=close)
    textbox.tell_upload()


def open_typed() -> None:
    """What stands in the text box is read as a long text; there it stays."""
    state.book = Book("What was typed", state.text)


def close() -> None:
    """Show the text box again, as it was."""
    state.book = state.upload_problem = None
    mine = held()
    mine.book = mine.book_before = mine.stretch = None


def known(model: tc.TitansLM, book: Book) -> BookReading | None:
    """The book as this model has read it, or its first part."""
    kept = (held().book, held().book_before)
    return next((read for read in kept if read is not None and read.of(model, book)), None)


def hold(read: BookReading) -> None:
    """Keep what was read; and of the same book what the model before has read of it, for whoever goes back
    to that."""
    mine = held()
    if mine.book is not None and mine.book.key != read.key:
        mine.book_before = mine.book if mine.book.book.key == read.book.key else None
    mine.book = read


def current(page: str, model: tc.TitansLM, book: Book) -> BookReading | None:
    """What can be shown by now of the book. Raises BadInput where it cannot be read."""
    read = known(model, book)
    if read is not None:
        hold(read)
    if read is not None and read.complete:
        work.rest()
        return read
    with st.spinner("Reading …"):
        job = work.current(page, (book.key, model.digest), lambda: stages(model, book, read))
    job.check()
    if job.value is not None:
        hold(job.value)
    work.progress(job)
    return (job.value if job.stopped else job.shown) or read


def leaf(page: str, model: tc.TitansLM, book: Book) -> BookReading | None:
    """The overview of the book, and the stretch that was chosen; what was read for them. Raises BadInput
    where it cannot be read."""
    read = current(page, model, book)
    if read is None:
        return None
    stretch = chosen(read)
    overview(read.overview(stretch))
    seen = shown(read, stretch)
    player(seen.message)
    export_menu({model.name: seen.trace}, None)
    st.caption(
        "A text as long as this cannot be asked about or added to: for that, close it and put a part of up "
        f"to {settings().text_characters:,} characters into the text box. The tour asks about a text of its "
        "own."
    )
    return read


def chosen(read: BookReading) -> Stretch:
    """The stretch to show: what was asked for in this book last, or else its beginning."""
    asked = told(read.key)
    if asked is not None:
        state.leaf = (read.book.key, asked)
    book, stretch = state.get("leaf") or ("", None)
    if book != read.book.key or stretch is None:
        stretch = Stretch(0, FIRST)
    return read.aligned(*stretch)


def told(key: str) -> Stretch | None:
    """What the overview asked for, whatever a browser sends."""
    asked: Any = wanted()
    if not isinstance(asked, dict) or asked.get("book") != key:
        return None
    start, end, at = (limits.token(asked.get(name)) for name in ("start", "end", "at"))
    return None if start is None or end is None else Stretch(start, end, at)


def shown(read: BookReading, stretch: Stretch) -> ShownStretch:
    """The stretch read again, where it is another than was shown last."""
    mine = held()
    if mine.stretch is None or (mine.stretch.key, mine.stretch.stretch) != (read.key, stretch):
        pace()
        with st.spinner("Reading this stretch again …"):
            trace = read.read(stretch)
            message = read.message(stretch, trace)
            mine.stretch = ShownStretch(read.key, stretch, message, replace(trace, writes=(), guesses=None))
    return mine.stretch


def describe(model: tc.TitansLM, read: BookReading | None) -> str:
    """Device, model, and how the book was read, in one line; while it is read, the bar tells how far."""
    parts = [models.runs_on(model), models.title(model.name), f"{model.parameter_count():,} parameters"]
    if read is not None and read.complete:
        parts.append(
            f"{read.position:,} tokens, read in {read.seconds:.1f} s, a state kept every {read.every:,}"
        )
    return " · ".join(parts)
