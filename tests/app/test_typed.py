"""What a browser tells late of a box was typed by nobody; whatever else it tells was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app import typed
from tests.app.pressing import State


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> State:
    state = State(box="first")
    monkeypatch.setattr(typed, "state", state)
    return state


@pytest.fixture
def goes_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds go by."""
    now = [100.0]
    monkeypatch.setattr(typed.time, "monotonic", lambda: now[0])
    return lambda seconds: now.append(now.pop() + seconds)


@pytest.mark.parametrize("told", ["first", "second"])
def test_what_stood_there_before_is_late_and_what_was_put_there_stays(
    state: State, goes_by: Callable[[float], None], told: str
) -> None:
    typed.place("box", "second")
    typed.place("box", "third")
    for _ in range(2):
        state.box = told
        assert typed.late("box") and state.box == "third"
    goes_by(typed.LATE)
    state.box = told
    assert not typed.late("box") and state.box == told


def test_anything_else_is_typed_and_so_is_what_is_typed_after_it(state: State) -> None:
    assert not typed.late("box"), "nothing was put there"
    typed.place("box", "second")
    assert not typed.late("box"), "it stands there"
    for told in ("own", "first"):
        state.box = told
        assert not typed.late("box") and state.box == told


def test_a_box_may_be_put_back_to_what_it_was_and_others_are_others(state: State) -> None:
    typed.place("other", 7)
    typed.place("box", "second")
    typed.place("box", "first")
    state.box = "second"
    assert typed.late("box") and state.box == "first"
    state.other = 1
    assert not typed.late("other") and state.other == 1


def test_no_more_is_remembered_than_can_be_late(state: State, goes_by: Callable[[float], None]) -> None:
    for number in range(100):
        typed.place("box", f"text {number}")
        goes_by(1)
    assert list(state.puts["box"].gone) == [f"text {number}" for number in range(94, 99)]


def test_how_late_is_late_may_be_said(state: State, goes_by: Callable[[float], None]) -> None:
    typed.place("box", "")
    goes_by(2)
    state.box = "first"
    assert not typed.late("box", within=2) and state.box == "first"
