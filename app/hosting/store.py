"""Where saved sessions live: a small interface, and its plainest form, a folder."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from app.hosting.records import Code

LARGEST: Final[int] = 4_000_000  # bytes of one saved session


class StoreProblem(Exception):
    """What should be kept cannot be, or cannot be had: a full disk, a store that does not answer."""

    @property
    def why(self) -> Code:
        """The reason as the system names it, ENOSPC for instance, or the class of the error."""
        cause = self.__cause__
        number = cause.errno if isinstance(cause, OSError) else None
        return Code(errno.errorcode.get(number or 0, type(cause).__name__))


class Store(Protocol):
    """Bytes under keys that only their owners know; stores keep digests of keys. Any thread may call it.
    Every method raises StoreProblem where the store cannot be read or written."""

    def put(self, key: str, content: bytes) -> None:
        """Keep ``content`` under ``key``, in place of what was there: all of it, or what was there stays."""

    def get(self, key: str) -> bytes | None:
        """What is kept under ``key``; None where nothing is, or no more."""

    def expire(self) -> None:
        """Forget what was not put for ``kept`` seconds; StoreProblem also where nothing could be put."""


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
        draft = path.with_suffix(f".{secrets.token_hex(8)}.part")
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
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not os.access(self._folder, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            for path in self._folder.iterdir():
                with suppress(FileNotFoundError):  # somebody else was faster
                    if self._now() - path.stat().st_mtime > self._kept:
                        path.unlink()
        except OSError as error:
            raise StoreProblem(f"saved sessions cannot be cleared: {error.strerror}") from error
