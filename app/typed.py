"""What stands in a box: typed there by a person, or put there by a page.

With everything that it asks for, a browser tells what stands in all of its boxes. Before it knows of what was
put there, it tells what stood there before: late, and typed by nobody.
"""

from __future__ import annotations

import math
import time
from typing import Any, Final, NamedTuple

import streamlit as st

from app import samples

SHARED: Final = ("text", "question")  # boxes that several pages have
LATE: Final[float] = 5.0  # seconds for which a browser may still tell what stood there before

state = st.session_state


class Put(NamedTuple):
    """What a page put into a box, and when each of those went that stood there before, in seconds of
    ``time.monotonic``."""

    value: Any
    gone: dict[Any, float]


def place(box: str, value: Any) -> None:
    """Let this stand in the box of that key."""
    puts: dict[str, Put] = state.get("puts", {})
    now = time.monotonic()
    gone = puts[box].gone if box in puts else {}
    if state.get(box) is not None:
        gone = gone | {state[box]: now}
    put = Put(value, {told: at for told, at in gone.items() if told != value and now - at < LATE})
    state.puts = puts | {box: put}
    state[box] = value


def late(box: str, within: float | None = None) -> bool:
    """Whether a browser told of this box late, ``within`` so many seconds, else LATE; then what was put there
    stands there again. What was typed stays there, though the browser hears only afterwards of what was put
    there before."""
    puts: dict[str, Put] = state.get("puts", {})
    put = puts.get(box)
    if put is None or state[box] == put.value:
        return False
    gone_for = time.monotonic() - put.gone.get(state[box], -math.inf)
    if gone_for < (LATE if within is None else within):
        state[box] = put.value
        return True
    state.puts = {other: puts[other] for other in puts if other != box}
    state[box] = state[box]  # so that the browser is told of it, too
    return False


def carry() -> None:
    """What stands in the boxes that pages share stands there on the page just come to. To Streamlit each page
    has a box of its own, and one that nobody typed in would be empty on the next."""
    for box in SHARED:
        if box in state:
            state[box] = state[box]


def put(text: str, sample: str | None = None) -> None:
    """Let this text stand in the box for texts; it may be a sample's."""
    place("text", text)
    state.sample = sample


def put_sample(title: str) -> None:
    """Let this sample stand in the box for texts."""
    put(samples.text(title), title)


def take() -> None:
    """A text that was typed is the person's own: no sample is chosen any more, no link or file is wrong."""
    if not late("text"):
        state.sample = state.link_problem = state.upload_problem = None
