"""An app whose pages fail, served with what catches that in ours; see test_failing.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import streamlit as st  # noqa: E402

from app.hosting import logs  # noqa: E402
from app.hosting.errors import failed  # noqa: E402


def page() -> None:
    """Fails once on what is typed, and then no more."""
    typed = st.text_input("Text", key="typed")
    if typed and "failed" not in st.session_state:
        st.session_state.failed = True
        raise ValueError(typed)
    st.write(f"{len(typed)} characters")
    part("one")
    part("two")


@st.fragment
def part(name: str) -> None:
    """A part of the page, of which there are two, and which fails alone."""
    if st.button(f"Fail {name}"):
        raise KeyError(st.session_state.typed)


if __name__ == "__main__":
    page()
else:
    logs.begin("json")
    app = st.App(__file__, on_script_error=failed)
