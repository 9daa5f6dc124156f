"""Time travel: a text is left half-way and goes on otherwise, as a stream that stood there would."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import continuing, session
from app.continuing import Place
from app.reading import Reading, go_on, read
from tests.app.pressing import State, held, press
from tests.app.test_stream_page import PAGE, STORY

MODEL = tc.load(tc.available()[0])
OTHER = " Tom likes soup."


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=60).run()


@settings(max_examples=15)
@given(st.data())
def test_going_on_from_a_token_equals_a_stream_that_was_there(data: st.DataObject) -> None:
    whole = read(MODEL, STORY)
    place = data.draw(st.integers(1, len(whole.ids)))
    then = go_on(whole.back(place), OTHER)
    while not then.complete:
        then = then.grown()
    stream = tc.Stream(MODEL)
    first, rest = stream.feed(whole.ids[:place]), stream.feed(then.ids[place:])
    expected = tc.Trace.join([first, rest])
    assert then.text == "".join(expected.tokens) == then.text[: len(then.text) - len(OTHER)] + OTHER
    for name in ("surprise", "alpha", "memory_norm", "nll"):
        np.testing.assert_allclose(then.trace[name], expected[name], rtol=1e-4, atol=1e-5)
    assert whole.text == STORY and whole.complete  # the reading that was left is as it was


def test_a_place_within_a_character_moves_on_to_its_end() -> None:
    whole = read(MODEL, "An owl 🦉 sleeps.")
    inside = whole.trace.tokens.index("")
    place = whole.whole_at(inside + 1)
    assert place > inside + 1 and whole.back(place).text.endswith("🦉")
    assert whole.whole_at(inside) == inside, "before the character nothing is cut"


def go_back(page: AppTest, token: int) -> None:
    """What the browser brings about when a person wants to go on from a token."""
    page.session_state.place = Place(held(page).reading.text, token)
    page.run()


def test_the_page_goes_on_from_a_token_and_back_again(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY).run()
    whole: Reading = held(page).reading
    go_back(page, 9)
    assert "after token 10, " in page.text_area(key="addition").label
    page.text_area(key="addition").set_value(OTHER)
    press(page, "Read on")
    after: Reading = held(page).reading
    assert after.text == "".join(whole.trace.tokens[:10]) + OTHER == page.text_area(key="text").value
    assert after.trace["nll"][:10] == pytest.approx(whole.trace["nll"][:10])
    assert page.text_area(key="addition").label == "Add text at the end"
    press(page, "Back to the text as it was")
    assert held(page).reading is whole and page.text_area(key="text").value == STORY
    assert not [button for button in page.button if button.label.startswith("Back")]


def test_who_presses_twice_adds_once_and_may_add_the_same_again_later(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continuing, "TWICE", 600.0)  # a busy machine reads slowly
    page.text_area(key="text").set_value(STORY).run()
    for _ in range(2):  # the browser tells of it again, which does not know yet that the box is empty
        page.text_area(key="addition").set_value(OTHER)
        press(page, "Read on")
        assert held(page).reading.text == STORY + OTHER and page.text_area(key="addition").value == ""
    monkeypatch.setattr(continuing, "TWICE", 0.0)
    page.text_area(key="addition").set_value(OTHER)
    press(page, "Read on")
    assert held(page).reading.text == STORY + OTHER + OTHER


def test_a_change_of_mind_adds_at_the_end_instead(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY).run()
    go_back(page, 4)
    press(page, "At the end instead")
    page.text_area(key="addition").set_value(OTHER)
    press(page, "Read on")
    assert held(page).reading.text == STORY + OTHER


def test_what_cannot_be_added_leaves_all_as_it_was(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY).run()
    before = held(page).reading
    go_back(page, 4)
    press(page, "Read on")
    assert [warning.value for warning in page.warning][0].startswith("There is nothing to add yet")
    assert held(page).reading is before and "after token 5" in page.text_area(key="addition").label


def test_another_model_goes_on_from_the_same_place(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY).run()
    go_back(page, 9)
    page.pills(key="model").set_value("mag").run()
    assert "after token 10, " in page.text_area(key="addition").label
    page.text_area(key="addition").set_value(OTHER)
    press(page, "Read on")
    after: Reading = held(page).reading
    assert after.stream.model.name == "mag" and after.text == "".join(after.strings[:10]) + OTHER


@pytest.mark.parametrize("token", [0, 9])
def test_what_the_browser_tells_of_a_token_of_this_reading_is_taken(
    monkeypatch: pytest.MonkeyPatch, token: int
) -> None:
    whole = read(MODEL, STORY)
    assert told_place(monkeypatch, whole, {"reading": whole.key, "token": token}) == Place(STORY, token)


@pytest.mark.parametrize(
    "told", [None, "x", 3, {}, {"reading": 4, "token": 2}, {"reading": "another/9", "token": 2}]
)
def test_what_is_told_of_another_reading_is_not_taken(monkeypatch: pytest.MonkeyPatch, told: Any) -> None:
    assert told_place(monkeypatch, read(MODEL, STORY), told) is None


@pytest.mark.parametrize("token", [-1, 10**9, "x", None, float("nan"), float("inf")])
def test_what_is_no_token_is_not_taken(monkeypatch: pytest.MonkeyPatch, token: Any) -> None:
    whole = read(MODEL, STORY)
    assert told_place(monkeypatch, whole, {"reading": whole.key, "token": token}) is None


def told_place(monkeypatch: pytest.MonkeyPatch, whole: Reading, told: Any) -> Place | None:
    """The place that is taken where the browser tells this of a page that shows ``whole``."""
    state = State(player={"place": told})
    monkeypatch.setattr(continuing, "state", state)
    monkeypatch.setattr("app.session.state", state)
    session.held().reading = whole
    continuing.take_place()
    return state.get("place")
