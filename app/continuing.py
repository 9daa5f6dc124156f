"""How a text goes on: from its end, or from a token that a person went back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import streamlit as st

from app import limits, reading, typed
from app.reading import Reading
from app.session import held

TWICE: Final[float] = 2.0  # seconds between two presses of a button that were meant as one

state = st.session_state


class Place(NamedTuple):
    """A token of a text, whichever model reads it."""

    text: str
    token: int


def take_place() -> None:
    """A person went back to a token: what is added next follows it."""
    told: Any = (state.get("player") or {}).get("place")  # Streamlit may lose it where runs overlap
    shown = held().reading
    try:
        name, token = told["reading"].split("/")[0], int(told["token"])
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        return
    if shown is not None and shown.name == name and 0 <= token < len(shown.ids):
        state.place = Place(shown.text, token)


def place_in(read: Reading) -> int:
    """After how many tokens of ``read`` an addition goes on: after the place that was gone back to in its
    text, else after all."""
    place: Place | None = state.get("place")
    return read.whole_at(place.token + 1) if place and place.text == read.text else len(read.ids)


def take_addition(known: Callable[[], Reading]) -> None:
    """Read what was added, after the place that was gone back to or after all of the text, and let the text
    box show it.

    What cannot be read stays where it was typed; a text that was left half-way can be had again. Who presses
    twice before the browser knows of the first means it once.
    """
    state.addition_problem = None
    if typed.late("addition", TWICE):
        return
    try:
        whole = known()
    except ValueError:
        return  # the page itself tells what is wrong with the text or the model
    place = place_in(whole)
    try:
        read = reading.go_on(whole if place == len(whole.ids) else whole.back(place), state.addition)
    except limits.BadInput as problem:
        state.addition_problem = str(problem)
        return
    held().left = whole if place < len(whole.ids) else None
    show(read)
    typed.place("addition", "")


def show(read: Reading) -> None:
    """Let the page show this reading."""
    held().reading, state.place = read, None
    typed.put(read.text)


def return_to_left() -> None:
    """Show the text again that was left half-way."""
    left = held().left
    if left is not None:
        show(left)
    held().left = None


def go_on_from_end() -> None:
    """What is added follows all of the text."""
    state.place = None


def add_text(read: Reading, known: Callable[[], Reading]) -> None:
    """A box for more text; the stream goes on from its end, or from the place that was gone back to."""
    place = place_in(read)
    back = place < len(read.ids)
    with st.form("add", border=False, enter_to_submit=False):
        st.text_area(
            f"Go on after token {place:,}, {around(read, place)}" if back else "Add text at the end",
            key="addition",
            persist_state="session",
            height=68,
            placeholder="What comes next. The memory goes on from where it stood; nothing is read again.",
        )
        if state.get("addition_problem"):
            st.warning(state.addition_problem)
        with st.container(horizontal=True):
            st.form_submit_button("Read on", on_click=take_addition, args=(known,))
            if back:
                st.form_submit_button("At the end instead", on_click=go_on_from_end)
    if not back and left_of(read) is not None:
        st.button("Back to the text as it was", icon=":material/undo:", on_click=return_to_left)


def left_of(read: Reading) -> Reading | None:
    """The reading that was left half-way for this one, while it is still what the page shows."""
    left = held().left
    same = left is not None and left.stream.model.name == read.stream.model.name
    return left if same and left is not None and left.name != read.name else None


def around(read: Reading, place: int) -> str:
    """The last words before a place, as a quotation."""
    text = "".join(read.strings[:place])
    last = " ".join(text.split()[-4:])
    return f"“…{last}”" if len(last) < len(text) else f"“{last}”"
