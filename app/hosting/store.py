"""Where saved sessions live: a small interface, and its plainest form, a folder."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

LARGEST: Final[int] = 4_000_000  # bytes of one saved session


class StoreProblem(Exception):
    """What should be kept cannot be, or cannot be had: a full disk, a store that does not answer."""


class Store(Protocol):
    """Bytes under keys that only their owners know; stores keep digests of keys. Any thread may call it.
    Every method raises StoreProblem where the store cannot be read or written."""

    def put(self, key: str, content: bytes) -> None:
        """Keep ``content`` under ``key``, in place of what was there: all of it, or what was there stays."""

    def get(self, key: str) -> bytes | None:
        """What is kept under ``key``; None where nothing is, or no more."""

    def expire(self) -> None:
        """Forget what was not put for ``kept`` seconds."""


def name(key: str) -> str:
    """What a store calls a key: of the key itself nothing is kept."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


class FolderStore:
    """A file for each key in ``folder``, forgotten ``kept`` seconds after it was last put; ``now`` tells the
    time in seconds."""

    def __init__(self, folder: Path, kept: float, now: Callable[[], float] = time.time) -> None:
        self._folder, self._kept, self._now = folder, kept, now

    def put(self, key: str, content: bytes) -> None:
        """As ``Store.put``."""
        path = self._folder / name(key)
        draft = path.with_suffix(f".{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_bytes(content)
            os.utime(draft, (self._now(), self._now()))
            os.replace(draft, path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise StoreProblem(f"a session cannot be kept: {error.strerror}") from error

    def get(self, key: str) -> bytes | None:
        """As ``Store.get``."""
        path = self._folder / name(key)
        try:
            if self._now() - path.stat().st_mtime > self._kept:
                return None
            with path.open("rb") as file:
                return file.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreProblem(f"saved sessions cannot be read: {error.strerror}") from error

    def expire(self) -> None:
        """As ``Store.expire``."""
        try:
            for path in self._folder.iterdir() if self._folder.is_dir() else ():
                if self._now() - path.stat().st_mtime > self._kept:
                    path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # somebody else was faster
        except OSError as error:
            raise StoreProblem(f"saved sessions cannot be cleared: {error.strerror}") from error
