"""Every lesson in a real browser, gone through with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lessons import Do, Estimate, Lesson, Rank, Step
from tests.browser.doing import DO
from tests.browser.keys import Keys
from tests.browser.test_lessons import LESSONS, QUICK, Open, fits, heading, say


def cases() -> list[pytest.ParameterSet]:
    """Every lesson; the quick one whenever the app is tested, make lessons goes through all."""
    marks = {lesson.name: pytest.mark.lessons for lesson in LESSONS} | {QUICK: pytest.mark.browser}
    return [pytest.param(lesson, id=lesson.name, marks=marks[lesson.name]) for lesson in LESSONS]


def take(keys: Keys, step: Step) -> None:
    """Do what the open step asks, choosing always what is offered first; an estimate is moved a little."""
    page, action = keys.page, step.action
    if isinstance(action, Do):
        DO[action.done](keys)
        return
    if isinstance(action, Rank):
        for number, option in enumerate(action.options, 1):
            keys.button(option.label)
            expect(page.get_by_role("button", name=f"{number} · {option.label}", exact=True)).to_be_visible()
    elif isinstance(action, Estimate):
        keys.to(page.get_by_test_id("stForm").get_by_role("slider"))
        keys.press("ArrowLeft")
    else:
        form = page.get_by_test_id("stForm")
        keys.pick(form.get_by_role("radio", name=action.options[0].label, exact=True))
    keys.button(say("commit"))


def answer(keys: Keys, lesson: Lesson) -> None:
    """First a wrong answer at every checkpoint, then the right one."""
    for number, checkpoint in enumerate(lesson.checkpoints, 1):
        choices = keys.page.locator(f".st-key-{lesson.name}-check-{number}").get_by_role("radio")
        wrong = (checkpoint.answer + 1) % len(checkpoint.choices)
        for choice, told in ((wrong, "Not quite:"), (checkpoint.answer, "Yes.")):
            keys.pick(choices.nth(choice))
            expect(keys.page.get_by_text(told, exact=True)).to_have_count(1 if choice == wrong else number)


@pytest.mark.parametrize("lesson", cases())
def test_a_lesson_is_gone_through_with_the_keyboard_alone(open_page: Open, lesson: Lesson) -> None:
    page = open_page("lessons", color_scheme="dark" if lesson.number % 2 == 0 else "light")
    keys = Keys(page)
    keys.to(page.get_by_role("link", name=f"{lesson.number} · {lesson.title}"))
    keys.press("Enter")
    titles = [step.title for step in lesson.steps] + [say("check")]
    for number, step in enumerate(lesson.steps):
        expect(heading(page, step.title)).to_be_visible()
        keys.rest()
        take(keys, step)
        expect(heading(page, titles[number + 1])).to_be_visible()
        expect(page.locator(".lesson-verdict")).to_have_count(number + 1)
    keys.rest()
    answer(keys, lesson)
    expect(page.get_by_test_id("stAlert")).to_contain_text("That was the lesson")
    expect(page.locator(".st-key-progress")).to_have_count(0)  # of a map, which is drawn row by row
    keys.rest()
    keys.round()
    assert len(keys.round()) > len(lesson.checkpoints)
    page.set_viewport_size({"width": 390, "height": 900})
    fits(page)
    keys.rest()
    assert len(keys.round(back=True)) > len(lesson.checkpoints)
