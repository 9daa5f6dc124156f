"""The shipped models, loaded once for all sessions, and how the page speaks of them."""

from __future__ import annotations

import gc

import streamlit as st
import torch

import titans_core as tc
from app.limits import sentence
from app.session import unmetered
from titans_core.machine import backend_name

VARIANTS = {
    "mac": "memory as context",
    "mag": "memory as gate",
    "mal": "memory as layer",
    "lmm": "memory alone",
    "attention": "no memory",
}
MEMORIES = {  # what a shipped name says after its variant
    "": "linear",
    "deep": "deep",
    "chapters": "forgets at chapters",
}


@st.cache_resource(show_spinner=False)
def load(name: str) -> tc.TitansLM:
    """A shipped model, shared by all sessions and so never changed. Raises ValueError as ``tc.load`` does."""
    with unmetered():
        model = tc.load(name)
        tc.Stream(model).feed("A first word, for what is compiled then stays too.", writes=True)
    # What stays for good need not be searched each time that garbage is collected.
    gc.collect()
    gc.freeze()
    return model


def unloadable(problem: ValueError) -> str:
    """What a page says of a model that ``load`` refused."""
    return sentence(f"This model cannot be loaded: {problem}") + " Run `make train`."


def name(variant: str, memory: str) -> str:
    """The shipped name of a variant with one of its memories."""
    return f"{variant}-{memory}" if memory else variant


def memories(variant: str, names: list[str]) -> list[str]:
    """The memories that a variant is shipped with, of those in MEMORIES, the plain one first."""
    return [memory for memory in MEMORIES if name(variant, memory) in names]


def title(name: str) -> str:
    """A model's name as the page writes it: MAC, MAG chapters, Attention."""
    variant, *rest = name.split("-")
    known = variant in VARIANTS and variant != "attention"
    return " ".join([variant.upper() if known else variant.capitalize(), *rest])


def runs_on(model: tc.TitansLM) -> str:
    """The device that a model is on, as a person knows it, and what computes its memory there."""
    device = model.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()
    return f"{name} · {backend_name(model.backend)}"
