"""Needle: a fact in a long haystack, and which models still know it, the further they have read."""

from __future__ import annotations

import html

import streamlit as st

import titans_core as tc
from app import limits, models, needle, work
from app.needle import Found, Needle, Search

TITLE = """
<div class="page-title">
<h1>Needle</h1><p>One fact in a long haystack: who still knows it, the further one has read?</p>
</div>
"""
NAME = "Needle"
CAPTION = (
    "Asked so many tokens after the fact: the answer, and the probability of the right one with the memory "
    "(and with the memory wiped)"
)
DEFAULT = ("mac", "mag", "mal", "attention")
FACTS = {  # what can be told with one click: fact, question, answer
    "A place": ("Mara put the red key in the attic.", "Where is the red key?", "attic"),
    "A taste": ("Tom likes soup.", "What does Tom like?", "soup"),
    "A code": ("The code for the blue box is 4 0 7 1.", "What is the code for the blue box?", "4 0 7 1"),
    "A password": ("The password of Leo is zimorka.", "What is the password of Leo?", "zimorka"),
}
LENGTHS = (256, 512, 1024, 2048, 4096, 8192, 16_384)
FIELDS = ("fact", "needle_question", "answer")

state = st.session_state


def take_fact() -> None:
    """The fact that was clicked goes into the boxes."""
    if state.told is not None:
        for name, text in zip(FIELDS, FACTS[state.told], strict=True):
            state[name] = text


def choose_needle() -> Needle:
    """The fact, the question and its answer; how long the haystack is, and where in it the fact stands."""
    for name, text in zip(FIELDS, FACTS["A place"], strict=True):
        state.setdefault(name, text)
    st.pills("A fact to hide", FACTS, default="A place", key="told", on_change=take_fact, wrap=True)
    fact, question, answer = st.columns([5, 4, 2], gap="small")
    with fact:
        st.text_input("The fact", key="fact", persist_state="session")
    with question:
        st.text_input("The question", key="needle_question", persist_state="session")
    with answer:
        st.text_input("The right answer", key="answer", persist_state="session")
    length, depth, seed = st.columns([5, 4, 2], gap="small")
    with length:
        st.select_slider(
            "Tokens of haystack",
            LENGTHS,
            2048,
            format_func=lambda n: f"{n:,}",
            key="length",
            persist_state="session",
        )
    with depth:
        st.slider("Where the fact stands", 0, 100, 10, format="%d %%", key="depth", persist_state="session")
    with seed:
        st.number_input("Which haystack", 1, 999, key="haystack", persist_state="session")
    return Needle(
        state.fact, state.needle_question, state.answer, state.length, state.depth / 100, state.haystack
    )


def choose_models(names: list[str]) -> list[str]:
    """The models that search, in the order they are shipped in."""
    chosen = st.pills(
        "The models that read it",
        names,
        selection_mode="multi",
        default=[name for name in DEFAULT if name in names] or names[:1],
        format_func=models.title,
        key="searchers",
        bind="query-params",
        persist_state="session",
        wrap=True,
    )
    return [name for name in names if name in chosen]


def begin() -> None:
    """Search for what the boxes say now."""
    state.searching = True
    work.forget(NAME)


def current(chosen: list[tc.TitansLM], wanted: Needle) -> Search | None:
    """The search as far as it is; begun where it was asked for."""
    if state.pop("searching", False):
        state.search_key = (tuple(model.name for model in chosen), wanted)
    key = state.get("search_key")
    if key is None:
        return None
    before: Search | None = state.get("search")
    if before and before.complete and (tuple(before.streams), before.needle) == key:
        return before
    hidden = [models.load(name) for name in key[0]]
    with st.spinner("Reading …"):
        job = work.current(NAME, key, lambda: needle.stages(needle.begin(hidden, key[1])))
    job.check()
    state.search = job.value or before
    work.progress(job, "Search")
    return job.shown


def table(search: Search) -> str:
    """One row a model, one column a distance: what it says there, shaded by what the right answer gets."""
    distances = [station - search.told for station in search.stations]
    head = "".join(f"<th scope='col'>{distance:,}</th>" for distance in distances)
    rows = "".join(
        f"<tr><th scope='row'>{html.escape(models.title(name))}</th>"
        + "".join(cell(found[i] if i < len(found) else None, search.needle) for i in range(len(distances)))
        + "</tr>"
        for name, found in search.found.items()
    )
    return (
        f"<div class='needle'><table><caption>{CAPTION}</caption>"
        f"<thead><tr><th scope='col'>tokens after it</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def cell(found: Found | None, wanted: Needle) -> str:
    """An answer; empty where the model has not come so far."""
    if found is None:
        return "<td></td>"
    right = found.said.casefold() == wanted.answer.strip().strip(".").casefold()
    said = html.escape(found.said) or "nothing"
    return (
        f"<td style='--share:{found.with_memory:.3f}' class='{'right' if right else 'wrong'}'>"
        f"<b dir='auto'>{'✓' if right else '✗'} {said}</b>"
        f"<span>{percent(found.with_memory)} <i>({percent(found.without)})</i></span></td>"
    )


def percent(share: float) -> str:
    """A share as the pages write it."""
    if share == 0 or share >= 0.9995:
        return f"{100 * share:.0f}%"
    return f"{100 * share:.1f}%" if share >= 0.001 else "<0.1%"


def page() -> None:
    """The whole page."""
    st.html(TITLE)
    names = tc.available()
    if not names:
        st.warning(models.NONE)
        return
    wanted = choose_needle()
    chosen = choose_models(names)
    st.button("Search", type="primary", on_click=begin)
    if not chosen:
        st.warning("Choose at least one model to search.")
        return
    try:
        search = current([models.load(name) for name in chosen], wanted)
    except limits.BadInput as problem:
        st.warning(str(problem))
        return
    except ValueError as problem:
        st.warning(models.unloadable(problem))
        return
    if search is not None:
        st.html(table(search))


page()
