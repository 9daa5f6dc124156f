"""The questions at a lesson's end: every answer is explained, and another may be tried."""

from __future__ import annotations

import streamlit as st

from app.components import classroom
from app.teaching.progress import record
from lessons import Claims, Lesson, fill, words

say = words("page")
state = st.session_state


def check(lesson: Lesson, claims: Claims) -> None:
    """Ask what was learned."""
    st.header(say("check"), anchor=False)
    kept = record(lesson)
    for number, checkpoint in enumerate(lesson.checkpoints, 1):
        key, chosen = f"{lesson.name}-check-{number}", kept.choice(lesson, number)
        if chosen is not None:
            state.setdefault(key, chosen)
        texts = [fill(choice.text, claims) for choice in checkpoint.choices]
        st.radio(
            fill(checkpoint.question, claims),
            range(len(texts)),
            index=None,
            format_func=texts.__getitem__,
            key=key,
            on_change=choose,
            args=(lesson, number, key),
        )
        classroom.checkpoint(lesson.name, str(number), texts, chosen)
        if chosen is not None:
            judged = "right" if chosen == checkpoint.answer else "wrong"
            st.markdown(say(judged, why=fill(checkpoint.choices[chosen].why, claims)))
    if kept.complete(lesson):
        st.success(say("finished", goal=f"{lesson.goal[:1].lower()}{lesson.goal[1:]}"))


def choose(lesson: Lesson, number: int, key: str) -> None:
    """Keep a choice."""
    record(lesson).checks[number] = state[key]
