"""Lessons: at each step the learner says what they expect, tries it, and sees what the model does."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from app import address
from app.components.beginning import begin
from app.components.classroom import checkpoint, come_to, led_to
from app.components.progress import keep
from app.exhibits import draw
from app.limits import sentence
from app.teaching import progress
from app.teaching.asking import ask
from app.teaching.checking import check
from app.teaching.counting import choice, choices
from app.teaching.finding import found, shelf
from app.teaching.listing import link, listing
from app.teaching.revealing import reveal
from lessons import Do, Found, Lesson, LessonError, fill, words
from lessons.claims import spoken_of

STYLE = Path(__file__).resolve().parent.parent / "lessons.css"

say = words("page")
state = st.session_state


def title(lesson: Lesson) -> None:
    """What the lesson is about, and how to get back to the list."""
    link(f"← {say('back')}")
    about = say("about", number=lesson.number, minutes=lesson.minutes)
    st.html(
        f"<p class='lesson-about'>{html.escape(about)}</p><h1>{html.escape(lesson.title)}</h1>"
        f"<p class='lesson-lead'>{html.escape(lesson.goal)}</p>"
    )


def walk(lesson: Lesson, findings: Found) -> bool:
    """The steps as far as the learner has come, or has been led by a class; True when all are done. A
    question that the class has left is closed to who has not answered it: what follows tells the answer."""
    led = led_to(lesson.name)
    for number, step in enumerate(lesson.steps, 1):
        key = f"{lesson.name}-step-{number}"
        st.header(step.title, anchor=False)
        st.markdown(fill(step.opening, findings.claims))
        record = progress.record(lesson)
        to_do = isinstance(step.action, Do)
        if to_do:
            ask(lesson, number, findings.claims)
        if step.shows:
            done = draw(lesson.exhibit, findings, step.shows, f"{key}-shows")
            if isinstance(step.action, Do) and step.action.done in done:
                record.steps[number] = True
        answer = record.answer(lesson, number)
        chosen = None if answer is None else choice(step.action, answer)
        checkpoint(lesson.name, f"step-{number}", choices(step.action, findings.claims), chosen)
        if answer is None and number >= led:
            if not to_do:
                ask(lesson, number, findings.claims)
            tell(lesson, number)
            return False
        if answer is not None or not to_do:
            reveal(step.action, answer, findings.claims)
        if step.reveals:
            draw(lesson.exhibit, findings, step.reveals, f"{key}-reveals")
        st.markdown(fill(step.explanation, findings.claims))
    tell(lesson, len(lesson.steps) + 1)
    return True


def tell(lesson: Lesson, step: int) -> None:
    """Say once in the address which step is shown: said again, it would undo the way back in the browser."""
    if state.get("step_told") != (lesson.name, step):
        state.step_told = (lesson.name, step)
        come_to(step)


def close(lesson: Lesson, findings: Found, following: Lesson | None) -> None:
    """What was learned, where to go on, and the notes for who teaches it."""
    check(lesson, findings.claims)
    with st.container(horizontal=True, vertical_alignment="center"):
        if following:
            link(f"{say('next', title=following.title)} →", following.name)
        with st.popover(say("again")):  # what cannot be taken back is asked twice
            st.markdown(say("again_what"))
            st.button(say("again_sure"), on_click=progress.start_again, args=(lesson,))
    notes = lesson.teacher
    with st.expander(say("teacher")):
        for heading, items in (
            (say("teacher_ask"), notes.ask),
            (say("teacher_wrong"), notes.wrong),
            (say("teacher_time"), (notes.time,)),
        ):
            st.markdown(
                f"**{heading}**\n\n" + "\n".join(f"- {fill(item, findings.claims)}" for item in items)
            )


def show(lesson: Lesson, following: Lesson | None) -> None:
    """One lesson."""
    title(lesson)
    opening = st.empty()
    if not spoken_of(lesson.opening):  # something to read while the models do
        opening.markdown(lesson.opening)
    try:
        with st.spinner(say("running")):
            findings = found(lesson)
    except LessonError as problem:
        st.warning(str(problem))
        return
    except ValueError as problem:
        st.warning(f"{sentence(str(problem))} {say('make_models')}")
        return
    opening.markdown(fill(lesson.opening, findings.claims))
    if walk(lesson, findings):
        close(lesson, findings, following)


def asked_for(lessons: Mapping[str, Lesson]) -> str | None:
    """The lesson that the address names; a link within the page leaves the address to us. Lesson and step are
    put there at once, so that one step back in the browser leads to the list."""
    name = st.query_params.get("lesson")
    if name != state.get("lesson_in_address"):
        state.lesson_in_address, state.step_told = name, None
        fields = {"lesson": name} if name else {}
        address.say_so(progress.place(lessons[name]) if name in lessons else fields)
    return name


def remember() -> None:
    """Hear from the browser what it has kept, and tell it what is new."""
    heard = state.get("progress_heard", "")
    keep(progress.known(), progress.forgotten(), heard, progress.take, progress.hear)


def page() -> None:
    """The whole page."""
    st.html(STYLE)
    kept, new = st.container(key="keeps-progress"), progress.known() is None
    if new:  # before any link is there: what is told after one was pressed leads back to where it was pressed
        with kept:
            remember()
    lessons = shelf()
    known = {lesson.name: lesson for lesson in lessons.lessons}
    name = asked_for(known)
    with st.container(key="lesson-page"):
        begin(name or "")
        if name in known:
            place = lessons.lessons.index(known[name])
            show(known[name], next(iter(lessons.lessons[place + 1 :]), None))
        else:
            listing(lessons, unknown=name)
    if not new:
        with kept:
            remember()


page()
