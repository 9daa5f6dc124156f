"""Stream: a model reads a text token by token, and everything its memory did can be watched."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import titans_core as tc
from app import (
    choosing,
    continuing,
    following,
    keeping,
    leafing,
    limits,
    models,
    permalink,
    reading,
    textbox,
    work,
)
from app.book import Book
from app.components.player import player
from app.components.tour import tour
from app.exporting import export_menu
from app.heading import heading
from app.session import held

NAME = "Stream"
ABOUT = "A trained model reads a text, and its memory learns while it reads."

state = st.session_state


def chosen() -> str:
    """The name of the model that the page shows."""
    name = models.name(state.model, state.get("memory") or "")
    return name if name in tc.available() else state.model  # another variant, or one's own, may lack it


def chose() -> None:
    """A person chose a model, or which memory it has; the next page will have it, too."""
    choosing.chose("model")
    state.reader = chosen()


def follow_model(names: list[str], variants: list[str]) -> None:
    """Let the model be chosen that was on the page before, by its variant and its memory, of which an address
    may leave out either."""
    name = following.reader(names)
    if name is None or {"model", "memory"} & {*st.query_params}:
        return
    variant, _, memory = (name, "", "") if name in variants else name.partition("-")
    following.follow("model", variant, variants[0], models.title(variant))
    if len(memories := models.memories(variant, names)) > 1:
        following.follow("memory", memory, memories[0], models.MEMORIES[memory])


def choose_model(names: list[str]) -> None:
    """The variant, and where it is shipped with several memories, which of them; or one's own model."""
    variants = [name for name in names if name in models.VARIANTS or not models.shipped(name)]
    choosing.tell_absent(variants, "model")
    follow_model(names, variants)
    st.pills(
        "The model that reads it",
        variants,
        default=variants[0],
        format_func=models.title,
        required=True,
        key="model",
        bind="query-params",
        wrap=True,
        on_change=chose,
    )
    memories = models.memories(state.model, tc.available())
    if len(memories) > 1:
        st.segmented_control(
            "Its memory",
            memories,
            default=memories[0],
            format_func=lambda memory: models.MEMORIES[memory],
            required=True,
            key="memory",
            bind="query-params",
            on_change=chose,
        )
    following.note(chosen(), names)


def choose_text_and_model(names: list[str]) -> None:
    """The text box, where its text may come from, and the model that reads it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="sources"):
        textbox.choose_source(opens=True)
        st.space("stretch")
        choose_model(names)
    if state.get("book"):
        leafing.cover(state.book)
    else:
        textbox.text_box()


def known_reading(model: tc.TitansLM) -> reading.Reading | None:
    """The text box as the chosen model has read it, or its first part."""
    read = held().reading
    return read if read is not None and read.of(model, state.text) else None


def latest() -> reading.Reading:
    """The text box as the chosen model has read it, or will."""
    model = models.load(chosen())
    return known_reading(model) or reading.begin(model, state.text)


def current_reading(model: tc.TitansLM) -> reading.Reading | None:
    """What can be shown by now of the text box as the chosen model reads it; read anew only where either is
    another."""
    known, last = known_reading(model), held().reading
    if not known and last and (last.stream.model.name, last.text) == (model.name, state.text):
        keeping.lose(keeping.NEWER)
    if known and known.complete:
        work.rest()
        return known
    with st.spinner("Reading …"):
        job = work.current(
            NAME,
            (model.digest, state.text),
            lambda: reading.stages(known or reading.begin(model, state.text)),
        )
    job.check()
    held().reading = job.value or held().reading
    work.progress(job)
    return (job.value if job.stopped else None) or job.shown


def describe(model: tc.TitansLM, read: reading.Reading | None) -> str:
    """Device, model and time, in one line."""
    parts = [
        models.runs_on(model),
        f"{models.title(model.name)}, {models.VARIANTS[model.config.variant]}",
        f"{model.parameter_count():,} parameters",
    ]
    if read is not None:
        count = read.stream.position
        so_far = "" if read.complete else " so far"
        parts.append(f"{count:,} {'token' if count == 1 else 'tokens'}{so_far}, read in {read.seconds:.2f} s")
    return " · ".join(parts)


def page() -> None:
    """The whole page."""
    link = heading(NAME, ABOUT)
    tour()
    names = choosing.trained()
    choose_text_and_model(names)
    book: Book | None = state.get("book")
    with link:
        permalink.share(None if book else permalink.fields(), book and book.text)
    try:
        model = models.load(chosen())
    except ValueError as problem:
        st.warning(models.unloadable(problem))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        facts = st.empty()
        st.button("Read", type="primary", on_click=work.again, args=(NAME,))
    if book:
        show_book(model, book, facts)
    else:
        show_text(model, facts)


def show_book(model: tc.TitansLM, book: Book, facts: DeltaGenerator) -> None:
    """A long text: the whole of it in one strip, and a stretch in the player."""
    facts.caption(leafing.describe(model, leafing.known(model, book)))
    try:
        read = leafing.leaf(NAME, model, book)
    except limits.BadInput as problem:
        st.warning(str(problem))
        return
    facts.caption(leafing.describe(model, read))


def show_text(model: tc.TitansLM, facts: DeltaGenerator) -> None:
    """The text of the box in the player, and how it goes on."""
    try:
        read = current_reading(model)
    except limits.BadInput as problem:
        facts.caption(describe(model, None))
        st.warning(str(problem))
        if isinstance(problem, limits.TooLong):
            st.button("Read it as a long text", on_click=leafing.open_typed)
        return
    facts.caption(describe(model, read))
    if read is not None:
        player(read.message, continuing.take_place)
        export_menu({model.name: read.trace}, read.text)
        continuing.add_text(read, latest)


page()
