"""The models, shipped and one's own, loaded once for all sessions, and how the page speaks of them."""

from __future__ import annotations

import gc

import streamlit as st
import torch

import titans_core as tc
from app import own
from app.limits import sentence
from app.session import unmetered
from titans_core import recipes
from titans_core.checkpoint import SHIPPED
from titans_core.family import FAMILY
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


RELATIVES = "family/"  # begins the shipped names of the family


def load(name: str) -> tc.TitansLM:
    """A model by its name, shared by all sessions and so never changed. Raises ValueError as ``tc.load``
    does, also for a name that is a path: one's own models are those in their folder."""
    file = None if shipped(name) else own.files().get(name)
    if file is None and not shipped(name):
        raise ValueError(f"there is no model {name[: own.LONGEST]!r} here")
    return loaded(name, file)


@st.cache_resource(show_spinner=False, max_entries=32)
def loaded(name: str, file: own.File | None) -> tc.TitansLM:
    """A shipped model, or one's own in ``file``, which is loaded again once it is written anew."""
    with unmetered():
        model = tc.load(file.path if file else name)
        tc.Stream(model).feed("A first word, for what is compiled then stays too.", writes=True)
    # What stays for good need not be searched each time that garbage is collected.
    gc.collect()
    gc.freeze()
    return model


def shipped(name: str) -> bool:
    """Whether this is the name of a model that is shipped, or could be; all others are one's own."""
    return name in recipes.known() or name in relatives()


def relatives() -> list[str]:
    """The models of the family that are shipped, in its order."""
    names = (f"{RELATIVES}{name}" for name in FAMILY)
    return [name for name in names if (SHIPPED / f"{name}.safetensors").is_file()]


def counted(name: str) -> str:
    """What a model is counted under where names are from a fixed set."""
    return name if shipped(name) else "own"


def here(name: str) -> bool:
    """Whether there is a model of this name."""
    return name in tc.available() or name in own.usable()


def unloadable(problem: ValueError) -> str:
    """What a page says of a model that ``load`` refused."""
    return sentence(f"This model cannot be loaded: {problem}") + " Run `make train`, or choose another."


def name(variant: str, memory: str) -> str:
    """The shipped name of a variant with one of its memories."""
    return f"{variant}-{memory}" if memory else variant


def memories(variant: str, names: list[str]) -> list[str]:
    """The memories that a variant is shipped with, of those in MEMORIES, the plain one first."""
    return [memory for memory in MEMORIES if name(variant, memory) in names]


def title(name: str) -> str:
    """A model's name as the page writes it: MAC, MAG chapters, Attention, Gated DeltaNet; one's own as its
    file is called."""
    if relative := FAMILY.get(name.removeprefix(RELATIVES)):
        return relative.title
    if not shipped(name):
        return name
    variant, *rest = name.split("-")
    known = variant in VARIANTS and variant != "attention"
    return " ".join([variant.upper() if known else variant.capitalize(), *rest])


def about(model: tc.TitansLM) -> str:
    """What a model is, in a few words, or a relative's rule."""
    relative = FAMILY.get(model.name)
    return relative.rule if relative else VARIANTS[model.config.variant]


def runs_on(model: tc.TitansLM) -> str:
    """The device that a model is on, as a person knows it, and what computes its memory there."""
    device = model.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()
    return f"{name} · {backend_name(model.backend)}"
