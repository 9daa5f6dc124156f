"""What its person cancelled stands as it stood when its page is loaded again, until its button is pressed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final, NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from app import mapping, needle, reading, work
from app.session import Session
from app.work import Step
from tests.app.pressing import held, press

pytestmark = pytest.mark.usefixtures("store")
PAGE = """
import runpy
from app import keeping
keeping.come_back()
with keeping.kept():
    runpy.run_path("app/views/{name}.py")
"""
LONG = "Mara put the red key in the attic. The rain fell over the quiet hills. " * 150
STEPS: Final[int] = 7  # before it is cancelled


class Case(NamedTuple):
    """What is computed on a page, where, in which job, and which button begins it."""

    page: str
    address: dict[str, str]
    module: ModuleType
    job: str
    button: str


CASES = {
    "map": Case(
        "needle",
        {"view-of-needle": "By depth and length", "mapped": "LMM", "longest": "512"},
        mapping,
        "Needle map",
        "Draw the map",
    ),
    "search": Case("needle", {"searchers": "LMM", "length": "1,024"}, needle, "Needle", "Search"),
    "text": Case("stream", {"model": "LMM"}, reading, "Stream", "Read"),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def opened(case: Case, unread: str = "") -> AppTest:
    """The page; where a key is given, as its tab loads it again."""
    page = AppTest.from_string(PAGE.format(name=case.page), default_timeout=120)
    for field, value in case.address.items():
        page.query_params[field] = value
    page.session_state.session = Session(unread=unread)
    if case.page == "stream" and not unread:
        page.session_state.text = LONG
    page.run()
    assert not page.exception
    return page


def cancelled(case: Case, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page once its job was cancelled after so many steps."""
    there, gate, stages = threading.Event(), threading.Event(), case.module.stages

    def gated(*given: Any) -> Iterator[Step[Any]]:
        for number, step in enumerate(stages(*given)):
            if number == STEPS:
                there.set()
                gate.wait(60)
            yield step

    with monkeypatch.context() as patch:
        patch.setattr(case.module, "stages", gated)
        page = opened(case)
        if case.page == "needle":
            press(page, case.button)
        job = held(page).jobs[case.job]
        assert there.wait(60)
        job.cancel()
        gate.set()
        job.wait(60)
    page.run()
    return page


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


def test_it_is_stopped_where_it_was_and_goes_on_when_its_button_is_pressed(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cancelled(case, monkeypatch)
    (told,) = warnings(before)
    assert told.startswith("Stopped after ") and told.endswith(f"Press {case.button} to go on.")
    again = opened(case, before.session_state.session.key)
    job = held(again).jobs[case.job]
    job.wait(60)
    assert warnings(again.run()) == [told] == warnings(again.run())
    assert not job.running and job.at == held(before).jobs[case.job].at < job.total
    press(again, case.button)
    held(again).jobs[case.job].wait(120)
    assert warnings(again.run()) == []
    assert all(
        getattr(held(again), name).complete for name in ("map", "search", "reading") if holds(again, name)
    )


def holds(page: AppTest, name: str) -> bool:
    return getattr(held(page), name) is not None


def test_a_map_that_was_cancelled_computes_nothing_to_stand_as_it_stood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = cancelled(CASES["map"], monkeypatch)
    known = held(before).map
    monkeypatch.setattr(mapping, "alone", refused)
    again = opened(CASES["map"], before.session_state.session.key)
    held(again).jobs["Needle map"].wait(60)
    assert warnings(again.run()) == warnings(before) and held(again).map == known


def refused(*given: Any) -> Iterator[Any]:
    raise AssertionError("it computes")


def test_what_was_cancelled_stays_so_on_the_way_to_another_page_and_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = CASES["text"]
    page = cancelled(case, monkeypatch)
    (told,), at = warnings(page), held(page).jobs["Stream"].at
    sit(page, monkeypatch, lambda: work.leave("Compare"))
    assert held(page).jobs == {}
    page.run()
    held(page).jobs["Stream"].wait(60)
    assert warnings(page.run()) == [told] and held(page).reading.stream.position == at
    page.text_area(key="text").set_value("Ivy likes tea.").run()
    assert warnings(page) == [], "another text is read"


def sit(page: AppTest, monkeypatch: pytest.MonkeyPatch, does: Callable[[], None]) -> None:
    """Do something as the page's session."""
    with monkeypatch.context() as patch:
        patch.setattr("app.session.state", page.session_state)
        does()
