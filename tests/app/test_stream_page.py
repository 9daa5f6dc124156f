"""The page's server side, run without a browser: what is read, what is kept, what a person is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import models, samples, typed
from app.limits import BadInput
from app.reading import go_on, read
from app.settings import settings
from tests.app.pressing import held, press
from tests.app.unreadable import UNREADABLE

PAGE = Path(__file__).parents[2] / "app" / "views" / "stream.py"
STORY = "Mara put the red key in the attic. The rain fell over the quiet hills."


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=60).run()


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


def test_the_page_opens_with_a_sample_already_read(page: AppTest) -> None:
    assert warnings(page) == []
    assert held(page).reading.text == samples.text(samples.titles()[0])
    assert "".join(held(page).reading.trace.tokens) == held(page).reading.text


def test_the_page_names_device_model_and_time(page: AppTest) -> None:
    model = held(page).reading.stream.model
    (facts,) = page.caption
    for fact in ("PyTorch", model.name.upper(), f"{model.parameter_count():,} parameters", "tokens, read in"):
        assert fact in facts.value


def test_what_is_typed_is_read(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY).run()
    assert "".join(held(page).reading.trace.tokens) == STORY
    assert page.session_state.sample is None


def test_what_a_browser_tells_before_it_knows_of_a_text_that_was_put_there_was_not_typed(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is in the boxes is told with everything that a browser asks for, as with a look at how far
    reading is."""
    monkeypatch.setattr(typed, "LATE", 600.0)  # a busy machine reads slowly
    page.text_area(key="text").set_value(STORY).run()
    second = samples.titles()[1]
    for title in (samples.titles()[2], second, second):
        press(page, title)
    page.text_area(key="text").set_value(STORY).run()  # late
    assert page.text_area(key="text").value == held(page).reading.text == samples.text(second)
    assert page.session_state.sample == second
    page.text_area(key="text").set_value(STORY + " Tom likes soup.").run()
    assert held(page).reading.text == STORY + " Tom likes soup." and page.session_state.sample is None
    press(page, second)
    clock = time.monotonic() + typed.LATE
    monkeypatch.setattr(typed.time, "monotonic", lambda: clock)  # whoever types it again has had the time
    page.text_area(key="text").set_value(STORY + " Tom likes soup.").run()
    assert held(page).reading.text == STORY + " Tom likes soup."


def test_what_was_typed_stays_in_the_box_though_the_browser_hears_of_a_sample_only_then(
    page: AppTest,
) -> None:
    press(page, samples.titles()[1])
    page.text_area(key="text").set_value(STORY).run()
    box = page.text_area(key="text").proto
    assert box.set_value and box.value == STORY, "the browser is told"
    page.run()
    assert not page.text_area(key="text").proto.set_value, "and left alone after that"


def test_a_rerun_reads_nothing_anew(page: AppTest) -> None:
    before = held(page).reading
    press(page, "Read")
    assert held(page).reading is before


def test_an_addition_continues_the_stream_without_reading_again(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY).run()
    before = held(page).reading
    page.text_area(key="addition").set_value(" Where is the red key?")
    press(page, "Read on")
    after = held(page).reading
    assert "".join(after.trace.tokens) == STORY + " Where is the red key?"
    assert after.stream.position == len(after.trace)
    assert (after.trace["nll"][: len(before.trace)] == before.trace["nll"]).all()
    assert page.text_area(key="addition").value == ""


def test_the_text_box_holds_what_is_shown_after_an_addition_too(page: AppTest) -> None:
    page.text_area(key="addition").set_value(" Where is the red key?")
    press(page, "Read on")
    after = held(page).reading
    assert after.text.endswith("key?") and page.text_area(key="text").value == after.text
    assert page.session_state.sample is None
    page.text_area(key="text").set_value(STORY).run()
    assert held(page).reading.text == STORY


def test_an_addition_follows_a_text_that_was_not_yet_read(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY)
    page.text_area(key="addition").set_value(" And more.")
    press(page, "Read on")
    assert held(page).reading.text == page.text_area(key="text").value == STORY + " And more."
    assert "".join(held(page).reading.trace.tokens) == STORY + " And more."


@pytest.mark.parametrize("text", ["", "x" * (settings().text_characters + 1)], ids=["empty", "too long"])
def test_an_addition_to_a_text_that_cannot_be_read_waits_in_its_box(page: AppTest, text: str) -> None:
    page.text_area(key="text").set_value(text)
    page.text_area(key="addition").set_value(" And more.")
    press(page, "Read on")
    assert len(warnings(page)) == 1 and page.text_area(key="text").value == text
    page.text_area(key="text").set_value(STORY).run()
    assert warnings(page) == [] and page.text_area(key="addition").value == " And more."


def test_nothing_to_add_is_said_where_nothing_was_typed(page: AppTest) -> None:
    press(page, "Read on")
    (message,) = warnings(page)
    assert message.startswith("There is nothing to add yet")


def test_one_token_is_counted_as_one(page: AppTest) -> None:
    page.text_area(key="text").set_value("a").run()
    assert "· 1 token, read" in page.caption[0].value


@pytest.mark.parametrize("sample", ["", "no such sample"])
def test_an_address_without_a_known_sample_opens_with_the_first(sample: str) -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=60)
    page.query_params["sample"] = sample
    page.run()
    told = [f"This link names a sample that is not here: {sample}. Choose another."] if sample else []
    assert warnings(page) == told
    assert held(page).reading.text == samples.text(samples.titles()[0])


def test_another_model_reads_the_additions_too(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY).run()
    page.text_area(key="addition").set_value(" And more.")
    press(page, "Read on")
    page.pills(key="model").set_value(tc.available()[1]).run()
    after = held(page).reading
    assert after.text == STORY + " And more." and after.stream.model.name == tc.available()[1]


def test_a_variant_offers_the_memories_it_is_shipped_with(page: AppTest) -> None:
    page.pills(key="model").set_value("lmm").run()
    page.segmented_control(key="memory").set_value("chapters").run()
    assert held(page).reading.stream.model.name == "lmm-chapters"
    page.pills(key="model").set_value("attention").run()
    assert held(page).reading.stream.model.name == "attention"
    assert not [control for control in page.segmented_control if control.key == "memory"]
    for variant in models.VARIANTS:
        assert models.memories(variant, tc.available())[0] == ""


@UNREADABLE
def test_a_text_that_cannot_be_read_stays_in_its_box(page: AppTest, text: str, told: str) -> None:
    page.text_area(key="text").set_value(text).run()
    (message,) = warnings(page)
    assert told in message
    assert page.text_area(key="text").value == text


def test_after_a_text_that_cannot_be_read_the_old_one_is_still_known(page: AppTest) -> None:
    before = held(page).reading
    page.text_area(key="text").set_value("x" * (settings().text_characters + 1)).run()
    page.text_area(key="text").set_value(before.text).run()
    assert warnings(page) == [] and held(page).reading is before


def test_an_addition_that_is_too_long_stays_in_its_box(page: AppTest) -> None:
    page.text_area(key="text").set_value(STORY).run()
    addition = "x" * settings().text_characters
    page.text_area(key="addition").set_value(addition)
    press(page, "Read on")
    assert warnings(page) == [
        f"With this addition the text would have {settings().text_characters + len(STORY):,} characters; "
        f"the page reads up to {settings().text_characters:,}. Add a shorter part."
    ]
    assert page.text_area(key="addition").value == addition
    assert held(page).reading.text == STORY


def test_without_checkpoints_the_page_says_how_to_make_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tc, "available", lambda: [])
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert any("make train" in message for message in warnings(page))


def test_a_damaged_checkpoint_is_named_and_make_train_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "mac.safetensors"
    broken.write_bytes(b"not a checkpoint")
    load = tc.load
    monkeypatch.setattr(tc, "load", lambda name: load(broken))
    st.cache_resource.clear()
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    st.cache_resource.clear()
    (message,) = warnings(page)
    assert "mac.safetensors" in message and "make train" in message


def test_half_a_surrogate_pair_is_told_and_changes_nothing() -> None:
    model = tc.load(tc.available()[0])
    reading = read(model, STORY)
    with pytest.raises(BadInput):
        read(model, "an owl \ud83e without its other half")
    with pytest.raises(BadInput):
        go_on(reading, "\udd89")
    assert reading.stream.position == len(reading.trace)
