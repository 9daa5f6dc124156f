"""A row of short titles that bring something into the page with one click, what they brought marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import streamlit as st

from app.components.pressed import tell_pressed


def chips(
    label: str, titles: Iterable[str], taken: str | None, key: str, take: Callable[[str], None]
) -> None:
    """A chip for each title; ``take`` is called with the one that is clicked.

    They are buttons, for a button tells of a click alone. Pills tell what is chosen with whatever the browser
    sends: where it has not heard yet that nothing is chosen any more, that would be a click over what was
    typed.
    """
    with st.container(key=key, gap=None, width="content"):
        st.html(f"<p>{label}</p>", width="content")
        with st.container(horizontal=True, gap="xxsmall", width="content"):
            for title in titles:
                look: Literal["primary", "secondary"] = "primary" if title == taken else "secondary"
                st.button(title, key=f"{key}-{title}", type=look, on_click=take, args=(title,))
        tell_pressed(key)
