"""How much computing one session may use: so many seconds in a minute, saved up for a minute at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

MINUTE: Final[float] = 60.0


class Budget:
    """``seconds`` of computing a minute. What is under way is never cut: a budget can be overdrawn, and who
    overdrew it waits until it has filled up again. Any thread may use it."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = seconds, now
        self._left, self._since, self._lock = seconds, now(), Lock()

    def _fill(self) -> None:
        now = self._now()
        self._left = min(self._most, self._left + (now - self._since) * self._most / MINUTE)
        self._since = now

    def charge(self, seconds: float) -> None:
        """So much was used."""
        with self._lock:
            self._fill()
            self._left -= seconds

    def wait(self) -> float:
        """Seconds until there is some again; 0 where there is."""
        with self._lock:
            self._fill()
            return max(0.0, -self._left * MINUTE / self._most)
