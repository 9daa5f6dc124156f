"""Intervene: change what a memory does while it reads, and see what becomes of it."""

from __future__ import annotations

import math
import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import titans_core as tc
from app import (
    asking,
    choosing,
    continuing,
    intervening,
    limits,
    models,
    permalink,
    reading,
    textbox,
    typed,
    work,
)
from app.components.intervene import intervene_view
from app.edits import SYMBOLS, WIPE, Edit, encode
from app.exporting import export_menu
from app.heading import heading
from app.intervening import Intervention
from app.session import held
from titans_core.override import largest

NAME = "Intervene"
ABOUT = "Change what a memory does while it reads, and see what becomes of it."
ALL = -1  # layers, or heads
READY = {  # edits of one click
    "Forget fast, α = 0.2": Edit("alpha", 0.2),
    "No forgetting, α = 0": Edit("alpha", 0.0),
    "No momentum, η = 0": Edit("eta", 0.0),
    "No writing": Edit("write"),
    "No reading": Edit("read"),
    "Wipe": Edit(WIPE),
}

state = st.session_state


def edits() -> list[Edit]:
    """The session's list of edits."""
    found: list[Edit] = state.setdefault("edits", [])
    return found


def keep_edits(new: list[Edit]) -> None:
    """Take a new list, and remember the one before for Undo."""
    state.setdefault("edits_before", []).append(edits())
    state.edits = new


def take_back(edit: Edit) -> None:
    """The list without this edit, where it is still in it."""
    if edit in edits():
        first = edits().index(edit)
        keep_edits([*edits()[:first], *edits()[first + 1 :]])


def undo() -> None:
    """The list as it was before the last change."""
    state.edits = state.edits_before.pop()


def add(kind: str, value: float | None = None, scale: bool = False) -> None:
    """An edit of this kind, where and when the page says; one that cannot be is told, and not added. Who
    presses twice in a moment means it once."""
    typed.late("edit_start")
    start = state.edit_start - 1
    stop = None if kind == WIPE else state.edit_stop
    chosen = (None if n == ALL else n for n in (state.edit_layer, state.edit_head))
    place = (None, None) if kind == WIPE else tuple(chosen)
    new = Edit(kind, value, scale, *place, start, stop)
    intervention = held().intervention
    if intervention is None:
        return  # let go while nobody looked: the page reads again, and the edit can be made then
    read = intervention.original
    state.edit_problem = None
    try:
        new.check_tokens(len(read.ids))
    except limits.BadInput:
        return  # told under the fields of the tokens
    try:
        new.check(read.stream.model.config, len(read.ids))
    except limits.BadInput as problem:
        state.edit_problem = str(problem)
        return
    now = time.monotonic()
    if edits()[-1:] == [new] and now - state.get("edit_added", -math.inf) < continuing.TWICE:
        return
    if not scale and [edit for edit in edits() if edit.kind == kind][-1:] == [new]:
        state.edit_problem = f"That is in the list already and would change nothing: {new}."
        return
    state.edit_added = now
    keep_edits([*edits(), new])


def add_gate() -> None:
    """The gate, sign and value of the form, as an edit."""
    add(state.edit_gate, state.edit_value, state.edit_sign == "×")


def take_picked() -> None:
    """A token that was picked in the text is the one that the next edit begins with."""
    picked = limits.token((state.get("intervene") or {}).get("picked"))
    if picked is not None:
        typed.place("edit_start", picked + 1)


def choose_place(model: tc.TitansLM) -> DeltaGenerator:
    """From which token to which, and in which layer and head, the next edit holds; under it a place, to be
    filled where that is wrong."""
    config = model.config
    for key, count in (("edit_layer", config.layers), ("edit_head", config.heads)):
        if state.get(key, ALL) >= count:
            state[key] = ALL
    state.setdefault("edit_start", 1)
    with st.container(horizontal=True, vertical_alignment="bottom", key="edit-place"):
        st.number_input(
            "From token, or click one",
            1,
            None,
            step=1,
            key="edit_start",
            width=190,
            on_change=typed.late,
            args=("edit_start",),
        )
        st.number_input("To token", 1, None, None, 1, key="edit_stop", width=160, placeholder="the end")
        for label, key, count in (
            ("Layer", "edit_layer", config.layers),
            ("Head", "edit_head", config.heads),
        ):
            st.selectbox(
                label,
                [ALL, *range(count)],
                format_func=lambda n: "all" if n == ALL else str(n + 1),
                key=key,
                width=110,
            )
    return st.container()


def misplaced(tokens: int) -> str:
    """Why the next edit cannot hold where it is to, in a text of so many tokens; empty where it can."""
    try:
        Edit("write", start=state.edit_start - 1, stop=state.edit_stop).check_tokens(tokens)
    except limits.BadInput as problem:
        return str(problem)
    return ""


def choose_edit(model: tc.TitansLM) -> None:
    """Edits of one click, and a form for any other."""
    with st.container(horizontal=True, vertical_alignment="center", key="edit-what"):
        for label, edit in READY.items():
            st.button(label, on_click=add, args=(edit.kind, edit.value))
        with st.popover("Any gate …"), st.form("edit", border=False):
            st.selectbox("Gate", SYMBOLS, format_func=lambda gate: gate_title(model, gate), key="edit_gate")
            st.segmented_control(
                "How", ["=", "×"], default="×", required=True, key="edit_sign", help="Set it, or multiply it."
            )
            st.number_input("Value", 0.0, None, 2.0, 0.1, key="edit_value")
            st.form_submit_button("Apply", on_click=add_gate)
    if state.get("edit_problem"):
        st.warning(state.edit_problem)


def gate_title(model: tc.TitansLM, gate: str) -> str:
    """A gate with the values that it can be set to."""
    return f"{SYMBOLS[gate]}, 0 to {largest(model.config)[gate]:g}"


def list_edits(model: tc.TitansLM) -> None:
    """What was changed, each with a way to take it back, and what an edit does besides."""
    if not edits() and not state.get("edits_before"):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="edit-list"):
        for number, edit in enumerate(edits()):
            st.button(
                str(edit),
                icon=":material/close:",
                key=f"edit-{encode([edit])}-{edits()[:number].count(edit)}",
                help="Take this edit back",
                on_click=take_back,
                args=(edit,),
            )
        st.button("Undo", disabled=not state.get("edits_before"), on_click=undo)
        st.button("Clear all", disabled=not edits(), on_click=keep_edits, args=([],))
    if any(edit.kind == "eta" for edit in edits()):
        most = largest(model.config)["theta"]
        st.caption(f"A large η lowers θ as well: θ is at most {most:g} (1 − η).")
    if any(edit.kind == "write" for edit in edits()):
        st.caption("Where nothing is written, nothing is forgotten either: the memory stays as it is.")


def known(model: tc.TitansLM) -> reading.Reading | None:
    """The text box as this model has read it, here or on the Stream page."""
    intervention = held().intervention
    for read in (intervention and intervention.original, held().reading):
        if read and read.of(model, state.text):
            return read
    return None


def current(model: tc.TitansLM, original: reading.Reading) -> Intervention | None:
    """What can be shown by now of the text with the edits, and of the answers."""
    before = held().intervention
    new = intervening.begin(original, edits(), asking.asked(), before)
    same = before and (before.original.key, before.edits, before.question) == (
        new.original.key,
        new.edits,
        new.question,
    )
    if before and same and before.complete:
        work.rest()
        return before
    with st.spinner("Reading …"):
        key = (model.digest, state.text, new.edits, new.question)
        job = work.current(NAME, key, lambda: intervening.stages(new))
    job.check()
    held().intervention = job.value or new
    work.progress(job)
    stays = before and before.complete and before.original.text == state.text
    return job.shown or (before if stays else None)


def page() -> None:
    """The whole page."""
    link = heading(NAME, ABOUT)
    names = choosing.trained(with_memory=True)
    with st.container(horizontal=True, vertical_alignment="bottom", key="sources"):
        textbox.choose_source()
        st.space("stretch")
        chosen = choosing.one_model(names, "edited-model")
    text_side, question_side = st.columns([3, 2], gap="medium")
    with text_side:
        textbox.text_box()
    with question_side:
        asking.ask_box()
        st.button("Read", type="primary", on_click=work.again, args=(NAME,))
    try:
        model = models.load(chosen)
    except ValueError as problem:
        st.warning(models.unloadable(problem))
        return
    under_place = choose_place(model)
    choose_edit(model)
    list_edits(model)
    with link:
        permalink.share(permalink.fields())
    told = ""
    try:
        original = known(model) or reading.begin(model, state.text)
        if told := misplaced(len(original.ids)):
            under_place.warning(told)
        shown = current(model, original)
    except limits.BadInput as problem:
        if str(problem) != told:
            st.warning(str(problem))
        return
    if shown is not None:
        intervene_view(shown.message, take_picked)
        export_menu(shown.traces, shown.original.text, shown.question, shown.edits)


page()
