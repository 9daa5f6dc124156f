"""Where this server keeps its rooms."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from streamlit import config

from app.classroom.sqlite import SqliteRooms


@cache
def rooms() -> SqliteRooms:
    """The rooms of this process: those of the server at this port, which outlive it; in the folder where a
    user's programs keep such things."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return SqliteRooms(Path(home) / "titans-lab" / f"rooms-{config.get_option('server.port')}.sqlite")
