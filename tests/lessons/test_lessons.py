"""Claims about the lessons: how they are read, what a mistake in one says, and that they tell the truth."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import titans_core as tc
from lessons import (
    Estimate,
    Lesson,
    LessonError,
    Mention,
    Predict,
    at_mention,
    greatest,
    load,
    load_all,
    share,
)
from lessons.lesson import FOLDER

LESSON = """+++
title = "A title"
minutes = 5
goal = "A goal."

[exhibit]
kind = "stream"
model = "mac"
text = "one two one"

[[steps]]
title = "Guess"
action = "predict"
quantity = "surprise"
question = "Which?"
mentions = [{ word = "one", telling = 2, label = "again" }, { word = "two", telling = 1, label = "two" }]

[[checkpoints]]
question = "What?"
answer = 2
choices = [{ text = "This", why = "No." }, { text = "That", why = "Yes." }]
+++

An opening.

## Guess

Before.

---

After.
"""


def written(folder: Path, content: str) -> Path:
    path = folder / "07-try-it.md"
    path.write_text(content, encoding="utf-8")
    return path


def trace_of(tokens: list[str], values: list[float]) -> tc.Trace:
    columns = {"surprise": np.array(values, np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)}
    return tc.Trace(0, tuple(range(len(tokens))), tokens, columns)


def test_a_lesson_is_read_whole(tmp_path: Path) -> None:
    lesson = load(written(tmp_path, LESSON))
    assert (lesson.number, lesson.name, lesson.minutes, lesson.opening) == (7, "try-it", 5, "An opening.")
    assert [(step.title, step.opening, step.explanation) for step in lesson.steps] == [
        ("Guess", "Before.", "After.")
    ]
    assert isinstance(lesson.steps[0].action, Predict)
    assert lesson.checkpoints[0].choices[lesson.checkpoints[0].answer].text == "That"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('title = "A title"\n', "", "title is missing"),
        ("minutes = 5", 'minutes = "five"', "minutes must be a whole number"),
        ("minutes = 5", "minutes = true", "minutes must be a whole number"),
        ("minutes = 5", "minutes = 0", "minutes must be at least 1"),
        ('goal = "A goal."', 'goal = " "', "goal must not be empty"),
        ('goal = "A goal."', 'goal = "A goal."\ngaol = 1', "gaol is not a field"),
        ('kind = "stream"', 'kind = "strem"', "exhibit.kind must be one of stream"),
        ('quantity = "surprise"', 'quantity = "suprise"', "steps[1].quantity must be one of"),
        ('action = "predict"', 'action = "guess"', "steps[1].action must be one of"),
        ("telling = 2", "telling = 3", "steps[1].mentions[1].word 'one' does not stand 3 times"),
        ('word = "two"', 'word = "three"', "steps[1].mentions[2].word 'three' does not stand"),
        ("answer = 2", "answer = 3", "checkpoints[1].answer must be the number of a choice, 1 to 2"),
        ("answer = 2", "answer = 0", "checkpoints[1].answer must be at least 1"),
        (', { text = "That", why = "Yes." }', "", "checkpoints[1].choices must have at least 2"),
        ("answer = 2", "answer = ", "the head is not TOML"),
        ("+++\n\nAn", "\n\nAn", "the head must stand first"),
        ("## Guess", "## Guest", "steps[1].title needs a section '## Guess'"),
        ("\n---\n", "\n", "'Guess' needs a line of ---"),
    ],
)  # fmt: skip
def test_an_authors_mistake_is_told_with_file_and_field(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    assert old in LESSON
    with pytest.raises(LessonError, match=re.escape(field)) as error:
        load(written(tmp_path, LESSON.replace(old, new, 1)))
    assert str(error.value).startswith("07-try-it.md: ")
    assert "\n" not in str(error.value)


def test_prose_and_steps_stand_in_the_same_order(tmp_path: Path) -> None:
    extra = LESSON + "\n## Unasked\n\nBefore.\n\n---\n\nAfter.\n"
    with pytest.raises(LessonError, match="must follow the prose's sections: Guess, Unasked"):
        load(written(tmp_path, extra))


def test_a_word_inside_another_is_no_mention() -> None:
    assert Mention("key", 1, "").span("a monkey has a key") == (15, 18)
    assert Mention("key", 2, "").span("a monkey has a key") is None


def test_a_mention_is_measured_over_all_its_tokens_and_no_others() -> None:
    trace = trace_of(["a", " at", "tic", ".", "", " attic"], [9, 1, 3, 9, 9, 5])
    assert at_mention(trace, "surprise", Mention("attic", 1, "")) == 2
    assert at_mention(trace, "surprise", Mention("attic", 2, "")) == 5
    with pytest.raises(ValueError, match="does not stand 3 times"):
        at_mention(trace, "surprise", Mention("attic", 3, ""))


def test_reveals_are_computed_from_the_trace() -> None:
    one, two = Mention("one", 1, "first"), Mention("two", 1, "second")
    trace = trace_of(["one", " two"], [4, 1])
    assert greatest(trace, Predict("surprise", "", (two, one))) == one
    assert share(trace, Estimate("surprise", "", one, two)) == 25


@pytest.mark.parametrize("lesson", load_all(), ids=lambda lesson: lesson.name)
def test_shipped_lessons_explain_every_answer(lesson: Lesson) -> None:
    assert lesson.exhibit.model in tc.available()
    for checkpoint in lesson.checkpoints:
        assert 0 <= checkpoint.answer < len(checkpoint.choices)
        assert len({choice.why for choice in checkpoint.choices}) == len(checkpoint.choices)
    assert all(step.explanation for step in lesson.steps)


def test_lessons_are_numbered_from_one() -> None:
    assert [lesson.number for lesson in load_all()] == list(range(1, len(list(FOLDER.glob("*.md"))) + 1))


def test_the_first_lesson_tells_what_its_model_does() -> None:
    lesson = load_all()[0]
    again, changed, unmoved = (step.action for step in lesson.steps)
    trace = tc.Stream(tc.load(lesson.exhibit.model, device="cpu")).feed(lesson.exhibit.text)
    assert isinstance(again, Estimate) and share(trace, again) < 90
    third = Mention("attic", 3, "")
    first, last = (at_mention(trace, "surprise", mention) for mention in (again.before, third))
    assert 0.1 * first < last < 0.9 * first, "less error is left at the third telling, yet not none"
    assert isinstance(changed, Predict) and greatest(trace, changed).word == "cellar"
    assert isinstance(unmoved, Predict) and greatest(trace, unmoved).word == "owl"
    cold, attic, _ = unmoved.mentions
    assert at_mention(trace, "surprise", cold) > at_mention(trace, "surprise", attic)
    assert at_mention(trace, "write", cold) < at_mention(trace, "write", attic)

    def clearance(quantity: str) -> float:
        """The least of the new facts over the most of the filler."""
        facts, filler = ("attic", "owl", "cellar"), ("rain", "roof", "day", "wind", "cold", "street", "empty")
        least, most = min(at(quantity, word) for word in facts), max(at(quantity, word) for word in filler)
        return least / most

    def at(quantity: str, word: str) -> float:
        return at_mention(trace, quantity, Mention(word, 1, ""))

    assert clearance("write") > max(1, clearance("surprise"))
