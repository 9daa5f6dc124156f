"""Where this server keeps what it saves of sessions."""

from __future__ import annotations

import errno
import os
import tempfile
from functools import cache
from typing import Final

from app.hosting.records import ROOT
from app.hosting.redis import RedisStore
from app.hosting.store import FolderStore, Store
from app.settings import WRONG, BadSettings, Settings, settings

FULL: Final[tuple[int, ...]] = (errno.ENOSPC, errno.EDQUOT)  # a disk that need not stay so


@cache
def store() -> Store:
    """The one store of this process: Redis where one is set, for servers to share; else a folder. Raises
    BadSettings where the address of Redis cannot be one."""
    address, kept = settings().redis, settings().kept_hours * 3600
    return FolderStore(settings().state / "sessions", kept) if address is None else RedisStore(address, kept)


def check_folders(told: Settings) -> None:
    """Raise BadSettings where a folder that somebody named can be none, before anybody comes whose work would
    not be kept. One that nobody named may be missing."""
    if "models" in told.model_fields_set:
        folder = ROOT / told.models
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
            raise BadSettings(
                f"{WRONG}TITANS_MODELS={str(told.models)!r} is not a folder that can be read: make it, or "
                "name another."
            )
    if "state" in told.model_fields_set and told.redis is None:
        try:
            told.state.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=told.state).close()
        except OSError as error:
            if error.errno not in FULL:
                raise BadSettings(
                    f"{WRONG}nothing can be kept in TITANS_STATE={str(told.state)!r} ({error.strerror}): "
                    "name a folder that can be written to."
                ) from None
