"""The exhibit "gates": a text shaded by a gate, and one gate edited at one token."""

from __future__ import annotations

import streamlit as st

from app import models
from app.exhibits.measured import Bar, bars
from app.exhibits.passage import passage
from app.exhibits.shaded import shaded
from app.words import quoted
from lessons import words
from lessons.exhibits.gates import Edited, Shown

say = words("gates")


def draw(exhibit: Shown, found: Edited, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "edit" the latest value is to be undone."""
    if view == "text":
        passage(exhibit.text, filter(None, (mention.span(exhibit.text) for mention in exhibit.words)))
    elif view == "gate":
        shade(found, "theta")
        st.caption(say("shade", most=f"{found.gates['theta'].max():.2f}"))
    else:
        return edit(exhibit, found, key)
    return ()


def shade(found: Edited, gate: str, now: int | None = None) -> None:
    """The text, shaded by a gate."""
    values = found.gates[gate]
    st.html(shaded(found.tokens, [float(value / values.max()) for value in values], gate, now))


def edit(exhibit: Shown, found: Edited, key: str) -> tuple[str, ...]:
    """One gate at one token; "undone" where the old value is the answer again."""
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    gate = controls.segmented_control(
        say("gate"),
        ("theta", "alpha", "eta"),
        default="theta",
        required=True,
        format_func=say,
        key=f"{key}-gate",
    )
    value = controls.segmented_control(
        say("value"), (0.0, found.most[gate]), default=0.0, required=True, format_func="{:g}".format,
        key=f"{key}-value-{gate}",
    )  # fmt: skip
    place = st.slider(say("token"), 1, len(found.tokens), 1, key=f"{key}-token") - 1
    shade(found, gate, place)
    own = f"{found.gates[gate][place]:.3f}"
    st.caption(say("own", token=quoted(found.tokens[place]), own=own))
    if gate == "eta":
        st.caption(say("bound", most=f"{found.most['theta']:g}"))
    then = tried(repr(exhibit), exhibit, gate, value, place)
    answers = [
        Bar(say(when, value=word), share, f"{100 * share:.0f}\u00a0%", when == "unedited")
        for word, *shares in zip(exhibit.values, found.chances, then, strict=True)
        for when, share in zip(("unedited", "edited"), shares, strict=True)
    ]
    st.html(bars(say("chance", question=exhibit.question), "retrieval", answers, 1.0))
    return ("undone",) if then[0] > then[1] else ()


@st.cache_data(show_spinner=False, max_entries=2000)
def tried(name: str, _exhibit: Shown, gate: str, value: float, place: int) -> tuple[float, float]:
    """What an edit makes of the answer, computed once."""
    return _exhibit.tried(models.load(_exhibit.model), gate, value, place)
