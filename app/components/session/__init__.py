"""The key of a session in its browser tab's own store, so that it outlives the server's memory of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.components import telling
from app.components.common import bundle

DAY = 24 * 3600.0  # seconds
LONGEST = 100  # characters of a key that a browser may name
mount = st.components.v2.component(
    "titans_lab_session", js=bundle(Path(__file__).parent, ("again", "session"), shared=())
)
mount_alive = st.components.v2.component(
    "titans_lab_alive", js=(Path(__file__).parent / "alive.js").read_text(encoding="utf-8")
)


def tab(key: str, settled: bool, found: Callable[[str], None], alive: Callable[[], None]) -> None:
    """Keep ``key`` in the tab. Where it has kept another, and nothing is ``settled`` yet, ``found`` is called
    with that one before the next run. ``alive`` is called every two minutes while somebody is there."""
    with st.container(key="session-key"):
        awake(alive)
        data = {"key": key, "settled": settled, "lost": telling.lost("tab-key")}
        mount(key="tab-key", data=data, on_found_change=lambda: tell(found))


@st.fragment(run_every=DAY)
def awake(alive: Callable[[], None]) -> None:
    """Hear of signs of life, without a run of the whole page. And only where something on a page runs by
    itself does the browser ask for a run once a line that was lost is there again; and that may lead to a
    server which does not know of this page yet."""
    mount_alive(key="tab-alive", on_alive_change=alive)


def tell(found: Callable[[str], None]) -> None:
    """Hand on what the tab had kept."""
    kept = telling.told("tab-key", "found")
    if isinstance(kept, str) and len(kept) <= LONGEST:
        found(kept)
