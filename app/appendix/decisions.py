"""Where the paper is silent: what is open, what was decided, and where in the code."""

from __future__ import annotations

import html
import re
from itertools import groupby

import streamlit as st

from app.appendix.tables import say
from lessons.appendix import Decision, decisions

CODE = re.compile(r"`([^`]+)`")


def draw() -> None:
    """Every decision, by the part of the model that it is about."""
    for part, found in groupby(decisions(), key=lambda one: one.part):
        st.header(part, anchor=False)
        st.html(f"<dl class='decisions'>{''.join(map(entry, found))}</dl>")


def entry(one: Decision) -> str:
    """One decision as HTML."""
    code = say("code", name=f"`{one.name}`", file=f"`{one.file}`")
    return (
        f"<div><dt><span>{marked(one.where)}</span> {marked(one.open)}.</dt>"
        f"<dd>{marked(one.done)}</dd><dd class='code'>{marked(code)}</dd></div>"
    )


def marked(text: str) -> str:
    """HTML of a text in which code stands between backticks."""
    return CODE.sub(r"<code>\1</code>", html.escape(text))
