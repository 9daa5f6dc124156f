"""Who may be in: the first so many who come; the others see a page that tells how many are before them, and
opens by itself."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.heading import heading
from app.hosting import metrics
from app.hosting.seats import Seats
from app.settings import settings

OFTEN = 3.0  # seconds between two questions of the first in the queue, and of nobody more than
SELDOM = 12.0  # seconds

state = st.session_state


def there(session_id: str) -> bool:
    """Whether a session is connected; a page that a test runs without a server always is."""
    return not Runtime.exists() or Runtime.instance().is_active_session(session_id)


seats = Seats(settings().sessions, 60 * settings().idle_minutes, there)
metrics.SESSIONS.set_function(lambda: seats.counts[0])  # counted when somebody looks
metrics.WAITING.set_function(lambda: seats.counts[1])


def who() -> str:
    """What Streamlit calls this session."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else ""


def ask() -> int:
    """Give a sign of life: 0 where this session is in, else its place in the queue."""
    return seats.ask(who())


def alive() -> None:
    """Give a sign of life; who has no place keeps waiting for it."""
    ask()


def wait_for_a_place() -> bool:
    """Whether this session is in; else its place in the queue is shown."""
    place = ask()
    if place == 0:
        if "queued_since" in state:
            metrics.QUEUED.observe(time.monotonic() - state.pop("queued_since"))
        return True
    state.setdefault("queued_since", time.monotonic())
    heading("The lab is full", "It opens here by itself, as soon as there is a place for you.")
    st.fragment(queue, run_every=min(SELDOM, OFTEN + place / 20))()
    return False


def queue() -> None:
    """The place in the queue, asked anew again and again."""
    place = ask()
    if place == 0:
        st.rerun()
    before = f"{place - 1} people are before you."
    before = {1: "You are next.", 2: "One person is before you."}.get(place, before)
    st.html(f"<p class='queue' role='status'>{before}</p>")
    st.caption("Everybody in it has a place of their own. Your address and what is in it are kept.")
