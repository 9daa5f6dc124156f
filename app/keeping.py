"""A session outlives its server: what its person did is saved after every run, and taken up again by whoever
serves the tab next."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from weakref import WeakValueDictionary

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import edits, limits, permalink, queueing, samples, typed, work
from app.components.session import tab
from app.continuing import Place
from app.hosting import logs, metrics, saving
from app.hosting.saving import Damaged, KeptSession
from app.hosting.store import StoreProblem
from app.hosting.where import store
from app.session import Session, held, session
from app.settings import settings
from app.work import still_there

PAUSE: Final[float] = 10.0  # seconds for which a store that failed is left alone
UNKEPT: Final[str] = (
    "Your session cannot be saved now, so it would not outlive this server: tell whoever runs this lab to "
    "look at its disk or its Redis. The page still works, and what you typed is still here."
)
UNREAD: Final[str] = "Your session was saved, but cannot be read now: load this page again in a while."
NEWER: Final[str] = (
    "The model that read your text has been trained anew since: the text is read again, with other numbers."
)
AWAY: Final[str] = (
    "The model that read your text is not here now: another reads it, with other numbers, until its file is "
    "put back."
)
UNMAPPED: Final[str] = (
    "The needle's map that you drew is gone, because its model has been trained anew or maps are now drawn "
    "in another way: draw it again."
)

state = st.session_state
living: WeakValueDictionary[str, Session] = WeakValueDictionary()
failed_at = -PAUSE  # when the store last failed, in seconds of ``time.monotonic``


def come_back() -> None:
    """On every page: let the tab keep the session's key, or take up the session whose key it has kept."""
    own = session()
    own.id, own.there = queueing.who(), still_there()
    living.setdefault(own.key, own)
    if own.unread and not failing():
        if plain(as_it_is()):
            take_up(own.unread)
        else:  # something was done here meanwhile: that counts
            own.settled, own.unread = True, ""
    own.settled |= permalink.named()  # it goes on from the link, not from what its tab did before
    tab(own.key, own.settled, take_up, queueing.alive)


def take_up(key: str) -> None:
    """Go on with the session that was saved under ``key``: under the same key, or, where another tab has it,
    as a copy. Where it cannot be read now, that is tried again later."""
    own, other = session(), living.get(key)
    if own.settled:
        return
    gone = other is None or other is own or not other.there()
    if other is not None and gone:
        queueing.seats.pass_on(other.id, own.id)
        own.budget = other.budget
    try:
        saved = store().get(key)
    except StoreProblem as problem:
        fail(problem)
        own.unread, state.kept_problem = key, UNREAD
        return
    own.settled, own.unread, state.kept_problem = True, "", None
    if saved is None:
        return
    if gone:
        living[key], own.key = own, key
    try:
        kept = saving.decode(saved)
    except Damaged as problem:
        metrics.REFUSED.inc()
        logs.tell(logs.Event.SESSION_REFUSED, logging.WARNING)
        state.kept_problem = str(problem)
        return
    if gone:
        own.saved, own.saved_at = saved, time.monotonic()
    restore(kept)
    metrics.RESTORED.inc()
    logs.tell(logs.Event.SESSION_RESTORED, bytes=len(saved))


def restore(kept: KeptSession) -> None:
    """Let the session be as it was kept."""
    if kept.text is not None:  # None where no page with a text was opened
        typed.put(kept.text, kept.sample)
    state.question, state.asked = kept.question, kept.asked
    state.edits = list(edits.decode(kept.edits))
    mine = held()
    for page in kept.halted:
        work.forget(page)  # that was begun before its tab was known
    session().halted = dict(kept.halted)
    mine.reading, mine.left = saving.revived(kept.reading), saving.revived(kept.left)
    if mine.reading is not None and kept.place is not None:
        state.place = Place(mine.reading.text, kept.place)
    if kept.reading is not None and mine.reading is None:
        lose(AWAY if saving.away(kept.reading.model) else NEWER)
    state.search_key = saving.revived_search(kept.search)
    mine.map = saving.revived_map(kept.map)
    if mine.map is not None:
        state.map_key = (mine.map.model, mine.map.plan)
    elif kept.map is not None:
        lose(UNMAPPED)


@contextmanager
def kept() -> Iterator[None]:
    """What was done before is saved, and what is done here at its end, however that comes; where it cannot
    be, that stands above the page."""
    area = st.container(key="kept")
    place = area.empty()
    keep()
    go_on()
    tell(area, place)
    try:
        yield
        if state.get("lost") and state.lost_since is None:
            state.lost_since = doings()  # only now: the page has filled its boxes
    finally:
        keep()
        go_on()
        tell(area, place)


def lose(told: str) -> None:
    """Something that its person had is lost: let the page tell what, and whatever else it tells already."""
    lost: tuple[str, ...] = state.get("lost", ())
    if told not in lost:
        state.lost, state.lost_since = (*lost, told), None


def go_on() -> None:
    """What was lost is told until its person does something, and no longer."""
    if state.get("lost") and state.lost_since not in (None, doings()):
        state.lost = ()


def doings() -> tuple[KeptSession, dict[str, str]]:
    """What its person did, without what computing makes of it, and what is chosen on the page: that stands in
    its address."""
    mine = as_it_is()
    asked = replace(mine.map, found=()) if mine.map else None
    did = mine.model_copy(update={"reading": None, "left": None, "map": asked, "halted": {}})
    chosen = st.query_params.to_dict()
    chosen.pop("view", None)  # the browser writes it, with every step of the playhead
    return did, chosen


def tell(area: DeltaGenerator, place: DeltaGenerator) -> None:
    """Show what is wrong with what is kept, if something is, and what was lost, in the place for it in an
    area; and try again by and by where that can help."""
    problem = state.get("kept_problem")
    told = "\n\n".join(each for each in (problem, *state.get("lost", ())) if each)
    if told:
        place.warning(told)
    else:
        place.empty()
    if problem in (UNKEPT, UNREAD):
        with area:
            st.fragment(again, run_every=PAUSE)()


def again() -> None:
    """Try once more; a run of its own shows what came of it."""
    before = state.get("kept_problem")
    if failing():
        return
    if before == UNKEPT:
        keep()
    if before == UNREAD or state.get("kept_problem") != before:
        st.rerun()


def keep() -> None:
    """Save what changed, or was saved long ago. Where the store fails, ``kept_problem`` says so, and later
    runs try again."""
    own = session()
    now = as_it_is()
    content = saving.encode(now)
    if not own.saved and plain(now):
        return
    if content == own.saved and time.monotonic() - own.saved_at < settings().kept_hours * 3600 / 4:
        return
    if living.get(own.key) is not own:
        return  # this tab was loaded again meanwhile: what is there now counts
    if failing():
        state.kept_problem = UNKEPT
        return
    try:
        store().put(own.key, content)
    except StoreProblem as problem:
        fail(problem)
        state.kept_problem = UNKEPT
        return
    own.saved, own.saved_at, own.settled = content, time.monotonic(), True
    state.kept_problem = None
    metrics.SAVED.inc()


def fail(problem: StoreProblem) -> None:
    """The store failed: leave it alone for a while."""
    global failed_at
    failed_at = time.monotonic()
    metrics.STORE_PROBLEMS.inc()
    logs.tell(logs.Event.STORE_PROBLEM, logging.ERROR, problem, why=problem.why)


def failing() -> bool:
    """Whether the store failed so lately that it is left alone."""
    return time.monotonic() - failed_at < PAUSE


def as_it_is() -> KeptSession:
    """The session as it would be kept now."""
    mine, place, text = held(), state.get("place"), state.get("text")
    if text is not None and len(text) > settings().text_characters:
        text = None  # the page has told that it is too long, and does not read it
    return KeptSession(
        text=text,
        sample=state.get("sample"),
        question=state.get("question", "")[: limits.MAX_QUESTION],
        asked=state.get("asked", ""),
        edits=edits.encode(state.get("edits", [])[: edits.MOST]),
        place=place.token if place is not None else None,
        reading=saving.kept_reading(mine.reading),
        left=saving.kept_reading(mine.left),
        search=state.get("search_key"),
        map=mine.map,
        halted=work.halted(),
    )


def plain(kept: KeptSession) -> bool:
    """Whether a session is as every other begins: there is nothing to keep."""
    first = next(iter(samples.titles()), None)
    own = kept.text is not None and kept.sample != first
    done = (kept.asked, kept.edits, kept.left, kept.search, kept.map, kept.halted)
    return not own and not any(done)
