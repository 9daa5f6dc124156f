"""Stream: a model reads a text token by token, and everything its memory did can be watched."""

from __future__ import annotations

import streamlit as st

import titans_core as tc
from app import limits, models, reading, samples
from app.components.player import player

TITLE = """
<div class="page-title">
<h1>Stream</h1><p>A trained model reads a text, and its memory learns while it reads.</p>
</div>
"""

state = st.session_state


def take_sample() -> None:
    """The chosen sample goes into the text box."""
    if state.sample is not None:
        state.text = samples.text(state.sample)


def take_typed() -> None:
    """What is typed is the person's own: no sample is chosen any more."""
    state.sample = None


def take_upload() -> None:
    """An uploaded text goes into the text box; one that cannot be read leaves the box as it is."""
    state.upload_problem = None
    if state.upload is None:
        return
    try:
        state.text = limits.decode_upload(state.upload.getvalue())
        state.sample = None
    except limits.BadInput as problem:
        state.upload_problem = str(problem)


def take_addition() -> None:
    """Read what was added; what cannot be read stays in its box."""
    state.addition_problem = None
    try:
        state.reading = reading.go_on(state.reading, state.addition)
        state.addition = ""
    except limits.BadInput as problem:
        state.addition_problem = str(problem)


def choose_text_and_model(names: list[str]) -> None:
    """The text box, where its text may come from, and the model that reads it."""
    titles = samples.titles()
    with st.container(horizontal=True, vertical_alignment="bottom", key="sources"):
        st.pills(
            "A text to read",
            titles,
            default=titles[0] if titles else None,
            key="sample",
            bind="query-params",
            on_change=take_sample,
            wrap=True,
        )
        with st.popover("Upload", icon=":material/upload_file:"):
            st.file_uploader("A text file, UTF-8", type=["txt", "md"], key="upload", on_change=take_upload)
        st.space("stretch")
        st.segmented_control(
            "The model that reads it",
            names,
            default=names[0],
            format_func=models.title,
            required=True,
            key="model",
            bind="query-params",
        )
    if "text" not in state:
        state.text = samples.text(state.sample) if state.sample else ""
    if state.get("upload_problem"):
        st.warning(state.upload_problem)
    st.text_area(
        "The text",
        key="text",
        persist_state="session",
        height=104,
        label_visibility="collapsed",
        on_change=take_typed,
        placeholder="Type or paste any text, then press Ctrl+Enter or Read.",
    )


def current_reading(model: tc.TitansLM) -> reading.Reading:
    """What the session has read; read anew only where the text or the model is another.

    Another model reads what was added at the end too.
    """
    source = (model.name, state.text)
    if state.get("source") != source:
        same_text = "source" in state and state.source[1] == state.text
        whole = state.reading.text if same_text else state.text
        with st.spinner("Reading …", show_time=True):
            state.reading = reading.read(model, whole)
            state.source = source
    return state.reading


def describe(model: tc.TitansLM, read: reading.Reading | None) -> str:
    """Device, model and time, in one line."""
    parts = [
        models.device_name(model.device),
        f"{models.title(model.name)}, {models.VARIANTS[model.config.variant]}",
        f"{model.parameter_count():,} parameters",
    ]
    if read is not None:
        parts.append(f"{read.stream.position:,} tokens, read in {read.seconds:.2f} s")
    return " · ".join(parts)


def add_text() -> None:
    """A box for more text; the stream goes on from where it stands."""
    with st.form("add", border=False, enter_to_submit=False):
        st.text_area(
            "Add text at the end",
            key="addition",
            persist_state="session",
            height=68,
            placeholder="What comes next. The memory goes on from where it stands; nothing is read again.",
        )
        if state.get("addition_problem"):
            st.warning(state.addition_problem)
        st.form_submit_button("Read on", on_click=take_addition)


def page() -> None:
    """The whole page."""
    st.html(TITLE)
    names = tc.available()
    if not names:
        st.warning("No trained model is here yet. Run `make train`, then load this page again.")
        return
    choose_text_and_model(names)
    try:
        model = models.load(state.model)
    except ValueError as problem:
        st.warning(reading.sentence(f"This model cannot be loaded: {problem}") + " Run `make train`.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        facts = st.empty()
        st.button("Read", type="primary")
    try:
        read = current_reading(model)
    except limits.BadInput as problem:
        facts.caption(describe(model, None))
        st.warning(str(problem))
        return
    facts.caption(describe(model, read))
    player(read.message)
    add_text()


page()
