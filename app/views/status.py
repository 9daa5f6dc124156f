"""Status: how this server is, for the people who use it and those who run it."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from app.heading import heading
from app.hosting.health import Health, look

STYLE = Path(__file__).resolve().parent.parent / "status.css"
NAME = "Status"
ABOUT = "How this server is doing: nothing about anybody who uses it."
EVERY = 5.0  # seconds between two looks


def verdict(health: Health) -> tuple[str, str]:
    """How it is in one sentence, and whether that is "good", "busy" or "bad"."""
    if not health.store:
        return (
            "Saved sessions cannot be reached: the lab works, but a lost session is not found again.",
            "bad",
        )
    if not health.rooms:
        return "Class rooms cannot be reached: everything else works.", "bad"
    if health.errors_lately:
        return (
            f"The lab works, but {several(health.errors_lately, 'error')} came up in the last minute.",
            "bad",
        )
    if health.waiting:
        queue = several(health.waiting, "person waits", "people wait")
        return f"All places are taken: {queue}.", "busy"
    return "All is well.", "good"


def several(count: int, one: str, more: str = "") -> str:
    """A number and what it counts."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def duration(seconds: float) -> str:
    """A time span in the two largest units that it has."""
    minutes = int(seconds // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{several(days, 'day')}, {several(hours, 'hour')}"
    if hours:
        return f"{several(hours, 'hour')}, {several(minutes % 60, 'minute')}"
    return several(minutes, "minute") if minutes else "a moment"


def meter(share: float) -> str:
    """A bar that is filled so far, from 0 to 1."""
    return f"<i class='meter'><b style='width: {100 * min(1.0, max(0.0, share)):.1f}%'></b></i>"


def reached(what: bool) -> str:
    """Whether it can be reached, with a sign that needs no colour."""
    return "<span class='good'>✓ reachable</span>" if what else "<span class='bad'>✗ out of reach</span>"


def facts(health: Health) -> dict[str, tuple[str, str]]:
    """Each fact's name, its figure, and what stands under that."""
    span = "in the last minute" if health.lately > 55 else f"in the last {health.lately:.0f} seconds"
    began = time.strftime("%-d %B %Y, %H:%M UTC", time.gmtime(health.since))
    memory = "unknown" if health.resident is None else f"{health.resident:,.0f} MB"
    holding = f"sessions hold {health.held:,.0f} of {health.may_hold:,} MB"
    queue = several(health.waiting, "waits", "wait") if health.waiting else "nobody waits"
    return {
        "Sessions": (
            f"{health.inside:,} of {health.places:,}",
            f"{meter(health.inside / health.places)}{queue}",
        ),
        "Reading": (f"{health.tokens:,.0f} tokens/s", span),
        "Computing": (
            f"{health.computing:.0%}",
            f"{meter(health.computing)}of {several(health.cores, 'core')}, {span}",
        ),
        "Memory": (memory, f"{meter(health.held / health.may_hold)}{holding}"),
        "Saved sessions": (reached(health.store), "where they are kept"),
        "Class rooms": (reached(health.rooms), f"{several(health.connected, 'browser')} connected"),
        "Errors": (f"{health.errors_lately:,}", f"{span}; {health.errors:,} since it started"),
        "Running": (duration(health.up), f"version {health.version}, since {began}"),
    }


@st.fragment(run_every=EVERY)
def show() -> None:
    """How it is now, again and again."""
    health = look()
    sentence, grade = verdict(health)
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{figure}</dd><dd>{about}</dd></div>"
        for name, (figure, about) in facts(health).items()
    )
    st.html(f"<div class='server'><p class='{grade}' role='status'>{sentence}</p><dl>{rows}</dl></div>")


st.html(STYLE)
heading(NAME, ABOUT)
show()
