"""The family as switches: which relative they make, and how well it recalls."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from app.exhibits.measured import Bar, bars
from lessons import words
from lessons.family import (
    ALPHAS,
    BLOCKS,
    CHANGED,
    ETAS,
    HEADS,
    PAIRS,
    TOKENS,
    WIDTH,
    Recall,
    Switches,
    recall,
    relative,
)

say = words("appendix")
Value = TypeVar("Value")


def draw() -> None:
    """The switches, and under them what they make."""
    switches = turned()
    name = relative(switches)
    st.html(
        f"<p class='relative'><span>{html.escape(say('becomes'))}</span> "
        f"<b>{html.escape(say(name))}</b></p><p class='relative-is'>{html.escape(say(f'{name}_is'))}</p>"
    )
    found = recalled(switches)
    rows = [
        Bar(say(part), share, f"{100 * share:.0f}\u00a0%")
        for part, share in (("once", found.once), ("new", found.new), ("old", found.old))
    ]
    st.html(bars(say("recalled"), "retrieval", rows, longest=1.0))
    guess = f"{1 / TOKENS:.2f}"
    st.caption(
        say("told", pairs=PAIRS, width=WIDTH, changed=CHANGED, memories=HEADS, guess=guess)
        + " "
        + say("objective")
    )


def turned() -> Switches:
    """The switches as the learner has set them."""
    with st.container(horizontal=True, gap="medium"):
        eta = choice("eta", ETAS, 0.0, "{:g}".format)
        alpha = choice("alpha", ALPHAS, 0.0, "{:g}".format)
    with st.container(horizontal=True, gap="medium"):
        block = choice("block", BLOCKS, 1, lambda n: say("whole", tokens=n) if n == TOKENS else str(n))
        deep = choice("depth", (False, True), False, lambda deep: say("deep" if deep else "matrix"))
    decayed = False
    if alpha and block == 1 and not (eta or deep):
        decayed = choice("error", (False, True), True, lambda left: say("decayed" if left else "before"))
    return Switches(eta, alpha, block, deep, decayed)


def choice(name: str, options: Sequence[Value], first: Value, told: Callable[[Value], str]) -> Value:
    """One switch."""
    return st.segmented_control(
        say(name), options, default=first, format_func=told, required=True, key=f"family-{name}"
    )


@st.cache_data(show_spinner=False, max_entries=64)
def recalled(switches: Switches) -> Recall:
    """What these switches recall, computed once."""
    return recall(switches)
