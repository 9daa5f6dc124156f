"""The model that reads: chosen on one page, it is the next page's choice too.

Each page has a choice of its own, with its name in the address; which model was chosen last stands in
``reader``, and the pages in sight take it up once, as they are come to.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import models

state = st.session_state


def arrive() -> None:
    """A page was come to: its choices are to follow those of the pages before."""
    state.followed = set()


def reader(names: Sequence[str]) -> str | None:
    """The model that was chosen last, on whichever page, where it is one of these."""
    found: str | None = state.get("reader")
    return found if found in names else None


def note(name: str, names: Sequence[str]) -> None:
    """The page reads with this one of these models: the next shall too. A page that does not offer the one
    chosen before has merely its own, which nobody chose."""
    if "reader" not in state or reader(names):
        state.reader = name


def follow_model(names: Sequence[str], key: str) -> None:
    """Let the model be chosen that was on the page before, where it is one of these."""
    if name := reader(names):
        follow(key, name, names[0], models.title(name))


def follow(key: str, value: str, default: str, title: str) -> None:
    """Let ``key`` be chosen so on a page just come to; the address says it as ``title``, as where a person
    chose it. An address that names another counts; where somebody went back or forward in the browser, or
    their class led them, it counts by what it leaves out as well."""
    followed: set[str] = state.setdefault("followed", set())
    context = get_script_run_ctx()
    if key in followed:
        return
    followed.add(key)
    led = context is not None and context.is_history_navigation
    if led or key in st.query_params or state.get(key, default) == value:
        return
    state[key] = value
    if value != default:
        st.query_params[key] = title
