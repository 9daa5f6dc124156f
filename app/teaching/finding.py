"""What the exhibits find, run once for all sessions, and the lessons as they stand in their folder."""

from __future__ import annotations

from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread

import streamlit as st

from app import models, work
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
    key = repr((lesson.number, lesson.exhibit, lesson.steps))
    finding = begun(key, lesson)
    work.awaited(lambda seconds: not wait([finding], seconds).not_done)
    if finding.exception() is not None:
        begun.clear(key, lesson)  # another time its models may be there
    return finding.result()


@st.cache_resource(show_spinner=False, max_entries=32)
def begun(key: str, _lesson: Lesson) -> Future[Found]:
    """The same, kept under ``key``: beside the page, which hears meanwhile what its person presses."""
    finding: Future[Found] = Future()
    # as a daemon, for no lesson keeps a server from ending
    Thread(target=find, args=(finding, _lesson), name="lesson", daemon=True).start()
    return finding


def find(finding: Future[Found], lesson: Lesson) -> None:
    """Run the lesson's exhibit."""
    try:
        finding.set_result(run(lesson, models.load))
    except BaseException as problem:  # told to every page that waits for it
        finding.set_exception(problem)
