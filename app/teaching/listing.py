"""The list of lessons, and the links between them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.appendix.links import contents
from app.teaching import progress
from app.words import literal
from lessons import Lesson, Shelf, words

say = words("page")
state = st.session_state
UPLOAD = "progress-file"
VIEW = Path(__file__).resolve().parent.parent / "views" / "lessons.py"


def link(label: str, lesson: str | None = None) -> None:
    """A link to a lesson, or to the list."""
    page = st.Page(VIEW, title=say("title"), url_path="lessons")
    st.page_link(page, label=label, query_params={"lesson": lesson} if lesson else None)


def listing(shelf: Shelf, unknown: str | None) -> None:
    """Every lesson with what was done in it, and what is wrong with those that cannot be shown."""
    st.html(f"<h1>{html.escape(say('title'))}</h1><p class='lesson-lead'>{html.escape(say('lead'))}</p>")
    if unknown:
        st.warning(say("unknown", name=literal(unknown[:40])))
    for problem in shelf.problems:
        st.warning(literal(problem))
    if not shelf.lessons:
        st.info(say("none"))
    for lesson in shelf.lessons:
        with st.container(key=f"lesson-row-{lesson.name}", gap=None):
            link(f"{lesson.number} · {lesson.title}", lesson.name)
            goal = html.escape(lesson.goal)
            st.html(f"<p class='lesson-row'><span>{goal}</span><span>{standing(lesson)}</span></p>")
    contents()
    keepsake(shelf)


def standing(lesson: Lesson) -> str:
    """How long it takes, and how far the learner has come, as HTML."""
    kept = progress.record(lesson)
    minutes, done = say("minutes", count=lesson.minutes), kept.done(lesson)
    if kept.complete(lesson):
        return f"{minutes} · <b>✓ {say('done')}</b>"
    if done == len(lesson.steps):
        return f"{minutes} · {say('asked_still')}"
    return f"{minutes} · {say('begun', done=done, steps=len(lesson.steps))}" if done else minutes


def keepsake(shelf: Shelf) -> None:
    """What the browser keeps: to be saved as a file, loaded from one, or forgotten."""
    kept = progress.progress()
    some = any(record.steps or record.checks for record in kept.values())
    st.caption(say("kept"))
    with st.container(horizontal=True):
        if some:
            content = progress.packed(kept)
            st.download_button(
                say("export"), content, "titans-lab-progress.json", "application/json", on_click="ignore"
            )
        with st.popover(say("load")):
            st.file_uploader(
                say("file"), type=["json"], key=UPLOAD, on_change=take_file, args=(shelf.lessons,)
            )
        if some:
            with st.popover(say("forget")):  # what cannot be taken back is asked twice
                st.markdown(say("forget_what"))
                st.button(say("forget_sure"), on_click=progress.forget)
    told, bad = state.pop("progress_told", ("", False))
    if told:
        (st.warning if bad else st.success)(told)


def take_file(lessons: Sequence[Lesson]) -> None:
    """Add what an uploaded file holds to what was done here; one that cannot be read changes nothing."""
    if state[UPLOAD] is None:
        return
    try:
        found = progress.from_file(state[UPLOAD].getvalue(), lessons)
    except progress.BadProgress as problem:
        state.progress_told = str(problem), True
    else:
        progress.merge(found)
        state.progress_told = say("loaded", count=len(found)), False
