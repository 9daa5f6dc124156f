"""The exhibit "stream": the text alone, or the player with all that the memory did."""

from __future__ import annotations

import streamlit as st

from app import payload
from app.components.player import player
from app.exhibits.passage import passage
from app.exhibits.wide import wide
from lessons.exhibits.stream import Read, Shown


def draw(exhibit: Shown, found: Read, view: str, key: str) -> tuple[str, ...]:
    """Show the text or the player; nothing is to be done with either."""
    if view == "text":
        passage(exhibit.text, filter(None, (mention.span(exhibit.text) for mention in exhibit.words)))
    else:
        with wide(key):
            player(message(repr(exhibit), found, exhibit.model))
    return ()


@st.cache_resource(show_spinner=False, max_entries=8)
def message(name: str, _found: Read, model: str) -> bytes:
    """What the player needs to show all of it."""
    return payload.encode(_found.trace, name, model)
