"""Jobs beside the page: they go in steps, can be stopped between two, and are forgotten with their page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import models, reading, work
from app.hosting import metrics
from app.hosting.budget import Budget
from app.session import held
from app.work import Job, Step
from tests.app.pressing import State
from titans_core.stream import Stream

FIRST_SIGHT = Job.first_sight  # as it is without the patience that tests of the pages have


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.session.state", State())


def counting(until: int) -> Iterator[Step[int]]:
    for n in range(1, until + 1):
        yield Step(n, until, n, n % 2 == 0)


def gated(gate: threading.Event, begun: list[int]) -> Iterator[Step[int]]:
    """Three steps; the later two wait for the gate, and tell in ``begun`` that they do."""
    yield Step(1, 3, 1, True)
    for n in (2, 3):
        begun.append(n)
        gate.wait(60)
        yield Step(n, 3, n, True)


def until_begun(begun: list[int], *jobs: Job[int]) -> None:
    """Wait until each of these is at the gate: what is shown before may be stopped before its second step."""
    while len(begun) < len(jobs):
        jobs[0].wait(0.01)


def until_shown(job: Job[int]) -> None:
    while job.shown is None:
        job.wait(0.01)


def test_a_job_ends_with_its_last_value_and_knows_what_was_worth_showing() -> None:
    job = Job("key", counting(5), lambda: True, Budget(60))
    job.wait(60)
    assert (job.value, job.shown, job.done, job.total) == (5, 4, 5, 5)
    assert not job.running and not job.stopped
    job.check()


def test_a_job_that_is_stopped_takes_no_further_step_and_keeps_what_it_has() -> None:
    gate, begun = threading.Event(), list[int]()
    job = Job("key", gated(gate, begun), lambda: True, Budget(60))
    until_begun(begun, job)
    job.stop()
    gate.set()
    job.wait(60)
    assert job.stopped and not job.running and job.value == 2 and begun == [2]


def test_a_page_waits_at_most_so_long_and_not_at_all_where_it_is_wanted_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()
    assert not work.awaited(never.wait, 0.12)
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 2:
            raise InterruptedError

    monkeypatch.setattr(work, "get_script_run_ctx", lambda: SimpleNamespace(yield_check=look))
    with pytest.raises(InterruptedError):
        work.awaited(never.wait)
    never.set()
    assert work.awaited(never.wait) and len(looks) == 2


def test_a_job_ends_where_nobody_is_there_any_more() -> None:
    there = iter([True, True, False])
    job = Job("key", counting(5), lambda: next(there), Budget(60))
    job.wait(60)
    assert job.stopped and job.value == 2


def test_what_goes_wrong_is_told_to_whoever_looks() -> None:
    def wrong() -> Iterator[Step[int]]:
        yield Step(1, 2, 1, True)
        raise ZeroDivisionError

    job = Job("key", wrong(), lambda: True, Budget(60))
    job.wait(60)
    assert not job.running and job.value == 1
    with pytest.raises(ZeroDivisionError):
        job.check()


def test_the_same_key_is_the_same_job_and_another_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, begun = threading.Event(), list[int]()
    monkeypatch.setattr(Job, "first_sight", lambda job: None)
    first = work.current("Page", "one", lambda: gated(gate, begun))
    assert work.current("Page", "one", lambda: counting(1)) is first
    until_begun(begun, first)
    second = work.current("Page", "two", lambda: counting(3))
    gate.set()
    for job in (first, second):
        job.wait(60)
    assert second.value == 3 and first.stopped and begun == [2]


def test_a_page_waits_for_something_to_show_and_not_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(work, "PATIENCE", 60)
    going_on = Job("key", gated(gate, []), lambda: True, Budget(60))
    FIRST_SIGHT(going_on)
    assert going_on.running and going_on.shown == 1
    gate.set()
    monkeypatch.setattr(work, "GRACE", 60)
    short = Job("key", counting(2), lambda: True, Budget(60))
    FIRST_SIGHT(short)
    assert not short.running, "one that is about to end is waited for, and painted once"


def test_a_page_waits_no_longer_than_its_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def nothing_yet() -> Iterator[Step[int]]:
        gate.wait(60)
        yield Step(1, 1, 1, True)

    monkeypatch.setattr(work, "PATIENCE", 0.01)
    job = Job("key", nothing_yet(), lambda: True, Budget(60))
    FIRST_SIGHT(job)
    assert job.running and job.shown is None
    gate.set()


@pytest.mark.parametrize(("page", "stays"), [("Stream", True), ("Compare", False)])
def test_leaving_a_page_stops_its_job_alone(page: str, stays: bool) -> None:
    gate, begun = threading.Event(), list[int]()
    job = Job("key", gated(gate, begun), lambda: True, Budget(60))
    until_shown(job)
    held().jobs = {"Stream": job}
    work.leave(page)
    gate.set()
    job.wait(60)
    assert job.stopped is not stays and ("Stream" in held().jobs) is stays


def test_only_a_stopped_job_begins_again() -> None:
    done = work.current("Stream", "key", lambda: counting(2))
    work.again("Stream")
    assert work.current("Stream", "key", lambda: counting(2)) is done
    done.stopped = True
    work.again("Stream")
    assert work.current("Stream", "key", lambda: counting(2)) is not done


def test_no_more_jobs_run_at_once_than_there_are_workers() -> None:
    gate, begun = threading.Event(), list[int]()
    jobs = [Job(n, gated(gate, begun), lambda: True, Budget(60)) for n in range(work.WORKERS)]
    until_begun(begun, *jobs)
    waiting = Job("more", counting(1), lambda: True, Budget(60))
    waiting.wait(0.2)
    assert waiting.running and waiting.total == 0 and work.waiting(waiting) == "Waiting for a free place"
    gate.set()
    waiting.wait(60)
    assert waiting.value == 1


def test_a_job_that_waits_for_its_budget_is_counted_as_waiting() -> None:
    waiting, now = metrics.total(metrics.JOBS_WAITING), [0.0]
    budget = Budget(60, lambda: now[0])
    budget.charge(100)
    job = Job("key", counting(1), lambda: True, budget)
    while not job.pausing:
        job.wait(0.01)
    looks = list[float]()
    for _ in range(10):
        job.wait(0.05)
        looks.append(metrics.total(metrics.JOBS_WAITING) - waiting)
    now[0] = 60.0
    job.wait(60)
    assert looks.count(1) >= 8  # but for the moments in which it asks whether it may go on
    assert job.value == 1 and metrics.total(metrics.JOBS_WAITING) == waiting


def test_a_first_step_that_takes_long_is_begun_and_a_question_that_does_is_being_answered() -> None:
    gate, asked = threading.Event(), threading.Event()

    def steps() -> Iterator[Step[int]]:
        gate.wait(60)
        yield Step(1_000, 1_000, 1, True)
        asked.wait(60)

    job = Job("key", steps(), lambda: True, Budget(60))
    while not job.begun:
        job.wait(0.01)
    assert work.waiting(job) == "Beginning"
    gate.set()
    until_shown(job)
    assert work.waiting(job) == "All 1,000 tokens read, answering"
    asked.set()
    job.wait(60)


PAGE = """
import streamlit as st
from app import work
job = st.session_state.get("job")
if job is None:
    work.rest()
else:
    with st.spinner("Reading …"):
        pass
    work.progress(job)
st.text("the answer, which takes long to show")
"""


def test_what_tells_of_a_wait_is_gone_before_the_answer_is_shown() -> None:
    gate = threading.Event()
    page = AppTest.from_string(PAGE, default_timeout=60)
    page.session_state.job = Job("key", gated(gate, []), lambda: True, Budget(60))

    def shown() -> list[str]:
        """What stands on the page, from above."""
        page.run()
        assert not page.exception
        return [block.type for block in page.main.children.values()]

    assert shown() == ["flex_container", "text"]
    gate.set()
    page.session_state.job.wait(60)
    assert shown() == ["empty", "text"], "in the very place of the bar"
    page.session_state.job = None
    assert shown() == ["empty", "text"], "so too where nothing was waited for"


def test_a_reading_in_stages_is_the_reading_at_once(small_text: str) -> None:
    model = models.load("mag")
    steps = list(reading.stages(reading.begin(model, small_text)))
    stream = Stream(model)
    whole = stream.feed(small_text, writes=True)
    assert [step.done for step in steps] == [255, 511, 767, len(whole)]
    assert [step.worth for step in steps] == [True, False, False, True]
    read = steps[-1].value
    assert read.complete and read.trace.tokens == whole.tokens
    for name in whole.quantities:
        assert (read.trace[name] == whole[name]).all(), name
    assert len({step.value.key for step in steps}) == 4 and len({step.value.name for step in steps}) == 1


@pytest.fixture
def small_text() -> str:
    return "Mara put the red key in the attic. The rain fell over the quiet hills. " * 46
