"""The tour's part on the server: what a step that another page shows takes along."""

from __future__ import annotations

import pytest

from app import samples
from app.components import tour


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A session as a callback sees it."""

    class State(dict[str, object]):
        __getattr__ = dict.__getitem__
        __setattr__ = dict.__setitem__

    found = State()
    monkeypatch.setattr(tour, "state", found)
    monkeypatch.setattr("app.typed.state", found)
    return found


@pytest.mark.parametrize("step, page", tour.PAGES.items())
def test_a_step_brings_the_first_sample_and_its_question(
    state: dict[str, object], step: str, page: str
) -> None:
    state["the-tour"], state["text"] = {"go": step}, "something else"
    tour.take_step()
    first = samples.titles()[0]
    assert (state["sample"], state["text"]) == (first, samples.text(first))
    assert state["question"] == state["asked"] == tour.say("question")
    assert state["tour_goes_to"] == page


@pytest.mark.parametrize("told", ["streamed", "elsewhere", None, 3])
def test_anything_else_leaves_the_session_as_it_is(state: dict[str, object], told: object) -> None:
    state["the-tour"] = {"go": told}
    tour.take_step()
    assert set(state) == {"the-tour"}


def test_every_step_says_a_sentence_and_what_it_does() -> None:
    for step in tour.STEPS:
        assert tour.say(step) and tour.say(f"{step}_told").endswith(".") and tour.say(f"{step}_do")
    assert set(tour.PAGES) < set(tour.STEPS)
