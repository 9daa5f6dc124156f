"""The question that the pages ask at the end of the text: one box that they share."""

from __future__ import annotations

import streamlit as st

from app import limits
from titans_core.tokenizer import Tokenizer

state = st.session_state


def check_question(question: str) -> None:
    """Raise BadInput where a question cannot be asked."""
    limits.check_question(question)
    try:
        Tokenizer.load().encode(question)
    except ValueError as error:
        raise limits.BadInput(limits.sentence(str(error))) from None


def take_question() -> None:
    """Ask what is typed; an empty box takes the question back. Where it cannot be asked, the question before
    stays asked."""
    state.question_problem = state.link_problem = None
    if asked() and not state.question.strip():
        state.asked = ""
        return
    try:
        check_question(state.question)
        state.asked = state.question
    except limits.BadInput as problem:
        state.question_problem = str(problem)


def ask_box() -> None:
    """The question that is answered after the text. It is asked when it is left, too: whoever types one and
    then has the text read means that one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "A question about the text",
            key="question",
            persist_state="session",
            placeholder="Where is the red key?",
            on_change=take_question,
        )
        st.button("Ask", on_click=take_question)
    if state.get("question_problem"):
        st.warning(state.question_problem)


def asked() -> str:
    """The question that stands asked; empty where there is none."""
    question: str = state.get("asked", "")
    return question
