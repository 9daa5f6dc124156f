"""Which models read a text: the choice that the pages share. Models are pills everywhere, for there may be
any number; one of a few ways to see or to do something is chosen in a control of segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

import titans_core as tc
from app import following, models, own
from titans_core import recipes

MOST: Final[int] = 3  # absent models that are told by name

state = st.session_state


def trained(with_memory: bool = False) -> list[str]:
    """The models that can be chosen, one's own last, with a word on those whose checkpoints are missing or
    cannot be used; where there is none the page ends here. Either says what to do."""
    names = everyone(with_memory)
    if wrong := own.problems():
        st.warning(wrong)
    if each := own.each_problem():
        with st.expander(f"All {len(each)} files that cannot be used"):
            st.markdown("\n".join(f"- {told}" for told in each))
    if not names:
        st.warning("No trained model is here yet. Run `make train`, then load this page again.")
        st.stop()
    if absent := recipes.missing():
        st.warning(
            f"Not all trained models are here: {', '.join(absent)} cannot be chosen. "
            f'Run `make train MODEL="{" ".join(absent)}"`, then load this page again.'
        )
    return names


def everyone(with_memory: bool = False) -> list[str]:
    """The models that are here and can be used, one's own last; with ``with_memory``, those that have one."""
    shipped = [name for name in tc.available() if not (with_memory and name.startswith("attention"))]
    return [*shipped, *own.usable(with_memory)]


def without_memory() -> set[str]:
    """The titles of the models here that have no memory."""
    return {models.title(name) for name in {*everyone()} - {*everyone(with_memory=True)}}


def tell_absent(names: Sequence[str], key: str) -> None:
    """Where the address that the page was opened by names models by other than the titles of those that it
    offers, as a link from another lab may: which, until others are chosen or the page is left."""
    titles = {models.title(name) for name in names}
    absent = [title for title in st.query_params.get_all(key) if title and title not in titles]
    if absent or state.get("just_come"):
        state[told_of(key)] = absent  # the address loses them as soon as the choice is drawn
    absent = state.get(told_of(key), [])
    if absent and without_memory().issuperset(absent):
        st.warning(
            f"This link names {quoted(absent)}, which has no memory to show here: choose another model."
        )
    elif absent:
        st.warning(
            f"This link names a model that this page does not offer: {quoted(absent)}. "
            "Choose another, or put its file into this lab's folder of models where it is missing."
        )


def told_of(key: str) -> str:
    """Where the session keeps which models its link named that are not here."""
    return f"absent-from-{key}"


def chose(key: str) -> None:
    """A person chose among the models: what the link named counts no more."""
    state[told_of(key)] = []


def chose_one(key: str) -> None:
    """A person chose a model, which the next page will have, too."""
    chose(key)
    state.reader = state[key]


def tell_away(names: Sequence[str], does: str) -> bool:
    """Where a model that found what is shown, or could go on with it, is not here now: which, and what this
    keeps from being done. Returns whether one is away."""
    gone = [models.title(name) for name in names if not models.here(name)]
    if gone:
        be, file = ("is", "its file") if len(gone) == 1 else ("are", "their files")
        st.warning(
            f"{quoted(gone)} {be} not here now. "
            f"Put {file} back into this lab's folder of models to {does}, or choose another."
        )
    return bool(gone)


def quoted(titles: Sequence[str]) -> str:
    """The first few of what models are called, ready for a page."""
    return ", ".join(own.plain(repr(title[: own.LONGEST])) for title in titles[:MOST])


def one_model(names: Sequence[str], key: str) -> str:
    """One model, at first the first; ``key`` is its name in the address too."""
    tell_absent(names, key)
    following.follow_model(names, key)
    name: str = st.pills(
        "The model that reads it",
        names,
        default=names[0],
        format_func=models.title,
        required=True,
        key=key,
        bind="query-params",
        persist_state="session",
        wrap=True,
        on_change=chose_one,
        args=(key,),
    )
    following.note(name, names)
    return name


def one_of(label: str, options: dict[str, str], key: str) -> str:
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


def several_models(names: Sequence[str], key: str, first: Sequence[str]) -> list[str]:
    """Any of the models, at first those in ``first`` that are shipped; in the order they are shipped in,
    whichever was clicked first."""
    tell_absent(names, key)
    chosen = st.pills(
        "The models that read it",
        names,
        selection_mode="multi",
        default=[name for name in first if name in names] or names[:1],
        format_func=models.title,
        key=key,
        bind="query-params",
        persist_state="session",
        wrap=True,
        on_change=chose,
        args=(key,),
    )
    return [name for name in names if name in chosen]
