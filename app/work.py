"""Long computations beside the page: a few threads for all sessions, progress, and a way to stop.

A computation is an iterator of steps, each a fraction of a second. After each of them it stands at the end of
the line again, so that a long one keeps nobody waiting; there it can be stopped, and it is, where its page is
left or its session ends; and there it waits where its session has used up this minute's computing. One that
its person cancelled stays so, when its page is left or loaded again, until its button is pressed.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import Any, Final, Generic, NamedTuple, TypeVar

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import limits
from app.hosting import metrics
from app.hosting.budget import Budget
from app.session import held, session
from titans_core import NotFinite

WORKERS: Final[int] = 2
PATIENCE: Final[float] = (
    1.0  # seconds that a page waits for something to show before it shows progress instead
)
GRACE: Final[float] = 0.25  # seconds that it waits for the end once there is something
GLANCE: Final[float] = 0.25  # seconds between two looks at a job that goes on
BREATH: Final[float] = 0.05  # seconds that a page waits before it looks whether it is still wanted

pool = ThreadPoolExecutor(WORKERS, "work")
T = TypeVar("T")


class Step(NamedTuple, Generic[T]):
    """How far a computation is, what it has by now, and whether that is worth showing before the next."""

    done: int
    total: int
    value: T
    worth: bool


class Halt(NamedTuple):
    """Where its person stopped a job, which ``mark`` tells from others: after so many tokens."""

    mark: str
    at: int


class Job(Generic[T]):
    """A computation that runs beside the page; ``value`` is the newest that it has, ``at`` how far it was
    when that came, ``shown`` the newest that was worth showing. One that was cancelled before, ``until`` it
    had come so far, comes as far again and no farther."""

    def __init__(
        self,
        key: Hashable,
        steps: Iterator[Step[T]],
        wanted: Callable[[], bool],
        budget: Budget,
        until: int | None = None,
    ) -> None:
        self.key = key
        self.done, self.at, self.total = 0, 0, 0
        self.value: T | None = None
        self.shown: T | None = None
        self.begun = False
        self.stopped = False
        self.cancelled = until is not None
        self.pausing = 0.0  # seconds until its session may compute again
        self._steps, self._wanted, self._budget, self._until = steps, wanted, budget, until
        self._stop, self._seen, self._ended = threading.Event(), threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._line_up()

    def _line_up(self) -> None:
        """Wait for the budget, where it is used up, and for a free thread."""
        metrics.JOBS_WAITING.inc()
        if self.pausing:
            pause = threading.Timer(min(self.pausing, GLANCE), pool.submit, (self._turn,))
            pause.daemon = True
            pause.start()
        else:
            pool.submit(self._turn)

    def _turn(self) -> None:
        """The next step, then the end of the line; or the end."""
        metrics.JOBS_WAITING.dec()
        with metrics.JOBS_RUNNING.track_inprogress():
            goes_on = self._step()
        if not goes_on:
            self._ended.set()
            self._seen.set()
            return
        self.pausing = self._budget.wait()
        self._line_up()

    def _step(self) -> bool:
        """Take a step, where there is one and it is wanted and paid for; whether there may be another."""
        there = self._until is not None and self.at >= self._until
        if there or self._stop.is_set() or not self._wanted():
            self.stopped = True
            return False
        if self._budget.wait():
            return True
        self.begun = True
        started = time.thread_time()
        try:
            step = next(self._steps, None)
        except BaseException as error:  # told to whoever asks for the result
            self._error = error
            return False
        finally:
            used = time.thread_time() - started
            self._budget.charge(used)
            metrics.COMPUTE.inc(used)
        if step is None:
            return False
        self.at = self.at if step.value is self.value else step.done
        self.done, self.total, self.value = step.done, step.total, step.value
        if step.worth:
            self.shown = step.value
            self._seen.set()
        return True

    def stop(self) -> None:
        """Stop before the next step; what there is stays."""
        self._stop.set()

    def cancel(self) -> None:
        """Its person stops it."""
        self.cancelled = True
        self.stop()

    @property
    def halt(self) -> Halt | None:
        """Where its person stopped it, if it is not done."""
        done = self.total and self.at >= self.total
        return Halt(mark(self.key), self.at) if self.cancelled and not done else None

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return not self._ended.is_set()

    def wait(self, seconds: float) -> None:
        """Wait for its end, at most so long."""
        self._ended.wait(seconds)

    def first_sight(self) -> None:
        """Wait for a moment: for something to show, and then shortly for the end."""
        if awaited(self._seen.wait, PATIENCE):
            awaited(self._ended.wait, GRACE)

    def check(self) -> None:
        """Raise what the computation raised; BadInput where a model's numbers overflowed, for what a person
        changed may be why."""
        if isinstance(self._error, NotFinite):
            raise limits.BadInput(limits.sentence(str(self._error))) from self._error
        if self._error is not None:
            raise self._error


def awaited(there: Callable[[float], bool], seconds: float = inf) -> bool:
    """Whether it is ``there`` in time, which waits as many seconds for it as it is given. A page waits so: a
    run that its person wants no more, because they pressed something, ends here."""
    context, end = get_script_run_ctx(), time.monotonic() + seconds
    while not there(max(0.0, min(BREATH, end - time.monotonic()))):
        if time.monotonic() >= end:
            return False
        if context is not None:
            context.yield_check()
    return True


def current(page: str, key: Hashable, begin: Callable[[], Iterator[Step[T]]]) -> Job[T]:
    """The session's job on this page, begun anew where ``key`` is another; waited for a moment. One that was
    cancelled before its page was left or loaded again comes no farther than it was."""
    jobs: dict[str, Job[T]] = held().jobs
    if page not in jobs or jobs[page].key != key:
        forget(page)
        steps, halt = begin(), session().halted.pop(page, None)
        until = halt.at if halt and halt.mark == mark(key) else None
        jobs[page] = Job(key, steps, still_there(), session().budget, until)
        jobs[page].first_sight()
    return jobs[page]


def halted() -> dict[str, Halt]:
    """By page: the jobs that their person cancelled, and where."""
    now = {page: job.halt for page, job in held().jobs.items()}
    found = session().halted | {page: halt for page, halt in now.items() if halt}
    return dict(sorted(found.items()))


def mark(key: Hashable) -> str:
    """Tells a job's key from others, after its page was loaded again too."""
    return hashlib.sha256(repr(key).encode(errors="surrogatepass")).hexdigest()[:16]


def forget(page: str) -> None:
    """Stop the page's job, and know nothing of it any more."""
    job = held().jobs.pop(page, None)
    if job is not None:
        job.stop()


def leave(page: str) -> None:
    """Stop the jobs of all pages but this one, whose jobs' names begin with its own."""
    for other, job in list(held().jobs.items()):
        if not other.startswith(page):
            forget(other)
            if halt := job.halt:
                session().halted[other] = halt


def again(page: str) -> None:
    """Let a job that was stopped before its end begin anew; one that runs, or has ended, stays."""
    job = held().jobs.get(page)
    session().halted.pop(page, None)
    if job is not None and job.stopped:
        forget(page)


def still_there() -> Callable[[], bool]:
    """Whether the session that asks now is still connected, to be asked from any thread."""
    context = get_script_run_ctx()
    if context is None or not Runtime.exists():
        return lambda: True  # a page that a test runs without a server
    session, runtime = context.session_id, Runtime.instance()
    return lambda: runtime.is_active_session(session)


def progress(job: Job[Any], button: str = "Read") -> None:
    """While a job goes on: how far it is, and a way to stop it. The page runs again when there is more to
    show. Once stopped: how far it came, and which button begins again. Once it has ended: nothing."""
    if job.running:
        watch(job, job.shown)
    elif job.stopped:
        st.warning(f"Stopped after {share(job, job.at)}. Press {button} to go on.")
    else:
        rest()


def rest() -> None:
    """In place of ``progress`` where there is nothing to wait for any more: a bar that stands there goes at
    once, not only at the end of the run, which has the answer still to show."""
    st.empty()


@st.fragment(run_every=GLANCE)
def watch(job: Job[Any], shown: object) -> None:
    """The progress of a job of which the page shows this."""
    if not job.running or job.shown is not shown:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(job.done / job.total if job.total else 0.0, text=waiting(job))
        st.button("Cancel", on_click=job.cancel)


def waiting(job: Job[Any]) -> str:
    """What a job that is not done is doing."""
    read = f"{share(job, job.done)} read"
    if job.pausing >= 1:
        return f"{read}; this minute's computing is used up, it goes on in {job.pausing:.0f} s"
    if not job.done:
        return "Beginning" if job.begun else "Waiting for a free place"
    return f"All {job.total:,} tokens read, answering" if job.done >= job.total else read


def share(job: Job[Any], tokens: int) -> str:
    """How far a job is, or was, in words."""
    return f"{tokens:,} of {job.total:,} tokens" if tokens else "no token"
