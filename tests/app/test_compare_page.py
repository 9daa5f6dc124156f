"""The Compare page's server side, run without a browser: what is read and asked, what is kept, what a person
is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import models, samples
from app.asking import check_question
from app.comparing import compare
from app.limits import MAX_QUESTION, BadInput
from tests.app.pressing import held
from tests.app.unreadable import UNREADABLE

PAGE = Path(__file__).parents[2] / "app" / "views" / "compare.py"
STORY = "Mara put the red key in the attic. The rain fell over the quiet hills."
QUESTION = "Where is the red key?"


@pytest.fixture
def page() -> AppTest:
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state.text = STORY
    return page.run()


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


def choose(page: AppTest, *names: str) -> AppTest:
    return page.button_group(key="models").set_value(list(names)).run()


def ask(page: AppTest, question: str) -> AppTest:
    page.text_input(key="question").set_value(question)
    return next(button for button in page.button if button.label == "Ask").click().run()


def test_the_page_opens_with_a_sample_read_by_three_models() -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    assert warnings(page) == []
    shown = held(page).comparison
    assert shown.shown == ("mac", "mag", "mal")
    for read in shown.columns:
        assert "".join(read.trace.tokens) == samples.text(samples.titles()[0])


def test_the_text_of_the_stream_page_is_the_text_here(page: AppTest) -> None:
    assert warnings(page) == []
    assert page.text_area(key="text").value == STORY
    assert [read.text for read in held(page).comparison.columns] == [STORY] * 3


def test_the_page_names_device_length_and_times(page: AppTest) -> None:
    (facts,) = page.caption
    count = len(held(page).comparison.columns[0].trace)
    for fact in ("PyTorch", f"{count} tokens", "MAC", "MAG", "MAL"):
        assert fact in facts.value


def test_a_model_that_is_added_is_the_only_one_that_reads(page: AppTest) -> None:
    before = held(page).comparison.readings
    choose(page, "attention", "mal", "mac")
    after = held(page).comparison
    assert after.shown == ("mac", "mal", "attention")
    assert after.readings["mac"] is before["mac"] and after.readings["mal"] is before["mal"]
    choose(page, "mac", "mag", "attention")
    again = held(page).comparison
    assert again.readings["mag"] is before["mag"], "what was shown before is not read again either"
    assert again.readings["attention"] is after.readings["attention"]


def test_a_rerun_changes_nothing(page: AppTest) -> None:
    before = held(page).comparison
    page.run()
    assert held(page).comparison is before


def test_every_shipped_model_is_offered_and_reads(page: AppTest) -> None:
    choose(page, *tc.available())
    assert warnings(page) == []
    assert held(page).comparison.shown == tuple(tc.available())
    assert held(page).comparison.message


def test_without_a_model_one_is_asked_for_and_the_readings_are_kept(page: AppTest) -> None:
    before = held(page).comparison
    choose(page)
    assert warnings(page) == ["Choose at least one model to read the text."]
    choose(page, "mac", "mag", "mal")
    assert warnings(page) == [] and held(page).comparison is before


def test_models_are_chosen_by_the_address() -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state.text = STORY
    page.query_params["models"] = [models.title("lmm"), models.title("attention")]
    page.run()
    assert warnings(page) == [] and held(page).comparison.shown == ("lmm", "attention")


@UNREADABLE
def test_a_text_that_cannot_be_read_stays_in_its_box_and_loses_nothing(
    page: AppTest, text: str, told: str
) -> None:
    before = held(page).comparison
    page.text_area(key="text").set_value(text).run()
    (message,) = warnings(page)
    assert told in message and page.text_area(key="text").value == text
    page.text_area(key="text").set_value(STORY).run()
    assert warnings(page) == [] and held(page).comparison is before


def test_every_model_answers_as_the_library_does(page: AppTest) -> None:
    ask(page, QUESTION)
    shown = held(page).comparison
    assert warnings(page) == [] and shown.question == QUESTION
    for name in shown.shown:
        stream = tc.Stream(models.load(name))
        stream.feed(STORY)
        assert shown.answers[name] == stream.ask(QUESTION)


def test_a_model_that_is_added_is_the_only_one_that_answers(page: AppTest) -> None:
    before = ask(page, QUESTION).session_state.session.held.comparison.answers
    after = choose(page, "mac", "attention").session_state.session.held.comparison
    assert after.answers["mac"] is before["mac"] and after.answers["attention"].source is None


def test_the_question_is_asked_of_another_text_too(page: AppTest) -> None:
    ask(page, QUESTION)
    page.text_area(key="text").set_value("Mara put the red key in the tower.").run()
    assert warnings(page) == [] and set(held(page).comparison.answers) == {
        "mac",
        "mag",
        "mal",
    }


def test_a_question_is_taken_back_by_asking_nothing(page: AppTest) -> None:
    ask(page, "")
    (message,) = warnings(page)
    assert "no question yet" in message
    assert ask(page, QUESTION).session_state.session.held.comparison.answers
    page.text_input(key="question").set_value(" ").run()
    assert warnings(page) == [] and held(page).comparison.question == ""


def test_a_question_that_is_left_in_its_box_is_asked_too(page: AppTest) -> None:
    page.text_input(key="question").set_value(QUESTION).run()
    assert held(page).comparison.question == QUESTION
    next(button for button in page.button if button.label == "Read").click().run()
    assert held(page).comparison.question == QUESTION and held(page).comparison.answers


def test_a_question_that_cannot_be_asked_is_told_and_the_answers_stay(page: AppTest) -> None:
    before = ask(page, QUESTION).session_state.session.held.comparison
    question = "x" * (MAX_QUESTION + 1)
    ask(page, question)
    (message,) = warnings(page)
    assert "401 characters" in message and page.text_input(key="question").value == question
    assert held(page).comparison is before
    ask(page, QUESTION)
    assert warnings(page) == []


def test_half_a_surrogate_pair_is_told_and_changes_nothing() -> None:
    with pytest.raises(BadInput):
        check_question("where is the \ud83e?")
    with pytest.raises(BadInput):
        compare([models.load("mac")], "an owl \ud83e without its other half")


def test_without_checkpoints_the_page_says_how_to_make_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tc, "available", lambda: [])
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert any("make train" in message for message in warnings(page))
