"""The class room as it is seen: a door in the page's head, and for those in a room a bar over every page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit import config

from app import permalink
from app.classroom.socket import PATH
from app.components.common import bundle

HERE = Path(__file__).resolve().parent
ROOM = "room"  # names a room in the address that learners are given

state = st.session_state
mount = st.components.v2.component(
    "titans_lab_classroom",
    html=(HERE / "classroom.html").read_text(encoding="utf-8"),
    css=(HERE / "classroom.css").read_text(encoding="utf-8"),
    js=bundle(HERE, ("keep", "connection", "guide", "room", "bar", "classroom"), ("theme",)),
)
mount_checkpoint = st.components.v2.component(
    "titans_lab_checkpoint", js=(HERE / "checkpoint.js").read_text(encoding="utf-8")
)


def class_room(goes_on: bool) -> None:
    """On every page, the way into a room and what is done there. It leads by what the page's link would be,
    and joins the room that the address names. ``goes_on`` tells that one comes after one's teacher."""
    if goes_on:
        state.led = (st.query_params.get("lesson"), st.query_params.get("step", ""))
    if ROOM in st.query_params:
        state.room_asked = st.query_params[ROOM]
        del st.query_params[ROOM]
    base = config.get_option("server.baseUrlPath").strip("/")
    with st.container(key="classroom"):
        mount(
            key="class-room",
            data={
                "base": f"/{base}/" if base else "/",
                "socket": PATH,
                "fields": permalink.everything(),
                "step": permalink.STEP,
                "asked": state.get("room_asked"),
            },
        )


def led_to(lesson: str) -> int:
    """The step of a lesson (from 1) that one's class has come to; 0 where it is not there."""
    name, step = state.get("led", ("", ""))
    return int(step) if name == lesson and step.isascii() and step.isdigit() and len(step) < 4 else 0


def come_to(step: int) -> None:
    """Say in the address which step of a lesson is shown last, for a class to come there too."""
    if st.query_params.get("step") != str(step):
        st.query_params["step"] = str(step)


def checkpoint(lesson: str, name: str, choices: Sequence[str], chosen: int | None) -> None:
    """Tell the class's room, where there is one, of a question of a lesson that the page shows, a closing
    question's number or "step-" and a step's: its ``choices``, and which of them (from 0) this person has
    chosen; None while they have not. A learner's choice is counted, a host's browser learns what the bars of
    its histogram mean."""
    with st.container(key=f"checkpoint-{lesson}-{name}"):
        mount_checkpoint(
            key=f"class-checkpoint-{lesson}-{name}",
            data={"checkpoint": f"{lesson}/{name}", "choices": list(choices), "chosen": chosen},
        )
