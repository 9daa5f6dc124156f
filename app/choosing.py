"""Which models read a text: the choice that the pages share."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import titans_core as tc
from app import models
from titans_core import recipes


def shipped(with_memory: bool = False) -> list[str]:
    """The models that can be chosen, with a word on those whose checkpoints are missing; where there is none
    the page ends here. Either says how to make them."""
    names = [name for name in tc.available() if not (with_memory and name.startswith("attention"))]
    if not names:
        st.warning("No trained model is here yet. Run `make train`, then load this page again.")
        st.stop()
    if absent := recipes.missing():
        st.warning(
            f"Not all trained models are here: {', '.join(absent)} cannot be chosen. "
            f'Run `make train MODEL="{" ".join(absent)}"`, then load this page again.'
        )
    return names


def one_model(names: Sequence[str], key: str) -> str:
    """One model, at first the first; ``key`` is its name in the address too."""
    return st.pills(
        "The model that reads it",
        names,
        default=names[0],
        format_func=models.title,
        required=True,
        key=key,
        bind="query-params",
        persist_state="session",
        wrap=True,
    )


def several_models(names: Sequence[str], key: str, first: Sequence[str]) -> list[str]:
    """Any of the models, at first those in ``first`` that are shipped; in the order they are shipped in,
    whichever was clicked first."""
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
    )
    return [name for name in names if name in chosen]
