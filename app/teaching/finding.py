"""What the exhibits find, run once for all sessions, and the lessons as they stand in their folder."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import models
from lessons import Found, Lesson, Shelf, files, run, survey


def shelf() -> Shelf:
    """The lessons; read again when a file changes."""
    return read_shelf(tuple((path.name, stamp(path)) for path in files()))


def stamp(path: Path) -> int:
    """When a file changed last; 0 of one that is no file any more."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(show_spinner=False, max_entries=1)
def read_shelf(stamps: tuple[tuple[str, int], ...]) -> Shelf:
    """The lessons as these files had them."""
    return survey()


def found(lesson: Lesson) -> Found:
    """What the lesson's exhibit finds. Raises ValueError where it cannot be run."""
    return run_once(repr((lesson.number, lesson.exhibit, lesson.steps)), lesson)


@st.cache_resource(show_spinner=False, max_entries=32)
def run_once(key: str, _lesson: Lesson) -> Found:
    """The same, kept under ``key``."""
    return run(_lesson, models.load)
