"""The exhibit "state": the memory read after or before its write, and the state carried on or lost."""

from __future__ import annotations

import streamlit as st

from app.exhibits.measured import Bar, bars
from app.exhibits.passage import passage
from lessons import percent, words
from lessons.exhibits.state import LIVES, ORDERS, PIECE, Lived, Shown

say = words("state")


def draw(exhibit: Shown, found: Lived, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "own" the order is to be turned, in "life" the answer to be lost."""
    if view == "own":
        return own(exhibit, found, key)
    if view == "life":
        return life(exhibit, found, key)
    passage(exhibit.text, filter(None, [exhibit.at.span(exhibit.text)]))
    return ()


def own(exhibit: Shown, found: Lived, key: str) -> tuple[str, ...]:
    """Which share of what each head reads is the word's own; "read_before" where it is read first."""
    order = st.segmented_control(
        say("order"), ORDERS, default="after", required=True, format_func=say, key=f"{key}-order"
    )
    shares = [
        Bar(say("head", layer=layer + 1, head=head + 1), float(share), str(percent(float(share))))
        for layer, heads in enumerate(found.own[order])
        for head, share in enumerate(heads)
    ]
    st.html(bars(say("own", word=exhibit.at.word), "retrieval", shares, 1.0))
    if any(share.value < 0 for share in shares):
        st.caption(say("against", word=exhibit.at.word))
    return ("read_before",) if order == "before" else ()


def life(exhibit: Shown, found: Lived, key: str) -> tuple[str, ...]:
    """The answer by what became of the state; "forgotten" where it is lost."""
    name = st.radio(
        say("life"), list(LIVES), format_func=lambda name: say(name, piece=PIECE), key=f"{key}-life"
    )
    chance = found.answers[name]
    answer = Bar(say("answer"), chance, str(percent(chance)))
    st.html(bars(say("chance", value=exhibit.value, question=exhibit.question), "retrieval", [answer], 1.0))
    return ("forgotten",) if chance < 0.5 else ()
