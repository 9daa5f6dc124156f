"""Needle: a fact in a long haystack, and which models still know it, the further they have read."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import choosing, limits, mapping, models, needle, permalink, textbox, work
from app.charts.haystack import haystack, table
from app.charts.haystacks import losses
from app.chips import chips
from app.components.picture import save_picture
from app.exhibits.cells import Side, cells
from app.heading import heading
from app.mapping import Map
from app.needle import Needle, Search
from app.session import held
from titans_core.sweep import Plan
from titans_core.sweep.haystacks import read_table

NAME = "Needle"
MAPPING = f"{NAME} map"  # whose work a map is
SHOWN = "needle-shown"  # what is saved as a picture
ONE, MANY = "one", "map"
VIEWS = {ONE: "On the way", MANY: "By depth and length"}
FILLER, OWN = "filler", "own"
HAYSTACKS = {FILLER: "Generated filler", OWN: "A text of your own"}
CHANCES, RIGHT = "chances", "right"
SHADES = {CHANCES: "Probability", RIGHT: "Right answers"}
TITLES = {CHANCES: "Probability of the right answer", RIGHT: "Share of right answers"}
ABOUT = "One fact in a long haystack: who still knows it, the further one has read?"
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
Key = tuple[tuple[str, ...], Needle]  # who searches, and what for

state = st.session_state


def take_fact(title: str) -> None:
    """The fact that was clicked goes into the boxes."""
    for name, text in zip(FIELDS, FACTS[title], strict=True):
        state[name] = text


def choose_view() -> str:
    """Whether models search one haystack, or one model a whole map of them."""
    return choose("Where it is asked for", VIEWS, "view-of-needle")


def choose(label: str, options: dict[str, str], key: str) -> str:
    """One of a few, at first the first; ``key`` is its name in the address too."""
    return st.segmented_control(
        label,
        options,
        default=next(iter(options)),
        format_func=lambda name: options[name],
        required=True,
        key=key,
        bind="query-params",
        persist_state="session",
    )


def choose_needle(view: str) -> Needle:
    """The fact, the question and its answer; the haystack, its length, and where in it the fact stands."""
    ready = st.container()
    columns = st.columns([5, 4, 2], gap="small")
    texts = tuple(
        column.text_input(label, default, key=key, bind="query-params", persist_state="session")
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
        kind = choose("The haystack", HAYSTACKS, "hay")
        if kind == OWN:
            textbox.choose_source()
    if kind != OWN:
        return None
    textbox.text_box()
    st.caption("So much of it is read as a haystack takes; a short text is told over and over.")
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
    loaded = [models.load(name) for name in key[0]]
    digests = tuple(model.digest for model in loaded)
    last = held().search
    known = last if last and (last.key, last.digests) == (key, digests) else None
    if known and known.complete:
        return known
    with st.spinner("Reading …"):
        job = work.current(NAME, (key, digests), lambda: needle.stages(known or needle.begin(loaded, key[1])))
    job.check()
    held().search = job.value or last
    work.progress(job, "Search")
    return job.shown or known


def show_hay(wanted: Needle) -> bool:
    """The haystack that the boxes describe; where they do not describe one, why."""
    try:
        hay = needle.hide(wanted)
    except limits.BadInput as problem:
        st.warning(str(problem))
        return False
    st.html(haystack(hay, wanted))
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
        f"What {', '.join(search.found)} answer to “{wanted.question.strip()}” the further they have read.",
    )


def begin_map() -> None:
    """Draw the map that the boxes describe; one that was stopped goes on."""
    state.mapping = True
    work.again(MAPPING)


def search_many(names: list[str], wanted: Needle) -> None:
    """A model is chosen, and its map drawn cell by cell."""
    name = choosing.one_model(names, "mapped")
    st.button("Draw the map", type="primary", on_click=begin_map)
    key = describe(name, wanted)
    if state.pop("mapping", False) and key:
        state.map_key = key
    known = current_map()
    if known and (known.model, known.plan) != key:
        st.caption("This is what was found before. Press Draw the map to draw it anew.")
    if known and known.found:
        show_map(known)
    show_losses()


def describe(name: str, wanted: Needle) -> tuple[str, Plan] | None:
    """The map that the boxes describe; where they describe none, why."""
    try:
        return name, mapping.plan(wanted)
    except limits.BadInput as problem:
        st.warning(str(problem))
        return None


def current_map() -> Map | None:
    """The map that was begun last, as far as it is."""
    if state.get("map_key") is None:
        return None
    name, plan = state.map_key
    model = models.load(name)
    fresh, last = Map(name, model.digest, plan), held().map
    known = last if last and replace(last, found=()) == fresh else fresh
    if known.complete:
        return known
    with st.spinner("Reading …"):
        job = work.current(MAPPING, fresh, lambda: mapping.stages(model, known))
    job.check()
    held().map = job.value or known
    work.progress(job, "Draw the map")
    return job.shown or known


def show_map(known: Map) -> None:
    """One cell a depth and a length."""
    shade = choose("Shaded by", SHADES, "shade")
    depths = [round(100 * depth) for depth in sorted(known.plan.depths)]
    across, down = Side("length", "tokens of haystack"), Side("depth", "the fact stands at, per cent")
    shares, lengths = mapping.shares(known, shade == CHANCES), sorted(known.plan.lengths)
    chart = cells(shares, across, down, TITLES[shade], depths, lengths)
    st.altair_chart(chart, width="stretch", alt=mapping.told(known))
    st.caption(mapping.told(known))


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
            search_many(names, wanted)
        else:
            search_one(names, wanted)
    except limits.BadInput as problem:
        st.warning(str(problem))
    except ValueError as problem:
        st.warning(models.unloadable(problem))


page()
