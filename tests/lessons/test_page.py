"""Claims about the lessons' page, driven as a learner drives it, without a browser."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.teaching import finding, progress
from app.teaching.progress import BadProgress, Record, from_file, packed, unpacked
from app.teaching.revealing import verdict
from app.words import literal
from lessons import (
    Answer,
    Do,
    Estimate,
    Lesson,
    LessonError,
    Predict,
    Rank,
    Shelf,
    Step,
    fill,
    load_all,
    words,
)
from lessons.claims import spoken_of
from tests.lessons.doing import DO

VIEW = Path(__file__).resolve().parent.parent.parent / "app" / "views" / "lessons.py"
SURPRISE = next(lesson for lesson in load_all() if lesson.name == "surprise")
Open = Callable[..., AppTest]
say = words("page")


@pytest.fixture
def page() -> AppTest:
    return opened("surprise")


def opened(lesson: str | None = None, state: dict[str, Any] | None = None) -> AppTest:
    """The page at a lesson's address, or at the list's."""
    script = (
        "import streamlit as st\n"
        f"st.navigation([st.Page({str(VIEW)!r}, title='Lessons', url_path='lessons')]).run()"
    )
    page = AppTest.from_string(script, default_timeout=120)
    for name, value in (state or {}).items():
        page.session_state[name] = value
    if lesson:
        page.query_params["lesson"] = lesson
    return page.run()


def headings(page: AppTest) -> list[str]:
    return [heading.value for heading in page.header]


def told(page: AppTest) -> str:
    asked = [widget.label for widget in (*page.slider, *page.radio)]
    shown = [block.value for block in page.markdown] + [block.body for block in page.get("html")]
    return "\n".join(asked + shown)


def expect(page: AppTest, step: Step) -> None:
    """Do what the one open step asks."""
    if isinstance(step.action, Do):
        DO[step.action.done](page)
    elif isinstance(step.action, Rank):
        for option in step.action.options:
            next(button for button in page.button if button.label == option.label).click().run()
        commit(page)
    else:
        if not isinstance(step.action, Estimate):
            page.radio[-1].set_value(step.action.options[0].value)
        commit(page)
    assert not page.exception


def commit(page: AppTest) -> None:
    next(button for button in page.button if button.label == "This is what I expect").click().run()


def explained(page: AppTest, lesson: Lesson, number: int) -> bool:
    """Whether a step's explanation is shown."""
    text = fill(lesson.steps[number - 1].explanation, finding.found(lesson).claims)
    return text in told(page)


def finish_steps(page: AppTest, lesson: Lesson) -> None:
    for step in lesson.steps:
        expect(page, step)


@pytest.mark.parametrize(
    "lesson",
    [
        pytest.param(x, marks=[] if x.name == "surprise" else pytest.mark.lessons, id=x.name)
        for x in load_all()
    ],
)
def test_a_lesson_goes_step_by_step_to_its_end(lesson: Lesson) -> None:
    page = opened(lesson.name)
    assert not page.exception
    for number, step in enumerate(lesson.steps, 1):
        assert headings(page) == [s.title for s in lesson.steps[:number]]
        assert not explained(page, lesson, number)
        assert not spoken_of(told(page)), "every claim is filled in, before an answer and after"
        expect(page, step)
        assert explained(page, lesson, number)
    answer_all(page, lesson)
    assert len(page.success) == 1 and told(page).count("**Yes.**") == len(lesson.checkpoints)
    assert not spoken_of(told(page)), "every claim is filled in"


def answer_all(page: AppTest, lesson: Lesson, off: int = 0) -> None:
    """Choose at every checkpoint the right answer, or one that stands ``off`` beside it."""
    for number, checkpoint in enumerate(lesson.checkpoints, 1):
        choice = (checkpoint.answer + off) % len(checkpoint.choices)
        page.radio(key=f"{lesson.name}-check-{number}").set_value(choice).run()
    assert not page.exception


def test_a_step_without_an_answer_stays_open(page: AppTest) -> None:
    expect(page, SURPRISE.steps[0])
    commit(page)
    assert [warning.value for warning in page.warning] == ["Give every word its place first."]
    expect(page, SURPRISE.steps[1])
    assert not page.warning
    commit(page)
    assert "choose one of the answers first" in page.warning[0].value
    assert headings(page)[-1] == SURPRISE.steps[2].title


def test_a_place_can_be_taken_back(page: AppTest) -> None:
    expect(page, SURPRISE.steps[0])
    labels = [option.label for option in SURPRISE.steps[1].action.options]
    press = partial(lambda text: next(b for b in page.button if b.label == text).click().run())
    press(labels[0])
    press(labels[1])
    press(f"1 · {labels[0]}")
    assert [button.label for button in page.button][:2] == [labels[0], f"1 · {labels[1]}"]


def test_what_was_expected_stands_beside_what_was_measured(page: AppTest) -> None:
    page.slider[0].set_value(35)
    commit(page)
    assert "you expected 35\u00a0%" in told(page)


def test_an_estimate_begins_at_the_least_and_not_at_an_answer(page: AppTest) -> None:
    assert page.slider[0].value == page.slider[0].min == 0
    commit(page)
    assert "you expected 0\u00a0%" in told(page)


@pytest.mark.lessons
@pytest.mark.parametrize("lesson", [pytest.param(x, id=x.name) for x in load_all()])
def test_no_estimate_is_right_where_its_slider_begins(lesson: Lesson) -> None:
    claims = finding.found(lesson).claims
    for action in (step.action for step in lesson.steps):
        if isinstance(action, Estimate):
            assert claims[action.claim].number > action.least + action.step / 2, action.claim


def test_every_wrong_answer_is_explained(page: AppTest) -> None:
    finish_steps(page, SURPRISE)
    answer_all(page, SURPRISE, off=1)
    assert not page.success
    for checkpoint in SURPRISE.checkpoints:
        wrong = checkpoint.choices[(checkpoint.answer + 1) % len(checkpoint.choices)]
        assert f"**Not quite:** {wrong.why}" in told(page)


def test_a_lesson_can_be_started_again(page: AppTest) -> None:
    finish_steps(page, SURPRISE)
    answer_all(page, SURPRISE)
    next(button for button in page.button if button.label == "Forget them and start again").click().run()
    assert not page.exception
    assert headings(page) == [SURPRISE.steps[0].title]
    finish_steps(page, SURPRISE)
    assert [radio.value for radio in page.radio] == [None] * len(SURPRISE.checkpoints)


def test_the_list_tells_how_far_a_learner_has_come() -> None:
    page = opened(state={"progress": {"surprise": Record({1: 50})}})
    assert not page.exception
    assert "1 of 3 steps" in told(page)
    next(button for button in page.button if button.label == "Forget all of it").click().run()
    assert "1 of 3 steps" not in told(page) and not page.button


def test_the_list_tells_of_questions_that_are_left() -> None:
    order = [option.value for option in SURPRISE.steps[1].action.options]
    steps = {1: 50, 2: order, 3: "write_owl"}
    page = opened(state={"progress": {"surprise": Record(steps)}})
    assert say("asked_still") in told(page)
    every = {number: asked.answer for number, asked in enumerate(SURPRISE.checkpoints, 1)}
    page = opened(state={"progress": {"surprise": Record(steps, every)}})
    assert say("asked_still") not in told(page) and say("done") in told(page)


def test_what_was_expected_stands_in_quotes_where_it_is_words() -> None:
    action = SURPRISE.steps[2].action
    assert isinstance(action, Predict)
    claims = finding.found(SURPRISE).claims
    measured = action.measured(claims)[0].value
    other = next(option for option in action.options if option.value != measured)
    assert f"you expected “{html.escape(other.label)}”" in verdict(action, other.value, claims)


def test_an_unknown_lesson_is_told_and_the_others_are_offered() -> None:
    page = opened("surprize")
    assert "There is no lesson “surprize”" in page.warning[0].value
    assert SURPRISE.goal in told(page)


def test_a_malformed_lesson_is_told_and_the_others_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        finding, "read_shelf", lambda stamps: Shelf((SURPRISE,), ("13-x.md: title is missing",))
    )
    page = opened()
    assert [warning.value for warning in page.warning] == [literal("13-x.md: title is missing")]
    assert SURPRISE.goal in told(page)


def test_what_an_address_says_is_no_link_and_loads_nothing() -> None:
    page = opened("![](https://a.example/b.png)")
    assert r"\!\[\]\(https\://a.example/b.png\)" in page.warning[0].value


def test_progress_survives_the_browsers_store() -> None:
    kept = {"surprise": Record({1: 50, 2: ["a", "b"], 3: "x", 4: True}, {1: 2})}
    assert unpacked(packed(kept)) == kept
    assert json.loads(packed({"surprise": Record()}))["lessons"] == {}


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "{}",
        "[]",
        "null",
        "{" * 10_000,
        '{"titans-lab-progress": 2, "lessons": {}}',
        '{"titans-lab-progress": 1, "lessons": {"surprise": 3}}',
        '{"titans-lab-progress": 1, "lessons": {"surprise": {"steps": {"one": 1}, "checks": {}}}}',
    ],
)
def test_what_no_lesson_wrote_is_no_progress(damaged: str) -> None:
    assert unpacked(damaged) == {}
    with pytest.raises(BadProgress, match="^This file holds no progress: choose one that was saved here"):
        from_file(damaged.encode(), [SURPRISE])


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x89PNG", packed({"window": Record({1: 20})}).encode()])
def test_a_file_of_another_kind_or_of_no_lesson_is_refused(content: bytes) -> None:
    with pytest.raises(BadProgress):
        from_file(content, [SURPRISE])


def test_of_a_file_only_what_the_lessons_ask_is_taken() -> None:
    order = [option.value for option in SURPRISE.steps[1].action.options]
    kept = {
        "surprise": Record({1: 50, 2: order, 3: ["write_owl"], 9: True}, {1: 1, 2: 77}),
        "the": Record({1: 1}),
    }
    assert from_file(packed(kept).encode(), [SURPRISE]) == {"surprise": Record({1: 50, 2: order}, {1: 1})}


@pytest.mark.parametrize("answer", [["a"], [], True, 1.5, "nobody", float("nan")])
def test_an_answer_that_cannot_be_is_none_whatever_its_kind(answer: Answer) -> None:
    assert Record({1: answer, 2: answer, 3: answer}).done(SURPRISE) in (0, 1)


def test_what_a_file_holds_is_added_to_what_was_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "state", State(progress={"surprise": Record({1: 50}, {1: 0})}))
    progress.merge({"surprise": Record({1: 10, 2: ["a"]}, {2: 1}), "window": Record({1: 20})})
    assert progress.progress() == {
        "surprise": Record({1: 50, 2: ["a"]}, {1: 0, 2: 1}),
        "window": Record({1: 20}),
    }


def test_an_answer_that_a_changed_lesson_does_not_know_leaves_its_step_open() -> None:
    record = Record({1: 50, 2: ["surprise_gone"], 3: "write_owl"}, {1: 7})
    assert record.done(SURPRISE) == 1
    assert record.choice(SURPRISE, 1) is None and not record.complete(SURPRISE)


def test_what_is_done_in_a_session_outweighs_what_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "state", State(progress={"surprise": Record({1: 50})}))
    progress.take(packed({"surprise": Record({1: 10}), "window": Record({1: 20})}))
    assert progress.progress() == {"surprise": Record({1: 50}), "window": Record({1: 20})}
    assert progress.known() == packed(progress.progress())


class State(dict[str, Any]):
    """A session's state."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__  # type: ignore[assignment]


def test_what_is_forgotten_on_purpose_is_told_to_the_browser_once_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "state", State(progress={"surprise": Record({1: 50})}))
    assert progress.forgotten() == []
    progress.start_again(SURPRISE)
    progress.forget()
    assert [told["names"] for told in progress.forgotten()] == [["surprise"], None]
    assert len({str(told["id"]) for told in progress.forgotten()}) == 2


@pytest.mark.parametrize(
    ("gone", "left", "heard"),
    [
        ([{"id": "a", "names": ["surprise"]}], ["window"], "a"),
        ([{"id": "a", "names": ["window"]}, {"id": "b", "names": None}], [], "b"),
        ([{"id": 3, "names": None}, {"names": []}, None, "x"], ["surprise", "window"], ""),
        ("x", ["surprise", "window"], ""),
    ],
)
def test_what_was_forgotten_in_another_tab_is_forgotten_here(
    gone: object, left: list[str], heard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"surprise": Record({1: 50}), "window": Record({1: 20})}
    monkeypatch.setattr(progress, "state", State(progress=kept))
    progress.hear(gone)
    assert list(progress.progress()) == left and progress.forgotten() == []
    assert progress.state.get("progress_heard", "") == heard


def test_a_session_that_begins_has_heard_of_what_was_forgotten_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "state", State())
    text = packed({"window": Record({1: 20})})
    progress.take(json.dumps(json.loads(text) | {"forgotten": [{"id": "a", "names": None}]}))
    assert progress.state.progress_heard == "a" and progress.known() == text


def test_a_lesson_runs_once_for_all_and_again_where_it_could_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lesson, runs = load_all()[0], []

    def run(lesson: Lesson, load: object) -> str:
        runs.append(lesson.name)
        if len(runs) == 1:
            raise LessonError("its model is not there")
        return "found"

    monkeypatch.setattr(finding, "run", run)
    finding.begun.clear()
    with pytest.raises(LessonError, match="not there"):
        finding.found(lesson)
    assert finding.found(lesson) == finding.found(lesson) == "found"
    assert runs == [lesson.name] * 2
    finding.begun.clear()
