"""People without browsers: each opens the front page, has one text after another read, thinks in between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from time import perf_counter

from websockets.exceptions import WebSocketException

from tests.load.tab import Cut, Tab
from tests.load.texts import shown_by, text

THINK = 10.0, 30.0  # seconds between the end of a text and the next: uniformly, at least and at most
SPREAD = 20.0  # seconds over which a crowd comes in
QUEUE = 3600.0  # seconds that somebody queues at most


@dataclass
class Visit:
    """How it went for one person: seconds from coming to the first page, in the queue (None where there was
    none), and for every text from its submission to the first of its data, and until all was there."""

    opened: float | None = None
    queued: float | None = None
    places: list[int] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    megabytes: float = 0.0
    problems: list[str] = field(default_factory=list)
    refused: bool = False  # the server could not be reached, or did not answer
    dropped: bool = False  # the connection was cut
    late: int = 0  # texts that did not come at all


@dataclass
class Person:
    """One person in front of a tab."""

    number: int
    address: str
    visit: Visit = field(default_factory=Visit)

    def __post_init__(self) -> None:
        self._rng = Random(f"person {self.number}")
        self._tab = Tab(self.address)

    async def live(self, until: float, texts: int | None = None) -> Visit:
        """Come, read until that time (perf_counter) or so many ``texts``, but one at least, and leave."""
        try:
            if await self._come_in(until):
                count = 0
                while not count or (perf_counter() < until and count != texts):
                    await self._read(text(self.number, count))
                    await self._think(until)
                    count += 1
        except Cut:
            self.visit.dropped = True
        finally:
            self.visit.problems = list(self._tab.problems)
            await self._tab.close()
        return self.visit

    async def _come_in(self, until: float) -> bool:
        """Open the page, and queue where the lab is full; whether it is open before ``until``."""
        come = perf_counter()
        try:
            await self._tab.open()
            await self._tab.until(lambda: bool(self._tab.frame or self._tab.place))
        except (OSError, TimeoutError, WebSocketException):
            self.visit.refused = True
            return False
        if self._tab.place:
            queue = perf_counter()
            while not self._tab.frame:
                try:
                    await self._tab.until(lambda: bool(self._tab.frame), min(1.0, until - perf_counter()))
                except TimeoutError:
                    if self._tab.place:
                        self.visit.places.append(self._tab.place)
                    if perf_counter() >= until:
                        return False
            self.visit.queued = perf_counter() - queue
        else:
            self.visit.opened = perf_counter() - come
        await self._tab.until(lambda: not self._tab.running)
        return True

    async def _read(self, words: str) -> None:
        """Have a text read, as a person who types it and presses Read."""
        tab, submitted = self._tab, perf_counter()
        await tab.write("text", words)
        await tab.press("Read")
        try:
            await tab.until(lambda: tab.frame != b"" and words.startswith(shown_by(tab.frame)))
            self.visit.first.append(tab.frame_at - submitted)
            await tab.until(lambda: shown_by(tab.frame) == words and not tab.running)
            self.visit.whole.append(perf_counter() - submitted)
            self.visit.megabytes += len(tab.frame) / 1e6
        except TimeoutError:
            self.visit.late += 1

    async def _think(self, until: float) -> None:
        """Look at what was read for a while, hearing what comes."""
        seconds = min(self._rng.uniform(*THINK), until - perf_counter())
        try:
            await self._tab.until(lambda: False, max(0.0, seconds))
        except TimeoutError:
            return


async def crowd(address: str, people: int, until: float) -> list[Visit]:
    """So many people at once, who come one after another within ``SPREAD`` seconds and stay to the end."""

    async def one(number: int) -> Visit:
        await asyncio.sleep(SPREAD * number / people)
        return await Person(number, address).live(until)

    return list(await asyncio.gather(*(one(number) for number in range(people))))


async def coming_and_going(address: str, people: int, until: float, texts: int) -> list[Visit]:
    """So many people at any time: whoever has read ``texts`` texts leaves, and another comes."""
    visits: list[Visit] = []
    numbers = iter(range(10**9))

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        while perf_counter() < until:
            visits.append(await Person(next(numbers), address).live(until, texts))
            if visits[-1].refused:
                await asyncio.sleep(1)

    await asyncio.gather(*(one(SPREAD * number / people) for number in range(people)))
    return visits
