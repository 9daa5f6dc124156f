"""What a page puts in the address to say what it shows."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

state = st.session_state


def arrive(title: str) -> None:
    """Note, before a page runs, whether it has only just been come to, and whether no run of it has come to
    its end yet: the first may be cut off by the next before it has said anything."""
    state.just_come = title != state.get("shown_page")
    state.unfinished = state.just_come or state.get("unfinished", False)
    state.shown_page = title


def stay() -> None:
    """Note that a run of the page has come to its end."""
    state.unfinished = False


def say_so(fields: Mapping[str, str]) -> None:
    """Put these fields in the address, and no others.

    A link from another page has put its own there: to say the same again would cost whoever goes back in the
    browser one step more. A link within the page has not.
    """
    if not (state.get("unfinished") and st.query_params.to_dict() == fields):
        st.query_params.from_dict(fields)
