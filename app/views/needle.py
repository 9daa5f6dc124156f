"""Needle: a fact in a long haystack, and which models still know it, the further they have read."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import choosing, drawing, limits, mapping, models, needle, permalink, textbox, typed, work
from app.charts.haystack import haystack, table
from app.charts.haystacks import losses
from app.chips import chips
from app.components.picture import save_picture
from app.heading import heading
from app.needle import Key, Needle, Search
from app.session import held
from titans_core.sweep.haystacks import read_table

NAME = "Needle"
SHOWN = "needle-shown"  # what is saved as a picture
ONE, MANY = "one", "map"
VIEWS = {ONE: "On the way", MANY: "By depth and length"}
FILLER, OWN = "filler", "own"
HAYSTACKS = {FILLER: "Generated filler", OWN: "A text of your own"}
ABOUT = "One fact in a long haystack: which models still know it as they read on?"
DEFAULT = ("mac", "mag", "mal", "attention")
FACTS = {  # what can be told with one click: fact, question, answer
    "A place": ("Mara put the red key in the attic.", "Where is the red key?", "attic"),
    "A taste": ("Tom likes soup.", "What does Tom like?", "soup"),
    "A code": ("The code for the blue box is 4 0 7 1.", "What is the code for the blue box?", "4 0 7 1"),
    "A password": ("The password of Leo is zimorka.", "What is the password of Leo?", "zimorka"),
}
LENGTHS = (256, 512, 1024, 2048, 4096, 8192, 16_384)
FIELDS = ("fact", "needle_question", "answer")
LABELS = ("The fact", "The question", "The right answer")

state = st.session_state


def take_fact(title: str) -> None:
    """The fact that was clicked goes into the boxes."""
    for name, text in zip(FIELDS, FACTS[title], strict=True):
        typed.place(name, text)


def choose_view() -> str:
    """Whether models search one haystack, or one model a whole map of them."""
    return choosing.one_of("Where it is asked for", VIEWS, "view-of-needle")


def choose_needle(view: str) -> Needle:
    """The fact, the question and its answer; the haystack, its length, and where in it the fact stands."""
    ready = st.container()
    columns = st.columns([5, 4, 2], gap="small")
    texts = tuple(
        column.text_input(
            label,
            default,
            key=key,
            bind="query-params",
            persist_state="session",
            on_change=typed.late,
            args=(key,),
        )
        for column, label, default, key in zip(columns, LABELS, FACTS["A place"], FIELDS, strict=True)
    )
    taken = next((title for title, told in FACTS.items() if told == texts), None)
    with ready:
        chips("A fact to hide", FACTS, taken, "facts", take_fact)
    fact, question, answer = texts
    text = choose_text()
    return Needle(fact, question, answer, *choose_hay(view), text)


def choose_text() -> str | None:
    """The text of one's own to hide the fact in; None for generated filler."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = choosing.one_of("The haystack", HAYSTACKS, "hay")
        if kind == OWN:
            textbox.choose_source()
    if kind != OWN:
        return None
    textbox.text_box()
    st.caption("As much of it is read as the haystack takes; a short text is repeated over and over.")
    text: str = state.text
    return text


def choose_hay(view: str) -> tuple[int, float, int]:
    """How long the haystack is, at most in a map; where in it the fact stands; and which haystack it is."""
    length, depth, seed = st.columns([5, 4, 2], gap="small")
    which = seed.number_input(  # of a float: an int that a link says is infinite would raise
        "Which haystack",
        1.0,
        999.0,
        step=1.0,
        format="%.0f",
        key="haystack",
        bind="query-params",
        persist_state="session",
    )
    if view == MANY:
        return choose_length(length, "Tokens of haystack, up to", mapping.LONGEST, "longest"), 0.0, int(which)
    share = depth.slider(
        "Where the fact stands",
        0,
        100,
        10,
        format="%d %%",
        key="depth",
        bind="query-params",
        persist_state="session",
    )
    return choose_length(length, "Tokens of haystack", LENGTHS, "length"), share / 100, int(which)


def choose_length(place: DeltaGenerator, label: str, lengths: tuple[int, ...], key: str) -> int:
    """So many tokens."""
    tokens: int = place.select_slider(
        label,
        lengths,
        2048,
        format_func=lambda n: f"{n:,}",
        key=key,
        bind="query-params",
        persist_state="session",
    )
    return tokens


def begin() -> None:
    """Search for what the boxes say now; a search for the same goes on where it was stopped."""
    state.searching = True
    work.again(NAME)


def current() -> Search | None:
    """The search that was begun last, as far as it is."""
    key: Key | None = state.get("search_key")
    if key is None:
        return None
    last = held().search
    if choosing.tell_away(key[0], "search for this"):
        work.forget(NAME)
        return last if last and last.key == key else None
    loaded = [models.load(name) for name in key[0]]
    digests = tuple(model.digest for model in loaded)
    known = last if last and (last.key, last.digests) == (key, digests) else None
    if known and known.complete:
        work.rest()
        return known
    with st.spinner("Reading …"):
        job = work.current(NAME, (key, digests), lambda: needle.stages(known or needle.begin(loaded, key[1])))
    job.check()
    held().search = job.value or last
    work.progress(job, "Search")
    return job.shown or known


def show_hay(wanted: Needle) -> bool:
    """The haystack that the boxes describe; where they do not describe one to search in, why."""
    try:
        st.html(haystack(needle.hide(wanted), wanted))
        wanted.check()
    except limits.BadInput as problem:
        st.warning(str(problem))
        return False
    return True


def search_one(names: list[str], wanted: Needle) -> None:
    """Models are chosen, search, and what they answered is shown."""
    hidden = show_hay(wanted)
    key = (tuple(choosing.several_models(names, "searchers", DEFAULT)), wanted)
    st.button("Search", type="primary", on_click=begin)
    if not key[0]:
        st.warning("Choose at least one model to search.")
    if state.pop("searching", False) and hidden and key[0]:
        state.search_key = key
    search = current()
    if search is None:
        return
    if search.key != key:
        st.caption("This is what was found before. Press Search to search anew.")
    with st.container(key=SHOWN):
        st.html(table(search))
    wanted = search.needle
    save_picture(
        SHOWN,
        f"needle-{len(search.hay.ids)}",
        f"Needle: “{wanted.fact.strip()}” in {len(search.hay.ids):,} tokens",
        f"What {', '.join(search.found)} answer to “{wanted.question.strip()}” as they read further.",
    )


def show_losses() -> None:
    """How much is lost in text of other kinds, as it was measured once."""
    try:
        measured = read_table()
    except ValueError as problem:
        st.warning(limits.sentence(str(problem)))
        return
    if measured:
        with st.expander("What is found in text of other kinds"):
            st.html(losses(measured))


def page() -> None:
    """The whole page."""
    link = heading(NAME, ABOUT)
    names = choosing.trained()
    view = choose_view()
    wanted = choose_needle(view)
    with link:
        permalink.share({} if wanted.text is None else permalink.fields())
    try:
        if view == MANY:
            drawing.draw_map(names, wanted)
            show_losses()
        else:
            search_one(names, wanted)
    except limits.BadInput as problem:
        st.warning(str(problem))
    except ValueError as problem:
        st.warning(models.unloadable(problem))


page()
