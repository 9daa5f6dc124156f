"""Several models read the same text side by side, and answer the same question: on Compare, and on Family."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import titans_core as tc
from app import asking, choosing, comparing, limits, models, permalink, textbox, work
from app.components.compare import compare_view
from app.exporting import export_menu
from app.session import held

state = st.session_state


def describe(shown: comparing.Comparison) -> str:
    """Device, length and time, in one line."""
    columns = shown.columns
    count = columns[0].stream.position
    times = ", ".join(f"{models.title(r.stream.model.name)} {r.seconds:.2f} s" for r in columns)
    tokens = f"{count:,} {'token' if count == 1 else 'tokens'}"
    return f"{models.runs_on(columns[0].stream.model)} · {tokens} · read in {times}"


def current(page: str, chosen: list[tc.TitansLM]) -> comparing.Comparison | None:
    """What can be shown by now of the text and the question, as the chosen models read and answer; what is
    known is not computed again."""
    known = held().comparison
    asked = asking.asked()
    key = (tuple(model.digest for model in chosen), state.text, asked)
    if known and known.complete and (known.digests, known.text, known.question) == key:
        work.rest()
        return known
    with st.spinner("Reading …"):
        job = work.current(
            page, key, lambda: comparing.stages(comparing.begin(chosen, state.text, asked, known))
        )
    job.check()
    held().comparison = job.value or known
    work.progress(job)
    return job.shown


def side_by_side(
    page: str, link: DeltaGenerator, names: Sequence[str], key: str, first: Sequence[str]
) -> None:
    """All of it but the heading, at whose end ``link`` is: texts, the choice among ``names``, which is
    ``key`` in the address and at first ``first``, what the models make of it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="sources"):
        textbox.choose_source()
        st.space("stretch")
        chosen = choosing.several_models(names, key, first)
    text_side, question_side = st.columns([3, 2], gap="medium")
    with text_side:
        textbox.text_box()
    with question_side:
        asking.ask_box()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Read", type="primary", on_click=work.again, args=(page,))
            facts = st.empty()
    with link:
        permalink.share(permalink.fields())
    if not chosen:
        st.warning("Choose at least one model to read the text.")
        return
    try:
        loaded = [models.load(name) for name in chosen]
    except ValueError as problem:
        st.warning(models.unloadable(problem))
        return
    try:
        shown = current(page, loaded)
    except limits.BadInput as problem:
        st.warning(str(problem))
        return
    if shown is not None:
        facts.caption(describe(shown))
        compare_view(shown.message)
        export_menu({r.stream.model.name: r.trace for r in shown.columns}, shown.text, shown.question)
