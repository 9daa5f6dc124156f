"""Where this server keeps what it saves of sessions."""

from __future__ import annotations

from functools import cache

from app.hosting.redis import RedisStore
from app.hosting.store import FolderStore, Store
from app.settings import settings


@cache
def store() -> Store:
    """The one store of this process: Redis where one is set, for servers to share; else a folder. Raises
    BadSettings where the address of Redis cannot be one."""
    address, kept = settings().redis, settings().kept_hours * 3600
    return FolderStore(settings().state / "sessions", kept) if address is None else RedisStore(address, kept)
