"""What a lesson is made of, and how one is read from its file.

The prose opens the lesson; then each ``## `` heading is a step, its text before a line of ``---`` shown first
and the rest once the learner has done what the step asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lessons import action, exhibits
from lessons.action import Action, Do
from lessons.claims import spoken_of
from lessons.exhibit import Exhibit
from lessons.head import Head, LessonError, split


@dataclass(frozen=True)
class Step:
    """One step: its prose on both sides of what the learner does, and which view of the exhibit stands
    there; "" is none."""

    title: str
    opening: str
    action: Action
    explanation: str
    shows: str
    reveals: str


@dataclass(frozen=True)
class Choice:
    """An answer that can be chosen, and why it is right or wrong."""

    text: str
    why: str


@dataclass(frozen=True)
class Checkpoint:
    """A question on what was learned; ``answer`` counts the choices from 0."""

    question: str
    choices: tuple[Choice, ...]
    answer: int


@dataclass(frozen=True)
class Teacher:
    """Notes for who teaches it: what to ask, what learners get wrong, and how long it takes."""

    ask: tuple[str, ...]
    wrong: tuple[str, ...]
    time: str


@dataclass(frozen=True)
class Lesson:
    """A lesson, checked."""

    number: int
    name: str
    title: str
    minutes: int
    goal: str
    opening: str
    exhibit: Exhibit
    steps: tuple[Step, ...]
    checkpoints: tuple[Checkpoint, ...]
    teacher: Teacher


def load(path: Path) -> Lesson:
    """The lesson in ``NUMBER-NAME.md``. Raises LessonError, naming file and field, where it is malformed."""
    named = re.fullmatch(r"(\d+)-([a-z-]+)", path.stem)
    if named is None:
        raise LessonError(f"{path.name}: a lesson's file is named like 01-surprise.md")
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise LessonError(f"{path.name}: the file is not UTF-8; save it as such") from None
    except OSError as error:
        raise LessonError(
            f"{path.name}: the file cannot be read ({error.strerror}); remove or mend it"
        ) from None
    head, prose = split(path.name, content)
    opening, sections = read_sections(path.name, prose)
    exhibit = exhibits.read(head.table("exhibit"))
    lesson = Lesson(
        number=int(named[1]),
        name=named[2],
        title=head.text("title"),
        minutes=head.count("minutes"),
        goal=head.text("goal"),
        opening=opening,
        exhibit=exhibit,
        steps=read_steps(head, sections, exhibit),
        checkpoints=tuple(read_checkpoint(table) for table in head.tables("checkpoints", 2, 4)),
        teacher=read_teacher(head.table("teacher")),
    )
    head.finish()
    check_claims(path.name, lesson)
    return lesson


def read_sections(file: str, prose: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """The opening, and each ``## `` section as (before, after) its line of ``---``."""
    opening, *parts = re.split(r"^## +", prose, flags=re.MULTILINE)
    sections = {}
    for part in parts:
        title, _, body = part.partition("\n")
        before, line, after = body.partition("\n---\n")
        if not line:
            raise LessonError(
                f"{file}: the section {title.strip()!r} needs a line of --- before its explanation"
            )
        sections[title.strip()] = (before.strip(), after.strip())
    return opening.strip(), sections


def read_steps(head: Head, sections: dict[str, tuple[str, str]], exhibit: Exhibit) -> tuple[Step, ...]:
    """The head's [[steps]], each with the section of its title, in the same order."""
    steps = []
    for table in head.tables("steps"):
        title = table.text("title")
        if title not in sections:
            raise table.error("title", f"needs a section '## {title}' in the prose")
        opening, explanation = sections[title]
        if not explanation:
            raise table.error("title", "has a section with nothing after its line of ---")
        asked = action.read(table, exhibit)
        shows, reveals = (read_view(table, field, exhibit) for field in ("shows", "reveals"))
        steps.append(Step(title, opening, asked, explanation, shows, reveals))
        table.finish()
    if [step.title for step in steps] != list(sections):
        raise head.error("steps", f"must follow the prose's sections: {', '.join(sections)}")
    return tuple(steps)


def read_view(head: Head, field: str, exhibit: Exhibit) -> str:
    """A view of the exhibit, or none."""
    return head.one_of(field, exhibit.views) if field in head else ""


def read_checkpoint(head: Head) -> Checkpoint:
    """One of the head's [[checkpoints]]; its ``answer`` is the number of a choice, from 1."""
    question, answer = head.text("question"), head.count("answer")
    choices = []
    for table in head.tables("choices", at_least=2):
        choices.append(Choice(table.text("text"), table.text("why")))
        table.finish()
    if answer > len(choices):
        raise head.error("answer", f"must be the number of a choice, 1 to {len(choices)}, not {answer}")
    head.finish()
    return Checkpoint(question, tuple(choices), answer - 1)


def read_teacher(head: Head) -> Teacher:
    """The head's [teacher]."""
    teacher = Teacher(head.texts("ask"), head.texts("wrong"), head.text("time"))
    head.finish()
    return teacher


def check_claims(file: str, lesson: Lesson) -> None:
    """Raise LessonError where a text speaks of a claim that the exhibit does not make."""
    texts = [lesson.opening]
    for step in lesson.steps:
        asked = step.action.task if isinstance(step.action, Do) else step.action.question
        texts += [step.opening, asked, step.explanation]
    for checkpoint in lesson.checkpoints:
        texts += [checkpoint.question, *(part for choice in checkpoint.choices for part in (choice.text, choice.why))]  # fmt: skip # noqa: E501
    texts += [*lesson.teacher.ask, *lesson.teacher.wrong, lesson.teacher.time]
    promises = lesson.exhibit.promises
    for name in sorted(set().union(*map(spoken_of, texts)) - {*promises}):
        known = ", ".join(f"{{{claim}}}" for claim in promises) or "none"
        raise LessonError(
            f"{file}: the prose speaks of {{{name}}}, which its exhibit does not find; it finds {known}"
        )
