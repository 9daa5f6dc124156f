"""Who may be in: so many sessions at once; the others queue, first come first served."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

GRACE: Final[float] = 15.0  # seconds without a connection after which a place is free: a page may be loading
PATIENCE: Final[float] = 120.0  # seconds without asking after which who waits is gone; hidden tabs ask seldom


class Seats:
    """``most`` places. One whose session was not ``there`` for a while, or that gave no sign of life for
    ``idle`` seconds while others wait, goes to the first of the queue. Any thread may ask."""

    def __init__(
        self, most: int, idle: float, there: Callable[[str], bool], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._idle, self._there, self._now = most, idle, there, now
        self._lock = Lock()
        self._seated: dict[str, float] = {}  # when each gave its last sign of life, the oldest first
        self._waiting: dict[str, float] = {}  # when each asked last, in the order of coming
        self._gone: dict[str, float] = {}  # of those, who is not there, and since when that is known

    def ask(self, who: str) -> int:
        """Give a sign of life: 0 where ``who`` is in, else its place in the queue, from 1."""
        with self._lock:
            now = self._now()
            self._gone.pop(who, None)
            self._clear(now)
            if who in self._seated or self._free(who, now):
                self._waiting.pop(who, None)
                self._seated.pop(who, None)
                self._seated[who] = now
                return 0
            self._waiting[who] = now
            return 1 + list(self._waiting).index(who)

    def pass_on(self, old: str, new: str) -> None:
        """The page of ``old`` was loaded again as ``new``: it has the same place, in or in the queue."""
        with self._lock:
            for places in (self._seated, self._waiting):
                if old in places and not self._there(old):
                    kept = {new if who == old else who: since for who, since in places.items() if who != new}
                    places.clear()
                    places.update(kept)
            if new in self._seated:
                self._waiting.pop(new, None)

    def seated(self, who: str) -> bool:
        """Whether ``who`` is in; no sign of life."""
        with self._lock:
            return who in self._seated

    @property
    def counts(self) -> tuple[int, int]:
        """How many are in, and how many wait."""
        with self._lock:
            self._clear(self._now())
            return len(self._seated), len(self._waiting)

    def _clear(self, now: float) -> None:
        """Forget who is gone."""
        for who in (*self._seated, *self._waiting):
            if self._there(who):
                self._gone.pop(who, None)
            else:
                self._gone.setdefault(who, now)
        for who, since in list(self._gone.items()):
            if now - since > GRACE:
                self._seated.pop(who, None)
                self._waiting.pop(who, None)
        for who, asked in list(self._waiting.items()):
            if now - asked > PATIENCE:
                del self._waiting[who]
        self._gone = {who: t for who, t in self._gone.items() if who in self._seated or who in self._waiting}

    def _free(self, who: str, now: float) -> bool:
        """Whether a place is free for ``who``, or becomes so: those before it in the queue come first."""
        before = list(self._waiting).index(who) if who in self._waiting else len(self._waiting)
        if len(self._seated) + before < self._most:
            return True
        if before or len(self._seated) > self._most:
            return False
        oldest, since = next(iter(self._seated.items()))
        if now - since <= self._idle:
            return False
        del self._seated[oldest]
        return True
