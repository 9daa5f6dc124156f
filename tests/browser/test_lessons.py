"""The lessons in a real browser: opened from the list, gone through to the end, and answered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from app.appendix.links import PLACES
from lessons import Do, Estimate, Lesson, Rank, Step, load_all, words
from lessons.appendix import pages
from tests.browser.doing import DO, Mouse
from tests.browser.keys import Keys
from tests.browser.test_accessibility import TALL, in_every_look, serious

Open = Callable[..., Page]
say = words("page")
LESSONS = load_all()
QUICK = "why-memory"  # the one that is gone through whenever the app is tested; make lessons goes through all
KEPT = "(localStorage.getItem('titans-lab-progress') ?? '')"  # empty before the first is told


def cases() -> list[pytest.ParameterSet]:
    """Every lesson."""
    quick, slow = pytest.mark.browser, pytest.mark.lessons
    return [pytest.param(one, id=one.name, marks=quick if one.name == QUICK else slow) for one in LESSONS]


def heading(page: Page, title: str) -> Locator:
    return page.get_by_role("heading", name=title, exact=True, level=2)


def commit(page: Page) -> None:
    page.get_by_role("button", name=say("commit")).click()


def take(page: Page, step: Step) -> None:
    """Do what the open step asks, choosing always what is offered first."""
    if isinstance(step.action, Do):
        DO[step.action.done](Mouse(page))
    elif isinstance(step.action, Rank):
        for number, option in enumerate(step.action.options, 1):
            page.get_by_role("button", name=option.label, exact=True).click()
            expect(page.get_by_role("button", name=f"{number} · {option.label}", exact=True)).to_be_visible()
        commit(page)
    else:
        if not isinstance(step.action, Estimate):
            page.get_by_test_id("stForm").get_by_text(step.action.options[0].label, exact=True).click()
        commit(page)


def walk(page: Page, lesson: Lesson) -> None:
    """All steps of a lesson; each opens the next, and the last the questions."""
    titles = [step.title for step in lesson.steps] + [say("check")]
    for number, step in enumerate(lesson.steps):
        expect(heading(page, step.title)).to_be_visible()
        expect(heading(page, titles[number + 1])).to_have_count(0)
        take(page, step)
        expect(heading(page, titles[number + 1])).to_be_visible()
        expect(page.locator(".lesson-verdict")).to_have_count(number + 1)


def answer(page: Page, lesson: Lesson) -> None:
    """First a wrong answer at every checkpoint, then the right one."""
    for number, checkpoint in enumerate(lesson.checkpoints, 1):
        group = page.locator(f".st-key-{lesson.name}-check-{number}")
        wrong = (checkpoint.answer + 1) % len(checkpoint.choices)
        for choice, told in ((wrong, "Not quite:"), (checkpoint.answer, "Yes.")):
            group.get_by_test_id("stRadioOption").nth(choice).click()
            expect(page.get_by_text(told, exact=True)).to_have_count(1 if choice == wrong else number)


def fits(page: Page) -> None:
    """Wait until nothing has to be scrolled to sideways: charts follow the window in their time."""
    page.wait_for_function(
        "() => [document.querySelector('.stMain')].every((main) => main.scrollWidth <= main.clientWidth)"
    )


def uneven(page: Page) -> list[list[float]]:
    """The heights of sliders that stand side by side, where they are not the same."""
    rows: list[list[float]] = page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stHorizontalBlock]')].map((row) =>"
        "[...row.querySelectorAll('[role=slider]')].map((one) => one.getBoundingClientRect().top))"
    )
    return [row for row in rows if row and max(row) - min(row) > 1]


@pytest.mark.parametrize("lesson", cases())
def test_a_lesson_is_opened_gone_through_and_answered(open_page: Open, lesson: Lesson) -> None:
    page = open_page("lessons", color_scheme="dark")
    page.get_by_role("link", name=f"{lesson.number} · {lesson.title}").click()
    expect(page.get_by_role("heading", name=lesson.title, level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"[?&]lesson={lesson.name}(&|$)"))
    walk(page, lesson)
    answer(page, lesson)
    expect(page.get_by_test_id("stAlert")).to_contain_text("That was the lesson")
    assert uneven(page) == []
    for look, found in in_every_look(page, 3 * TALL):
        assert found == [], look
        fits(page)


@pytest.mark.browser
def test_progress_is_kept_by_the_browser_saved_as_a_file_forgotten_and_loaded(open_page: Open) -> None:
    page = open_page("lessons?lesson=surprise")
    commit(page)
    expect(page.locator(".lesson-verdict")).to_have_count(1)
    # it is kept only after that
    page.wait_for_function(f"() => {KEPT}.includes('surprise')")
    page.reload()
    expect(page.locator(".lesson-verdict")).to_have_count(1)
    page.get_by_role("link", name=say("back")).click()
    expect(page.get_by_text("1 of 3 steps")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name=say("export")).click()
    content = saved.value.path().read_bytes()
    assert list(json.loads(content)["lessons"]) == ["surprise"]
    page.get_by_role("button", name=say("forget")).click()
    page.get_by_role("button", name=say("forget_sure")).click()
    expect(page.get_by_text("1 of 3 steps")).to_have_count(0)
    page.wait_for_function(f"() => !{KEPT}.includes('surprise')")
    page.reload()
    expect(page.get_by_role("link", name="Surprise is a gradient")).to_be_visible()
    expect(page.get_by_text("1 of 3 steps")).to_have_count(0)
    # until what the browser kept is told: told later, it would take the answer to a file away
    Keys(page).rest()
    load(page, b"[1, 2, 3]")
    expect(page.get_by_test_id("stAlert")).to_have_text(say("no_progress"))
    load(page, content)
    expect(page.get_by_text("1 of 3 steps")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_text(say("loaded", count=1))
    assert serious(page) == []
    page.wait_for_function(f"() => {KEPT}.includes('surprise')")
    page.reload()
    expect(page.get_by_text("1 of 3 steps")).to_be_visible()


@pytest.mark.browser
def test_what_another_tab_did_is_kept_until_all_is_forgotten(open_page: Open) -> None:
    page = open_page("lessons?lesson=surprise")
    Keys(page).rest()
    other = page.context.new_page()
    other.goto(page.url.replace("surprise", "keys-and-values"))
    other.get_by_test_id("stRadioOption").first.click()
    commit(other)
    other.wait_for_function(f"() => {KEPT}.includes('keys-and-values')")
    commit(page)
    page.wait_for_function(f"() => {KEPT}.includes('surprise')")
    assert page.evaluate(f"() => Object.keys(JSON.parse({KEPT}).lessons).toSorted()") == [
        "keys-and-values",
        "surprise",
    ]
    page.get_by_role("link", name=say("back")).click()
    page.get_by_role("button", name=say("forget")).click()
    page.get_by_role("button", name=say("forget_sure")).click()
    page.wait_for_function(f"() => !/surprise|keys-and-values/.test({KEPT})")


@pytest.mark.browser
def test_what_one_tab_forgets_no_other_writes_back(open_page: Open) -> None:
    page = open_page("lessons?lesson=surprise")
    second = next(lesson for lesson in LESSONS if lesson.name == "surprise").steps[1].title
    commit(page)
    expect(heading(page, second)).to_be_visible()
    page.wait_for_function(f"() => {KEPT}.includes('surprise')")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("link", name=say("back")).click()
    expect(other.get_by_text("1 of 3 steps")).to_be_visible()
    other.get_by_role("button", name=say("forget")).click()
    other.get_by_role("button", name=say("forget_sure")).click()
    expect(heading(page, second)).to_have_count(0)
    Keys(page).rest()
    assert json.loads(page.evaluate(f"() => {KEPT}"))["lessons"] == {}


def load(page: Page, content: bytes) -> None:
    """Take a file for progress."""
    uploader = page.get_by_test_id("stFileUploader")
    if not uploader.is_visible():
        page.get_by_role("button", name=say("load")).click()
    uploader.locator("input").set_input_files(
        {"name": "progress.json", "mimeType": "application/json", "buffer": content}
    )


@pytest.mark.browser
def test_back_leads_from_a_lesson_to_the_list_and_its_address_to_it_again(open_page: Open) -> None:
    page = open_page("lessons")
    page.get_by_role("link", name="Surprise is a gradient").click()
    expect(page.get_by_role("heading", name="Surprise is a gradient", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name=say("title"), level=1)).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="Surprise is a gradient", level=1)).to_be_visible()


@pytest.mark.browser
def test_bars_that_are_compared_begin_at_one_edge_and_have_one_scale(open_page: Open) -> None:
    page = open_page("lessons?lesson=keys-and-values")
    page.get_by_test_id("stRadioOption").first.click()
    commit(page)
    tracks = page.locator(".lesson-bars i")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        expect(tracks).to_have_count(2)
        Keys(page).rest()
        edges = tracks.evaluate_all(
            "(bars) => bars.map(({ parentElement: track }) => track.getBoundingClientRect())"
            ".map(({ left, right }) => [Math.round(left), Math.round(right)])"
        )
        assert edges[0] == edges[1], width
        assert edges[0][1] - edges[0][0] > 100, width


@pytest.mark.browser
def test_a_lesson_and_a_page_of_the_appendix_begin_at_their_top(open_page: Open) -> None:
    page = open_page("lessons", 390)
    main, first, last = page.locator(".stMain"), pages(PLACES)[0], LESSONS[-1]
    for link, title in (
        (f"{last.number} · {last.title}", last.title),
        (None, say("title")),
        (first.title, first.title),
        (pages(PLACES)[-1].title, pages(PLACES)[-1].title),
    ):
        Keys(page).rest()
        main.evaluate("(main) => main.scrollTo(0, main.scrollHeight)")
        if link:
            page.get_by_role("link", name=link, exact=True).click()
        else:
            page.get_by_role("link", name=say("back")).click()
        expect(page.get_by_role("heading", name=title, level=1)).to_be_in_viewport()
        Keys(page).rest()
        assert main.evaluate("(main) => main.scrollTop") == 0, title


@pytest.mark.browser
def test_how_far_a_slider_goes_is_to_be_seen_before_it_is_touched(open_page: Open) -> None:
    page = open_page(f"lessons?lesson={QUICK}", 390)
    ends = page.get_by_test_id("stSliderTickBar").first
    slider = page.get_by_role("slider").first
    expect(ends).to_have_css("opacity", "1")
    for end in ("min", "max"):
        expect(ends.get_by_text(slider.get_attribute(end) or "none", exact=True)).to_be_visible()
