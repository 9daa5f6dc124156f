"""The Intervene page's server side, run without a browser: a fork is what the library makes of the edits."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import continuing, intervening, models, reading, typed
from app.edits import WIPE, Edit, decode
from tests.app.pressing import held
from tests.app.unreadable import UNREADABLE
from titans_core.override import largest

PAGE = Path(__file__).parents[2] / "app" / "views" / "intervene.py"
STORY = "Mara put the red key in the attic. The rain fell over the quiet hills. " * 18
QUESTION = "Where is the red key?"


@pytest.fixture
def page() -> AppTest:
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state.text = STORY
    return page.run()


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label.startswith(label)).click().run()


def ask(page: AppTest, question: str) -> AppTest:
    page.text_input(key="question").set_value(question)
    return press(page, "Ask")


def intervene(name: str, line: str, question: str = "") -> intervening.Intervention:
    original = reading.read(models.load(name), STORY)
    steps = list(intervening.stages(intervening.begin(original, decode(line), question)))
    done = steps[-1].value
    assert done.complete and done.original is original
    return done


def test_without_edits_the_fork_is_the_original(page: AppTest) -> None:
    shown = held(page).intervention
    assert warnings(page) == [] and shown.fork is shown.original and shown.edits == ()


@pytest.mark.parametrize("name", ["mac", "mal-deep"])
def test_an_edit_that_changes_no_gate_changes_nothing(name: str) -> None:
    done = intervene(name, "alpha*1,tokens=300-400")
    for quantity in done.original.trace.quantities:
        np.testing.assert_allclose(
            done.fork.trace[quantity], done.original.trace[quantity], atol=1e-4, rtol=1e-4, err_msg=quantity
        )


@pytest.mark.parametrize("name", ["mac", "mag", "mal", "lmm-deep"])
def test_a_fork_is_read_as_the_library_reads_it(name: str) -> None:
    done = intervene(name, "theta*0.5,layer=1,tokens=270-300;alpha=0.3,head=2;wipe,tokens=310-", QUESTION)
    stream = tc.Stream(models.load(name)).override(alpha=0.3, heads=1)
    stream = stream.override(theta=0.5, scale=True, layers=0, tokens=range(269, 300))
    ids = done.original.ids
    first = stream.feed(ids[:309])
    stream = stream.wipe()
    trace = tc.Trace.join([first, stream.feed(ids[309:])])
    for quantity in trace.quantities:
        np.testing.assert_allclose(
            done.fork.trace[quantity], trace[quantity], atol=1e-4, rtol=1e-3, err_msg=quantity
        )
    assert done.answers[1] is not None and done.answers[1].text == stream.ask(QUESTION).text


def test_what_stands_before_the_first_edit_is_not_read_again() -> None:
    done = intervene("mag", "alpha=0.9,tokens=300")
    for quantity in done.original.trace.quantities:
        assert (done.fork.trace[quantity][:299] == done.original.trace[quantity][:299]).all()
    assert (done.fork.trace["alpha"][299] == np.float32(0.9)).all()
    assert not np.allclose(done.fork.trace["memory_norm"][300:], done.original.trace["memory_norm"][300:])


def test_one_click_forgets_and_undo_remembers(page: AppTest) -> None:
    ask(page, QUESTION)
    press(page, "Forget fast")
    shown = held(page).intervention
    assert warnings(page) == [] and shown.edits == (Edit("alpha", 0.2),)
    assert [a.text for a in shown.answers][0] == "attic"
    assert (shown.fork.trace["alpha"] == np.float32(0.2)).all()
    press(page, "Undo")
    shown = held(page).intervention
    assert shown.edits == () and shown.answers[0] is shown.answers[1]


def test_edits_are_listed_and_taken_back_one_by_one(page: AppTest) -> None:
    page.number_input(key="edit_start").set_value(20)
    page.number_input(key="edit_stop").set_value(30)
    page.selectbox(key="edit_layer").set_value(1)
    press(page, "No writing")
    press(page, "Wipe")
    assert held(page).intervention.edits == (
        Edit("write", None, False, 1, None, 19, 30),
        Edit(WIPE, start=19),
    )
    press(page, "no writing, layer 2, at tokens 20 to 30")
    assert held(page).intervention.edits == (Edit(WIPE, start=19),)
    press(page, "Clear all")
    assert held(page).intervention.edits == ()
    press(page, "Undo")
    assert held(page).intervention.edits == (Edit(WIPE, start=19),)


def test_an_edit_begins_with_the_token_that_was_picked_though_the_browser_tells_of_the_one_before(
    page: AppTest,
) -> None:
    page.session_state.puts = {"edit_start": typed.Put(21, {1: time.monotonic() + 600})}
    page.session_state.edit_start = 21
    press(page, "No writing")
    page.number_input(key="edit_start").set_value(1)
    press(page, "Wipe")
    assert held(page).intervention.edits == (Edit("write", start=20), Edit(WIPE, start=20))
    assert page.number_input(key="edit_start").value == 21
    page.number_input(key="edit_start").set_value(4)
    press(page, "Wipe")
    assert held(page).intervention.edits[-1] == Edit(WIPE, start=3)


def test_a_double_click_adds_one_edit_and_a_later_click_another(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continuing, "TWICE", 600.0)  # a busy machine reads slowly
    press(press(page, "No writing"), "No writing")
    assert held(page).intervention.edits == (Edit("write"),)
    press(press(page, "Undo"), "No writing")
    assert held(page).intervention.edits == (Edit("write"),), "who took it back wants it again"
    doubled = Edit("theta", 2.0, True)
    page.selectbox(key="edit_gate").set_value("theta")
    press(press(page, "Apply"), "Apply")
    assert held(page).intervention.edits == (Edit("write"), doubled)
    monkeypatch.setattr(continuing, "TWICE", 0.0)
    press(page, "Apply")
    assert held(page).intervention.edits == (Edit("write"), doubled, doubled)


def test_an_edit_that_would_change_nothing_is_told_and_not_listed(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continuing, "TWICE", 0.0)
    press(press(press(page, "Forget fast"), "Wipe"), "Forget fast")
    (message,) = warnings(page)
    assert message == "That is in the list already and would change nothing: α = 0.2, everywhere."
    assert held(page).intervention.edits == (Edit("alpha", 0.2), Edit(WIPE))
    press(press(page, "No forgetting"), "Forget fast")
    assert warnings(page) == []
    assert held(page).intervention.edits[2:] == (Edit("alpha", 0.0), Edit("alpha", 0.2)), "the last counts"


def test_that_a_memory_that_is_not_written_forgets_nothing_is_told_and_true(page: AppTest) -> None:
    press(page, "No reading")
    assert not any("forgotten" in caption.value for caption in page.caption)
    press(page, "No writing")
    assert any("nothing is forgotten either" in caption.value for caption in page.caption)
    stream = tc.Stream(models.load("mac"))
    kept = stream.feed("Mara put the red key in the attic.")["memory_norm"][-1]
    later = stream.override(write=False).feed(" The rain fell over the quiet hills.")["memory_norm"]
    assert kept.any() and (later == kept).all()


def test_each_edit_is_taken_back_by_its_own_button_wherever_it_stands_by_then(page: AppTest) -> None:
    for label in ("No momentum", "Apply", "No reading", "Apply"):
        press(page, label)
    keys = [button.key for button in page.button if (button.key or "").startswith("edit-")]
    assert len(set(keys)) == 4
    press(page, "η = 0")
    left = [button.key for button in page.button if (button.key or "").startswith("edit-")]
    assert left == keys[1:], "who pressed another meanwhile has pressed that"
    press(page, "η × 2")
    assert held(page).intervention.edits == (Edit("read"), Edit("eta", 2.0, True))


def test_any_gate_can_be_set_or_multiplied(page: AppTest) -> None:
    page.selectbox(key="edit_gate").set_value("theta")
    page.number_input(key="edit_value").set_value(0.5)
    press(page, "Apply")
    assert held(page).intervention.edits == (Edit("theta", 0.5, True),)


def test_that_a_larger_momentum_lowers_theta_is_told(page: AppTest) -> None:
    press(page, "Forget fast")
    assert not any("lowers θ" in caption.value for caption in page.caption)
    press(page, "No momentum")
    assert warnings(page) == []
    assert any("θ is at most 0.5 (1 − η)" in caption.value for caption in page.caption)


@pytest.mark.parametrize("name", ["lmm", "lmm-deep"])
def test_a_larger_momentum_lowers_theta_in_every_memory(name: str) -> None:
    model = models.load(name)
    trace = tc.Stream(model).override(eta=0.8, theta=0.5).feed("Mara put the red key in the attic.")
    assert trace["theta"].max() < largest(model.config)["theta"] * (1 - 0.8) + 1e-6


def test_a_value_out_of_bounds_is_told_and_changes_nothing(page: AppTest) -> None:
    page.segmented_control(key="edit_sign").set_value("=")
    page.number_input(key="edit_value").set_value(3.0)
    page.selectbox(key="edit_gate").set_value("alpha")
    press(page, "Apply")
    (message,) = warnings(page)
    assert "Alpha must lie between 0 and 1" in message and held(page).intervention.edits == ()
    press(page, "No momentum")
    assert warnings(page) == []


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [(9_999, None, "Token 9,999 is not in the text"), (20, 10, "The last token comes before the first")],
)
def test_tokens_that_cannot_be_are_told_as_they_are_typed_and_once(
    page: AppTest, first: int, last: int | None, told: str
) -> None:
    page.number_input(key="edit_stop").set_value(last)
    page.number_input(key="edit_start").set_value(first).run()
    (message,) = warnings(page)
    assert told in message
    assert warnings(press(page, "No writing")) == [message] and held(page).intervention.edits == ()
    page.number_input(key="edit_start").set_value(3).run()
    assert warnings(page) == []


def test_edits_beyond_a_shorter_text_are_told(page: AppTest) -> None:
    page.number_input(key="edit_start").set_value(200)
    press(page, "Wipe")
    page.text_area(key="text").set_value("Tom likes soup.").run()
    (message,) = warnings(page)
    assert "Token 200 is not in the text" in message
    page.number_input(key="edit_start").set_value(1).run()
    assert warnings(page) == [message], "the edit itself is still there"
    press(page, "Clear all")
    assert warnings(page) == []


def test_a_rerun_changes_nothing(page: AppTest) -> None:
    press(page, "No writing")
    before = held(page).intervention
    page.run()
    assert held(page).intervention is before


@UNREADABLE
def test_a_text_that_cannot_be_read_stays_in_its_box(page: AppTest, text: str, told: str) -> None:
    page.text_area(key="text").set_value(text).run()
    (message,) = warnings(page)
    assert told in message and page.text_area(key="text").value == text
