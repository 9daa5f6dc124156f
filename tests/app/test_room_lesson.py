"""A class in a lesson: who has not answered yet is brought along, and is not asked what is told already."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components.classroom import led_to
from lessons import Do, Lesson, load_all

VIEW = Path(__file__).resolve().parents[2] / "app" / "views" / "lessons.py"
LESSON = next(lesson for lesson in load_all() if lesson.name == "surprise")


def opened(led: tuple[str, str] | None, lesson: Lesson = LESSON) -> AppTest:
    """The lesson's page of somebody whose class has come to a lesson's step."""
    script = (
        "import streamlit as st\n"
        f"st.navigation([st.Page({str(VIEW)!r}, title='Lessons', url_path='lessons')]).run()"
    )
    page = AppTest.from_string(script, default_timeout=120)
    if led:
        page.session_state.led = led
    page.query_params["lesson"] = lesson.name
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


def verdicts(page: AppTest) -> list[str]:
    """The sentences that tell what was found, as HTML."""
    parts = [str(getattr(part, "body", "")) for part in page.get("html")]
    return [part for part in parts if 'class="lesson-verdict"' in part]


def test_a_question_that_the_class_has_left_is_closed_and_the_one_it_is_at_is_open() -> None:
    page = opened(("surprise", "1"))
    assert len(page.slider) == 1 and not verdicts(page)
    page = opened(("surprise", "3"))
    assert not page.slider and len(page.radio) == 1
    assert len(verdicts(page)) == 2
    assert all(
        told.endswith("; you had not answered when your class went on.</p>") for told in verdicts(page)
    )


@pytest.mark.parametrize("lesson", load_all(), ids=lambda lesson: lesson.name)
def test_every_lesson_can_be_led_through(lesson: Lesson) -> None:
    page = opened((lesson.name, str(len(lesson.steps) + 1)), lesson)
    assert len(verdicts(page)) == sum(not isinstance(step.action, Do) for step in lesson.steps)


def test_a_class_that_is_through_sees_the_questions() -> None:
    page = opened(("surprise", str(len(LESSON.steps) + 1)))
    checkpoints = [component.proto for component in page.get("bidi_component")]
    told = [proto for proto in checkpoints if proto.component_name == "titans_lab_checkpoint"]
    assert len(told) == len(LESSON.steps) + len(LESSON.checkpoints)


def test_outside_a_class_nobody_is_led() -> None:
    assert led_to("surprise") == 0
