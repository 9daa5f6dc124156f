"""A class in a lesson, in real browsers: led from step to step, its answers counted for the teacher."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lessons import load_all
from tests.browser.keys import Keys
from tests.browser.rooms import CHOICES, lead, show_checkpoint, up

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def test_a_class_goes_through_a_lesson_together(open_page: Open) -> None:
    lesson = next(lesson for lesson in load_all() if lesson.name == "surprise")
    teacher = open_page(f"lessons?lesson={lesson.name}")
    commit = teacher.get_by_role("button", name="This is what I expect")
    commit.click()
    learner = up(open_page(f"?room={lead(teacher)}"))
    expect(learner.get_by_role("heading", name=lesson.steps[1].title)).to_be_in_viewport()
    expect(learner.get_by_role("heading", name=lesson.steps[2].title)).to_have_count(0)
    for option in lesson.steps[1].action.options:
        teacher.get_by_role("button", name=option.label).click()
        expect(teacher.get_by_role("button", name=f"· {option.label}")).to_be_visible()
    commit.last.click()
    expect(learner.get_by_role("heading", name=lesson.steps[2].title)).to_be_in_viewport()
    open_forms = learner.get_by_role("button", name="This is what I expect")
    expect(open_forms).to_have_count(1)  # what was left is told, and asked no more
    expect(learner.get_by_text("you had not answered when your class went on")).to_have_count(2)
    teacher.get_by_text(lesson.steps[2].action.options[0].label, exact=True).click()
    commit.last.click()
    teacher.locator(".player [data-token='11']").click()
    expect(learner.locator(".player")).to_have_attribute("data-position", "11")
    choices = [choice.text for choice in lesson.checkpoints[0].choices]
    learner.get_by_text(choices[1], exact=True).click()
    answers = teacher.locator(".given")
    asked = answers.get_by_label("The question whose answers are shown")
    expect(asked).to_have_value("surprise/1")
    expect(answers.locator("summary")).to_have_text("1 answer")
    expect(answers.locator("li")).to_have_text([f"{text}{int(n == 1)}" for n, text in enumerate(choices)])
    expect(learner.get_by_role("button", name="Back to the class")).to_be_hidden()
    teacher.get_by_role("button", name="Start this lesson again").click()
    teacher.get_by_role("button", name="Forget them and start again").click()
    expect(learner.get_by_role("heading", name=lesson.steps[1].title)).to_have_count(0)
    expect(open_forms).to_have_count(1)  # the first question is open again


def test_who_is_led_to_a_step_sees_it_below_the_bar_once_the_page_has_grown(open_page: Open) -> None:
    lesson = next(lesson for lesson in load_all() if lesson.name == "why-memory")
    teacher = open_page("lessons", 1280)
    answers = {"1": lesson.steps[0].action.least, "2": True, "3": lesson.steps[2].action.least}
    kept = {"titans-lab-progress": 1, "lessons": {lesson.name: {"steps": answers, "checks": {}}}}
    teacher.evaluate("(kept) => localStorage.setItem('titans-lab-progress', JSON.stringify(kept))", kept)
    teacher.goto(teacher.url.split("?")[0] + f"?lesson={lesson.name}")
    last = teacher.locator(".st-key-lesson-page h2").nth(3)
    expect(last).to_be_visible()
    learner = up(open_page(f"?room={lead(teacher)}", 390))
    led = learner.locator(".st-key-lesson-page h2").nth(3)
    expect(led).to_be_visible()
    choice = learner.get_by_text(lesson.checkpoints[0].choices[1].text, exact=True)
    choice.dispatch_event("click")  # a hand on the page would let go of what is held in sight
    expect(teacher.locator(".given li")).to_have_count(3)  # and the bar reaches further down
    teacher.reload()
    expect(up(teacher).locator(".given li")).to_have_count(3)
    expect(last).to_be_visible()
    for page, heading, bar in ((learner, led, None), (teacher, last, teacher.locator(".bar.host"))):
        page.wait_for_timeout(1_000)  # it is on its way
        Keys(page).rest()
        box, over = heading.bounding_box(), bar.bounding_box() if bar else None
        edge = over["y"] + over["height"] if over else 60
        assert box and edge <= box["y"] < edge + 60


def test_answers_are_counted_for_the_teacher_alone(teacher: Page, open_page: Open) -> None:
    code = lead(teacher)
    learners = [up(open_page(f"?room={code}")) for _ in range(2)]
    show_checkpoint(teacher, None)
    rows = teacher.locator(".given li")
    for learner, chosen in zip(learners, (1, 1), strict=True):
        show_checkpoint(learner, None)
        show_checkpoint(learner, chosen)
    expect(teacher.locator(".given option:checked")).to_have_text("Surprise, question 2")
    expect(teacher.locator(".given summary")).to_have_text("2 answers")
    expect(rows).to_have_text([f"{CHOICES[0]}0", f"{CHOICES[1]}2", f"{CHOICES[2]}0"])
    show_checkpoint(learners[0], 0)
    expect(rows.nth(0)).to_have_text(f"{CHOICES[0]}1")
    learners[0].reload()
    show_checkpoint(up(learners[0]), 0)
    teacher.reload()
    show_checkpoint(up(teacher), None)
    words = [f"{CHOICES[0]}1", f"{CHOICES[1]}1", f"{CHOICES[2]}0"]
    expect(rows).to_have_text(words)
    teacher.evaluate("() => { titansLabCheckpoints.clear(); }")  # the page is left
    show_checkpoint(learners[1], 2)
    expect(rows.nth(2)).to_have_text(f"{CHOICES[2]}1")
    show_checkpoint(learners[1], 1)
    expect(rows).to_have_text(words)
    assert all(learner.locator(".given").is_hidden() for learner in learners)
    teacher.get_by_role("button", name="Reset").click()
    teacher.get_by_role("button", name="Forget all answers?").click()
    expect(teacher.locator(".given")).to_be_hidden()
    show_checkpoint(learners[1], 2)
    expect(rows.nth(2)).to_have_text(f"{CHOICES[2]}1")


def test_the_teacher_sees_the_answers_to_every_step_and_goes_back_to_earlier_ones(open_page: Open) -> None:
    lesson = next(lesson for lesson in load_all() if lesson.name == "surprise")
    teacher = open_page(f"lessons?lesson={lesson.name}")
    learner = up(open_page(f"?room={lead(teacher)}"))
    answers = teacher.locator(".given")
    asked, told = answers.get_by_label("The question whose answers are shown"), answers.locator("summary")
    expect(asked).to_have_value("surprise/step-1")
    expect(told).to_have_text("No answer yet")
    commit = "This is what I expect"
    learner.get_by_role("button", name=commit).click()
    expect(told).to_have_text("1 answer")
    expect(answers.locator("li").first).to_have_text("0 to 25 %1")
    for page in (learner, teacher):
        if page is teacher:
            page.get_by_role("button", name=commit).click()
        for option in lesson.steps[1].action.options:
            page.get_by_role("button", name=option.label).click()
            expect(page.get_by_role("button", name=f"· {option.label}")).to_be_visible()
        page.get_by_role("button", name=commit).last.click()
        expect(page.get_by_role("heading", name=lesson.steps[2].title)).to_be_visible()
    expect(asked).to_have_value("surprise/step-2")
    expect(answers.locator("li").first).to_have_text(f"First: {lesson.steps[1].action.options[0].label}1")
    asked.select_option(label="Surprise, step 1")
    expect(answers.locator("li").first).to_have_text("0 to 25 %1")
    learner.get_by_text(lesson.steps[2].action.options[0].label, exact=True).click()
    learner.get_by_role("button", name=commit).click()
    expect(learner.get_by_role("button", name=commit)).to_have_count(0)
    expect(asked).to_have_value("surprise/step-1")  # as long as the page asks nothing else
