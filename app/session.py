"""What the server keeps of one person's session: what its pages computed, how much computing it has left, and
the key under which it is saved."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from app.hosting import logs, metrics
from app.hosting.budget import Budget
from app.hosting.memory import Memory, footprint
from app.settings import settings

if TYPE_CHECKING:
    from app.book import BookReading
    from app.comparing import Comparison
    from app.intervening import Intervention
    from app.leafing import ShownStretch
    from app.mapping import Map
    from app.needle import Search
    from app.reading import Reading
    from app.weighing import Weighing
    from app.work import Halt, Job

MEGABYTE: Final[int] = 1_000_000
SHORTEST: Final[float] = 0.25  # seconds of waiting that are worth a word
LET_GO: Final[tuple[str, ...]] = (  # parts of ``Held``, in this order, when it is too much
    *("search", "comparison", "weighing", "intervention"),
    *("left", "book_before", "stretch", "book"),
)

state = st.session_state
own = threading.local()  # of each thread: seconds that it computed for everybody


@cache
def memory() -> Memory:
    """What all sessions of this process may hold together."""
    return Memory(settings().memory_mb * MEGABYTE)


@dataclass(eq=False)
class Held:
    """What the pages have computed. All of it can be computed again, so it may be let go while nobody looks:
    a page finds None then, as on its first run."""

    reading: Reading | None = None
    left: Reading | None = None  # the text that was left half-way for another addition
    comparison: Comparison | None = None
    intervention: Intervention | None = None
    weighing: Weighing | None = None
    search: Search | None = None
    map: Map | None = None
    book: BookReading | None = None
    book_before: BookReading | None = None  # the same book, as another model read it before
    stretch: ShownStretch | None = None  # of the book, as the player shows it
    jobs: dict[str, Job[Any]] = field(default_factory=dict)
    gone: bool = False  # whether it was let go, and nobody has looked since
    running: int = 0  # runs of its pages, at this moment

    @property
    def nbytes(self) -> int:
        """Bytes of all that is held."""
        return footprint([getattr(self, one.name) for one in fields(self)])

    @property
    def busy(self) -> bool:
        """Whether a page runs now, or a job goes on."""
        return self.running > 0 or any(job.running for job in list(self.jobs.values()))

    def let_go(self) -> None:
        """Hold nothing any more."""
        self.__init__(gone=True, running=self.running)  # type: ignore[misc]

    def shrink(self, most: int, needed: set[str]) -> None:
        """Let go what the page in sight does not need, where all of it is more than ``most`` bytes."""
        for name in LET_GO:
            if self.nbytes <= most:
                return
            if name not in needed:
                setattr(self, name, None)


@dataclass(eq=False)
class Session:
    """One person's session, which Streamlit knows as ``id``. ``saved`` is what was last saved of it, and
    ``saved_at`` when, in seconds of ``time.monotonic``. ``settled`` tells that it stands which session this
    tab goes on with; ``unread`` is the key of one that could not be read. ``halted`` tells by page which job
    its person cancelled that is no longer held. ``there`` tells whether the tab is connected."""

    key: str = field(default_factory=lambda: secrets.token_hex(16))
    held: Held = field(default_factory=Held)
    budget: Budget = field(default_factory=lambda: Budget(settings().compute_seconds))
    id: str = ""
    saved: bytes = b""
    saved_at: float = 0.0
    unread: str = ""
    settled: bool = False
    halted: dict[str, Halt] = field(default_factory=dict)
    there: Callable[[], bool] = lambda: True


def session() -> Session:
    """The session that asks."""
    if "session" not in state:
        state.session = Session()
    found: Session = state.session
    return found


def held() -> Held:
    """What the session that asks holds. Where it was let go, the text that was read on the front page is
    there again, to be read as it was, and a needle's map."""
    mine = session()
    if mine.held.gone:
        from app.hosting import saving  # not above: it knows of readings, whose jobs are a session's

        mine.held.gone = False
        if mine.saved:
            kept = saving.decode(mine.saved)
            mine.held.reading, mine.held.left = saving.revived(kept.reading), saving.revived(kept.left)
            mine.held.map = saving.revived_map(kept.map)
            mine.halted = dict(kept.halted)
    return mine.held


def put_away(needed: set[str]) -> None:
    """After a run: keep the bounds of memory, this session's and all sessions'. The page in sight needs the
    parts of ``Held`` that ``needed`` names."""
    mine = held()
    mine.shrink(settings().session_mb * MEGABYTE, needed)
    if away := memory().used(mine):
        metrics.EVICTED.inc(away)
        logs.tell(logs.Event.SESSIONS_PUT_AWAY, sessions=away)
    metrics.HELD_BYTES.set(memory().total)


@contextmanager
def metered() -> Iterator[None]:
    """What is computed here counts, and what is held is not let go meanwhile."""
    mine, started, free = held(), time.thread_time(), getattr(own, "free", 0.0)
    mine.running += 1
    try:
        yield
    finally:
        mine.running -= 1
        used = time.thread_time() - started - (getattr(own, "free", 0.0) - free)
        session().budget.charge(used)
        metrics.COMPUTE.inc(used)


@contextmanager
def unmetered() -> Iterator[None]:
    """What is computed here is for everybody, and on nobody's account."""
    started = time.thread_time()
    try:
        yield
    finally:
        own.free = getattr(own, "free", 0.0) + time.thread_time() - started


def pace() -> None:
    """Before something is computed on the page itself: wait while this minute's computing is used up, and say
    so."""
    budget = session().budget
    if (seconds := budget.wait()) < SHORTEST:
        time.sleep(seconds)
        return
    told = st.empty()
    while (seconds := budget.wait()) > 0:
        # told again and again: only where it tells something does a run notice that it is wanted no more
        told.caption(f"This minute's computing is used up: this goes on in {seconds:.0f} s.")
        time.sleep(min(seconds, SHORTEST))
    told.empty()
