"""What a step asks of the learner, before anything is told."""

from __future__ import annotations

import html
from typing import Any

import streamlit as st

from app.teaching.progress import record
from lessons import Answer, Choose, Claims, Do, Estimate, Lesson, Predict, Rank, fill, words

say = words("page")
state = st.session_state


def ask(lesson: Lesson, number: int, claims: Claims) -> None:
    """Ask, and keep the answer, which cannot be taken back."""
    action, key = lesson.steps[number - 1].action, f"{lesson.name}-step-{number}"
    if isinstance(action, Do):
        st.html(f'<p class="lesson-task">{html.escape(say("to_do", task=fill(action.task, claims)))}</p>')
    elif isinstance(action, Rank):
        ask_order(lesson, number, action, fill(action.question, claims), key)
    else:
        question = fill(action.question, claims)
        with st.form(f"{key}-form", border=False):
            if isinstance(action, Estimate):
                slider(action, question, claims[action.claim].unit, key)
            else:
                radio(action, question, key)
            st.form_submit_button(say("commit"), on_click=commit, args=(lesson, number, key))
    if state.get(f"{key}-missing"):
        st.warning(say("unordered" if isinstance(action, Rank) else "nothing"))


def slider(action: Estimate, question: str, unit: str, key: str) -> None:
    """The estimate. It begins at the least, where no right answer is: to press alone is no guess."""
    whole = all(float(value).is_integer() for value in (action.least, action.most, action.step))
    number: Any = int if whole else float
    st.slider(
        question,
        number(action.least),
        number(action.most),
        number(action.least),
        number(action.step),
        format=f"%{'d' if whole else 'g'} {unit.replace('%', '%%')}".strip(),
        key=key,
    )


def radio(action: Predict | Choose, question: str, key: str) -> None:
    """One of the options."""
    labels = {option.value: option.label for option in action.options}
    st.radio(question, list(labels), index=None, format_func=labels.__getitem__, key=key)


def ask_order(lesson: Lesson, number: int, action: Rank, question: str, key: str) -> None:
    """The options as buttons: the first that is pressed is the greatest, and so on."""
    order: list[str] = state.setdefault(f"{key}-order", [])
    st.markdown(f"{question} {say('order')}")
    with st.container(key=f"{key}-words"):
        for n, (label, value) in enumerate(action.options, 1):
            placed = value in order
            st.button(
                f"{order.index(value) + 1} · {label}" if placed else label,
                key=f"{key}-word-{n}",
                type="primary" if placed else "secondary",
                on_click=place,
                args=(order, value),
            )
    st.button(say("commit"), key=f"{key}-commit", on_click=commit_order, args=(lesson, number, key))


def place(order: list[str], value: str) -> None:
    """Give an option the next place, or take it back."""
    if value in order:
        order.remove(value)
    else:
        order.append(value)


def commit(lesson: Lesson, number: int, key: str) -> None:
    """Keep what was chosen."""
    keep(lesson, number, state[key], key)


def commit_order(lesson: Lesson, number: int, key: str) -> None:
    """Keep the order."""
    keep(lesson, number, list(state[f"{key}-order"]), key)


def keep(lesson: Lesson, number: int, answer: Answer | None, key: str) -> None:
    """Keep an answer to a step, where it is one."""
    accepted = answer is not None and lesson.steps[number - 1].action.accepts(answer)
    state[f"{key}-missing"] = not accepted
    if accepted and answer is not None:
        record(lesson).steps[number] = answer
