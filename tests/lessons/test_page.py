"""Claims about the lessons' page, driven as a learner drives it, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lessons import Lesson, Predict, load_all

PAGE = Path(__file__).resolve().parent.parent.parent / "app" / "views" / "lessons.py"
LESSON = load_all()[0]


@pytest.fixture
def page() -> AppTest:
    # Run as the app runs it: its own folder must not stand on the path, where `lessons` is another module.
    return AppTest.from_string(f"import runpy\nrunpy.run_path({str(PAGE)!r})", default_timeout=60).run()


def headings(page: AppTest) -> list[str]:
    return [heading.value for heading in page.header]


def told(page: AppTest) -> str:
    return "\n".join(block.value for block in page.markdown)


def expect(page: AppTest) -> None:
    """Commit to an expectation at the one open step."""
    if page.radio:
        page.radio[0].set_value(page.radio[0].options[0])
    page.button[0].click().run()
    assert not page.exception


def finish_steps(page: AppTest, lesson: Lesson) -> None:
    for _ in lesson.steps:
        expect(page)


def test_nothing_is_revealed_before_the_learner_has_said_what_they_expect(page: AppTest) -> None:
    assert not page.exception
    for number, step in enumerate(LESSON.steps, 1):
        assert headings(page) == [s.title for s in LESSON.steps[:number]]
        assert step.explanation not in told(page)
        expect(page)
        assert step.explanation in told(page)


def test_a_step_without_an_expectation_stays_open(page: AppTest) -> None:
    open_step = next(n for n, step in enumerate(LESSON.steps) if isinstance(step.action, Predict))
    for _ in range(open_step):
        expect(page)
    assert not page.warning
    page.button[0].click().run()
    assert not page.exception
    assert LESSON.steps[open_step].explanation not in told(page)
    (warning,) = page.warning
    assert "choose one of the answers first" in warning.value
    expect(page)
    assert LESSON.steps[open_step].explanation in told(page) and not page.warning


def test_what_was_expected_stands_beside_what_was_measured(page: AppTest) -> None:
    page.slider[0].set_value(35)
    expect(page)
    assert "you expected 35 %" in told(page)


def test_every_answer_is_explained_and_all_right_ones_end_the_lesson(page: AppTest) -> None:
    finish_steps(page, LESSON)
    for radio, checkpoint in zip(page.radio, LESSON.checkpoints, strict=True):
        radio.set_value(checkpoint.choices[checkpoint.answer - 1].text)
    page.run()
    assert not page.success
    for radio, checkpoint in zip(page.radio, LESSON.checkpoints, strict=True):
        assert f"**Not quite:** {checkpoint.choices[checkpoint.answer - 1].why}" in told(page)
        radio.set_value(checkpoint.choices[checkpoint.answer].text)
    page.run()
    assert len(page.success) == 1 and not page.exception
    assert told(page).count("**Yes.**") == len(LESSON.checkpoints) and "Not quite" not in told(page)


def test_a_lesson_can_be_started_again(page: AppTest) -> None:
    finish_steps(page, LESSON)
    page.button[-1].click().run()
    assert not page.exception
    assert headings(page) == [LESSON.steps[0].title]
