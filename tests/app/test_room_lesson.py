"""A class in a lesson: whoever has not answered yet is brought along, and can still answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components.classroom import led_to
from lessons import load_all

VIEW = Path(__file__).resolve().parents[2] / "app" / "views" / "lessons.py"
LESSON = next(lesson for lesson in load_all() if lesson.name == "surprise")


def opened(led: tuple[str, str] | None) -> AppTest:
    """The lesson's page of somebody whose class has come to a lesson's step."""
    script = (
        "import streamlit as st\n"
        f"st.navigation([st.Page({str(VIEW)!r}, title='Lessons', url_path='lessons')]).run()"
    )
    page = AppTest.from_string(script, default_timeout=120)
    if led:
        page.session_state.led = led
    page.query_params["lesson"] = LESSON.name
    page.run()
    assert not page.exception
    return page


@pytest.mark.parametrize(
    ("led", "open_steps"),
    [
        (None, 1),
        (("surprise", "1"), 1),
        (("surprise", "2"), 2),
        (("surprise", "3"), 3),
        (("window", "3"), 1),
        *((("surprise", step), 1) for step in ("", "-2", "x", "²", "9999", "0")),
    ],
)
def test_the_page_opens_as_far_as_the_class_has_come(led: tuple[str, str] | None, open_steps: int) -> None:
    page = opened(led)
    assert [heading.value for heading in page.header] == [step.title for step in LESSON.steps[:open_steps]]
    assert page.query_params["step"] == str(open_steps)


def test_what_was_passed_can_still_be_answered() -> None:
    page = opened(("surprise", "2"))
    assert LESSON.steps[0].action.question in [slider.label for slider in page.slider]


def test_a_class_that_is_through_sees_the_questions() -> None:
    page = opened(("surprise", str(len(LESSON.steps) + 1)))
    checkpoints = [component.proto for component in page.get("bidi_component")]
    told = [proto for proto in checkpoints if proto.component_name == "titans_lab_checkpoint"]
    assert len(told) == len(LESSON.steps) + len(LESSON.checkpoints)


def test_outside_a_class_nobody_is_led() -> None:
    assert led_to("surprise") == 0
