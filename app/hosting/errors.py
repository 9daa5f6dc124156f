"""Where a page fails: that is counted, logged without anybody's words, and said in one sentence."""

from __future__ import annotations

import uuid
from typing import Final

import streamlit as st

from app.hosting import logs

SENTENCE: Final[str] = (
    "Something went wrong on this page, and it is our fault, not yours. "
    "What you typed is still there: press Try again, or choose something else."
)


def failed(error: Exception) -> bool:
    """Tell the log and the person; True, for Streamlit is to show nothing of its own."""
    logs.failed(error)
    with st.container(key=f"failed-{uuid.uuid4().hex}"):  # several parts of a page may fail at once
        st.error(SENTENCE)
        st.button("Try again", key=f"again-{uuid.uuid4().hex}")
    return True
