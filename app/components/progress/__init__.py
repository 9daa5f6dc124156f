"""A learner's progress in the browser's own store: read once when a session begins, added to as it grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from app.components import telling

mount = st.components.v2.component(
    "titans_lab_progress", js=(Path(__file__).parent / "progress.js").read_text(encoding="utf-8")
)


def keep(
    progress: str | None,
    forgotten: Sequence[dict[str, object]],
    heard: str,
    told: Callable[[str], None],
    gone: Callable[[object], None],
) -> None:
    """Add ``progress`` to what the browser keeps, when each of the ``forgotten`` has been taken out of it
    once: the "names" of lessons, None for all, and the "id" of that forgetting. Where ``progress`` is None,
    ``told`` is called with what the browser has kept before the next run; ``gone`` with what other tabs have
    forgotten since the id that was ``heard`` last."""
    data = {"progress": progress, "forgotten": [*forgotten], "heard": heard}
    mount(
        key="kept-progress",
        data=data | {"lost": telling.lost("kept-progress")},
        on_kept_change=lambda: tell(told),
        on_gone_change=lambda: gone(telling.told("kept-progress", "gone")),
    )


def tell(told: Callable[[str], None]) -> None:
    """Hand on what the browser said."""
    kept = telling.told("kept-progress", "kept")
    if isinstance(kept, str):
        told(kept)
