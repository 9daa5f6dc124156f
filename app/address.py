"""What a page puts in the address to say what it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import streamlit as st

from app.words import literal

MOST: Final[int] = 3  # fields that are told by name
LONGEST: Final[int] = 40  # characters of a name that is told
KNOWN: Final[frozenset[str]] = frozenset(  # beside those of a link and of a room, which are taken at once
    {
        *("view", "lesson", "step", "page"),
        *("model", "memory", "models", "edited-model", "searchers", "mapped", "relatives", "family"),
        *("weights-model", "weights-now", "weights-since", "weights-mark"),
        *("weights-layer", "weights-matrix", "weights-head"),
        *("view-of-needle", "fact", "needle_question", "answer", "hay", "haystack", "depth", "length"),
        *("longest", "shade"),
    }
)
# What others add to a link for purposes of their own: mail programs, networks, search engines, hosts.
FOREIGN: Final[re.Pattern[str]] = re.compile(
    r"_.*|utm_.*|mc_.*|vscode.*|[a-z]*clid|[gw]braid|igsh(id)?|ref(_.*)?|source|si|hl|token|code|state|session_state",
    re.IGNORECASE,
)

state = st.session_state


def not_understood() -> str:
    """At the beginning of a session, one sentence on the fields of its address that nothing here knows, and
    that nobody adds to every link; empty where there are none."""
    names = [name for name in st.query_params if name not in KNOWN and not FOREIGN.fullmatch(name)]
    if "shown_page" in state or not names:
        return ""
    told = [f"“{literal(name[:LONGEST])}”" for name in names[:MOST]]
    told += [f"{len(names) - MOST} more"] if len(names) > MOST else []
    listed = " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))
    return f"This address names {listed}, which the lab does not understand; everything else in it was taken."


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
