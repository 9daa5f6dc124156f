"""How it went lately: what the metrics gained in the last minute, for people who look at the status page."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from app.hosting import metrics

EVERY: Final[float] = 5.0  # seconds between two looks
KEPT: Final[int] = 13  # looks: those of one minute


class Look(NamedTuple):
    """What had been counted at a time, in seconds."""

    time: float
    tokens: float
    compute: float  # seconds
    errors: float


class Lately:
    """The looks of the last minute; ``now`` tells the time in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._looks: deque[Look] = deque(maxlen=KEPT)
        self.look()

    def look(self) -> None:
        """Take one more look."""
        counts = (metrics.total(what) for what in (metrics.TOKENS, metrics.COMPUTE, metrics.ERRORS))
        self._looks.append(Look(self._now(), *counts))

    def gained(self) -> Look:
        """What was gained from the oldest look to the newest, and in how many seconds."""
        first, last = self._looks[0], self._looks[-1]
        return Look(*(new - old for new, old in zip(last, first, strict=True)))


LATELY: Final = Lately()


async def keep_looking() -> None:
    """Look again and again, as long as the server lives."""
    while True:
        await asyncio.sleep(EVERY)
        LATELY.look()
