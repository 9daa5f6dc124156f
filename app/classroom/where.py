"""Where this server keeps its rooms."""

from __future__ import annotations

from functools import cache

from streamlit import config

from app.classroom.bus import Alone
from app.classroom.hub import Hub
from app.classroom.redis import RedisRooms
from app.classroom.redis_bus import RedisBus
from app.classroom.rooms import Rooms
from app.classroom.sqlite import SqliteRooms
from app.settings import settings


@cache
def rooms() -> Rooms:
    """The rooms of this server, which outlive it: in Redis where one is set; else those of the server at this
    port are in a file, in the folder that is set. Raises NotKept where that file cannot be."""
    address = settings().redis
    if address is not None:
        return RedisRooms(address)
    return SqliteRooms(settings().state / f"rooms-{config.get_option('server.port')}.sqlite")


def hub() -> Hub:
    """The rooms of this server, and the way to the guests of others: in Redis where one is set; else there
    are no others. Raises NotKept where rooms cannot be."""
    address = settings().redis
    return Hub(rooms(), Alone() if address is None else RedisBus(address))
