"""How this server is, as facts for people: read by the status page."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Final

from app import keeping
from app.classroom.rooms import NotKept, RoomProblem
from app.classroom.where import rooms
from app.hosting import life, metrics
from app.hosting.lately import LATELY
from app.hosting.store import StoreProblem
from app.hosting.where import store
from app.settings import settings

MB: Final[int] = 1_000_000  # bytes


@dataclass(frozen=True)
class Health:
    """One look at the server. ``lately`` seconds are what tokens, computing and errors were counted in."""

    version: str
    since: float  # seconds of Unix time
    up: float  # seconds
    inside: int  # sessions
    places: int
    waiting: int  # sessions
    lately: float  # seconds
    tokens: float  # a second
    computing: float  # of all processor cores, from 0 to 1
    cores: int
    resident: float | None  # MB; None where the system does not tell
    held: float  # MB that sessions hold
    may_hold: int  # MB
    errors_lately: int
    errors: int  # since the server started
    store: bool  # whether saved sessions can be reached
    rooms: bool  # whether class rooms can be
    connected: int  # browsers in class rooms


def look() -> Health:
    """How the server is now."""
    gained, told, cores = LATELY.gained(), settings(), os.cpu_count() or 1
    seconds = gained.time or 1.0
    resident = metrics.REGISTRY.get_sample_value("process_resident_memory_bytes")
    return Health(
        version=life.version(),
        since=life.SINCE,
        up=time.time() - life.SINCE,
        inside=round(metrics.total(metrics.SESSIONS)),
        places=told.sessions,
        waiting=round(metrics.total(metrics.WAITING)),
        lately=gained.time,
        tokens=gained.tokens / seconds,
        computing=min(1.0, gained.compute / seconds / cores),
        cores=cores,
        resident=None if resident is None else resident / MB,
        held=metrics.total(metrics.HELD_BYTES) / MB,
        may_hold=told.memory_mb,
        errors_lately=round(gained.errors),
        errors=round(metrics.total(metrics.ERRORS)),
        store=store_reached(),
        rooms=rooms_reached(),
        connected=round(metrics.total(metrics.CONNECTED)),
    )


def rooms_reached() -> bool:
    """Whether class rooms can be reached: no room has this code, and only who can look knows."""
    try:
        rooms().room("")
    except NotKept:
        return False
    except RoomProblem:
        return True
    return True


def store_reached() -> bool:
    """Whether saved sessions can be read, and none failed to be written lately."""
    if keeping.failing():
        return False
    try:
        store().get("status")
    except StoreProblem:
        return False
    return True
