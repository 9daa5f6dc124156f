"""What the server keeps of one person's session: what its pages computed, how much computing it has left, and
the key under which it is saved."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from app.hosting import logs, metrics
from app.hosting.budget import Budget
from app.hosting.memory import Memory, footprint
from app.settings import settings

if TYPE_CHECKING:
    from app.comparing import Comparison
    from app.intervening import Intervention
    from app.needle import Search
    from app.reading import Reading
    from app.weighing import Weighing
    from app.work import Job

MEGABYTE: Final[int] = 1_000_000
SHORTEST: Final[float] = 0.25  # seconds of waiting that are worth a word

state = st.session_state
memory = Memory(settings().memory_mb * MEGABYTE)


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
    jobs: dict[str, Job[Any]] = field(default_factory=dict)
    gone: bool = False  # whether it was let go, and nobody has looked since

    @property
    def nbytes(self) -> int:
        """Bytes of all that is held."""
        return footprint([getattr(self, one.name) for one in fields(self)])

    @property
    def busy(self) -> bool:
        """Whether a job goes on."""
        return any(job.running for job in list(self.jobs.values()))

    def let_go(self) -> None:
        """Hold nothing any more."""
        self.__init__(gone=True)  # type: ignore[misc]

    def shrink(self, most: int, needed: set[str]) -> None:
        """Let go what the page in sight does not need, where all of it is more than ``most`` bytes."""
        for name in ("search", "comparison", "weighing", "intervention", "left"):
            if self.nbytes <= most:
                return
            if name not in needed:
                setattr(self, name, None)


@dataclass(eq=False)
class Session:
    """One person's session. ``saved`` is what was last saved of it; ``settled`` tells that it stands which
    session this tab goes on with; ``there`` whether the tab is still connected."""

    key: str = field(default_factory=lambda: secrets.token_hex(16))
    held: Held = field(default_factory=Held)
    budget: Budget = field(default_factory=lambda: Budget(settings().compute_seconds))
    saved: bytes = b""
    settled: bool = False
    there: Callable[[], bool] = lambda: True


def session() -> Session:
    """The session that asks."""
    if "session" not in state:
        state.session = Session()
    found: Session = state.session
    return found


def held() -> Held:
    """What the session that asks holds. Where it was let go, the text that was read on the front page is
    there again, to be read as it was."""
    own = session()
    if own.held.gone:
        from app.hosting import saving  # not above: it knows of readings, whose jobs are a session's

        own.held.gone = False
        if own.saved:
            kept = saving.decode(own.saved)
            own.held.reading, own.held.left = saving.revived(kept.reading), saving.revived(kept.left)
    return own.held


def put_away(needed: set[str]) -> None:
    """After a run: keep the bounds of memory, this session's and all sessions'. The page in sight needs the
    parts of ``Held`` that ``needed`` names."""
    mine = held()
    mine.shrink(settings().session_mb * MEGABYTE, needed)
    if away := memory.used(mine):
        metrics.EVICTED.inc(away)
        logs.tell(logs.Event.SESSIONS_PUT_AWAY, sessions=away)
    metrics.HELD_BYTES.set(memory.total)


@contextmanager
def metered() -> Iterator[None]:
    """What is computed here counts; it begins once this minute's computing is not used up."""
    budget = session().budget
    if (wait := budget.wait()) > 0:
        pause(wait)
    started = time.thread_time()
    try:
        yield
    finally:
        used = time.thread_time() - started
        budget.charge(used)
        metrics.COMPUTE.inc(used)


def pause(seconds: float) -> None:
    """Wait, and say why where it takes a while."""
    if seconds < SHORTEST:
        time.sleep(seconds)
        return
    told, until = st.empty(), time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        # told again and again: only where it tells something does a run notice that it is wanted no more
        told.caption(f"This minute's computing is used up: this goes on in {left:.0f} s.")
        time.sleep(min(left, SHORTEST))
    told.empty()
