"""A session outlives its server: what its person did is saved after every run, and taken up again by whoever
serves the tab next."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakValueDictionary

import streamlit as st

from app import edits, samples
from app.components.session import tab
from app.continuing import Place
from app.hosting import logs, metrics, saving
from app.hosting.saving import Damaged, KeptSession
from app.hosting.store import StoreProblem
from app.hosting.where import store
from app.session import Session, held, session
from app.work import still_there

PAUSE: Final[float] = 10.0  # seconds for which a store that failed is left alone
UNKEPT: Final[str] = (
    "Your session cannot be saved now, so it would not outlive this server: tell whoever runs this lab to "
    "look at its disk or its Redis. The page works on, and what you typed is still here."
)
UNREAD: Final[str] = "Your session was saved, but cannot be read now: load this page again in a while."
NEWER: Final[str] = (
    "The model that read your text has been trained anew since: the text is read again, with other numbers."
)

state = st.session_state
living: WeakValueDictionary[str, Session] = WeakValueDictionary()
failed_at = -PAUSE  # when the store last failed, in seconds of ``time.monotonic``


def come_back() -> None:
    """On every page: let the tab keep the session's key, or take up the session whose key it has kept."""
    own = session()
    own.there = still_there()
    living.setdefault(own.key, own)
    tab(own.key, own.settled, take_up)
    if state.get("kept_problem"):
        st.warning(state.kept_problem)


def take_up(key: str) -> None:
    """Go on with the session that was saved under ``key``: under the same key, or, where another tab has it,
    as a copy."""
    own = session()
    if own.settled:
        return
    own.settled = True
    try:
        saved = store().get(key)
    except StoreProblem as problem:
        fail(problem)
        state.kept_problem = UNREAD
        return
    if saved is None:
        return
    try:
        kept = saving.decode(saved)
    except Damaged as problem:
        metrics.REFUSED.inc()
        logs.tell(logs.Event.SESSION_REFUSED, logging.WARNING)
        state.kept_problem = str(problem)
        return
    other = living.get(key)
    if other is None or other is own or not other.there():
        living[key], own.key = own, key
    own.saved = saved
    restore(kept)
    metrics.RESTORED.inc()
    logs.tell(logs.Event.SESSION_RESTORED, bytes=len(saved))


def restore(kept: KeptSession) -> None:
    """Let the session be as it was kept."""
    if kept.text is not None:  # None where no page with a text was opened
        state.text, state.sample = kept.text, kept.sample
    state.question, state.asked = kept.question, kept.asked
    state.edits = list(edits.decode(kept.edits))
    mine = held()
    mine.reading, mine.left = saving.revived(kept.reading), saving.revived(kept.left)
    if mine.reading is not None and kept.place is not None:
        state.place = Place(mine.reading.text, kept.place)
    state.kept_problem = NEWER if kept.reading is not None and mine.reading is None else None


@contextmanager
def kept() -> Iterator[None]:
    """Whatever is done here is saved at its end, however that comes."""
    try:
        yield
    finally:
        keep()


def keep() -> None:
    """Save what changed. Where the store fails the person is told, once, and later runs try again."""
    own = session()
    now = as_it_is()
    content = saving.encode(now)
    if content == own.saved or (not own.saved and plain(now)):
        return
    if time.monotonic() - failed_at < PAUSE:
        return
    try:
        store().put(own.key, content)
    except StoreProblem as problem:
        fail(problem)
        if state.get("kept_problem") != UNKEPT:
            state.kept_problem = UNKEPT
            st.warning(UNKEPT)
        return
    if state.get("kept_problem") == UNKEPT:
        state.kept_problem = None
    own.saved, own.settled = content, True
    metrics.SAVED.inc()


def fail(problem: StoreProblem) -> None:
    """The store failed: leave it alone for a while."""
    global failed_at
    failed_at = time.monotonic()
    metrics.STORE_PROBLEMS.inc()
    logs.tell(logs.Event.STORE_PROBLEM, logging.ERROR, problem)


def as_it_is() -> KeptSession:
    """The session as it would be kept now."""
    mine, place = held(), state.get("place")
    return KeptSession(
        text=state.get("text"),
        sample=state.get("sample"),
        question=state.get("question", ""),
        asked=state.get("asked", ""),
        edits=edits.encode(state.get("edits", [])[: edits.MOST]),
        place=place.token if place is not None else None,
        reading=saving.kept_reading(mine.reading),
        left=saving.kept_reading(mine.left),
    )


def plain(kept: KeptSession) -> bool:
    """Whether a session is as every other begins: there is nothing to keep."""
    first = next(iter(samples.titles()), None)
    own = kept.text is not None and kept.sample != first
    return not (own or kept.asked or kept.edits or kept.left)
