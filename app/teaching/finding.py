"""What the exhibits find, run once for all sessions, and the lessons as they stand in their folder."""

from __future__ import annotations

import streamlit as st

from app import models
from lessons import Found, Lesson, Shelf, files, run, survey


def shelf() -> Shelf:
    """The lessons; read again when a file changes."""
    return read_shelf(tuple((path.name, path.stat().st_mtime_ns) for path in files()))


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
