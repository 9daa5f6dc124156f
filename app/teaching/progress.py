"""What a learner did, as the session has it and as their browser keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lessons import Answer, Lesson

VERSION = 1
LONGEST = 100_000  # characters that a browser may hand over

state = st.session_state


@dataclass
class Record:
    """What was answered in one lesson: at its steps, and at its checkpoints the number of a choice; both are
    counted from 1, the choices from 0."""

    steps: dict[int, Answer] = field(default_factory=dict)
    checks: dict[int, int] = field(default_factory=dict)

    def answer(self, lesson: Lesson, number: int) -> Answer | None:
        """What was answered at a step; None where it is open, or the lesson has changed since."""
        answer = self.steps.get(number)
        return answer if answer is not None and lesson.steps[number - 1].action.accepts(answer) else None

    def choice(self, lesson: Lesson, number: int) -> int | None:
        """Which choice was made at a checkpoint, as above."""
        choice = self.checks.get(number)
        return choice if choice in range(len(lesson.checkpoints[number - 1].choices)) else None

    def done(self, lesson: Lesson) -> int:
        """How many steps are done, from the first on."""
        answers = [self.answer(lesson, number) is not None for number in range(1, len(lesson.steps) + 1)]
        return [*answers, False].index(False)

    def complete(self, lesson: Lesson) -> bool:
        """Whether all steps are done and all checkpoints answered rightly."""
        right = [self.choice(lesson, n) == asked.answer for n, asked in enumerate(lesson.checkpoints, 1)]
        return self.done(lesson) == len(lesson.steps) and all(right)


Progress = dict[str, Record]  # by the lessons' names


def progress() -> Progress:
    """The session's own."""
    if "progress" not in state:
        state.progress = {}
    found: Progress = state.progress
    return found


def record(lesson: Lesson) -> Record:
    """What was done in a lesson so far."""
    return progress().setdefault(lesson.name, Record())


def packed(kept: Mapping[str, Record]) -> str:
    """As a file has it, and the browser."""
    lessons = {
        name: {"steps": record.steps, "checks": record.checks}
        for name, record in kept.items()
        if record.steps or record.checks
    }
    return json.dumps({"titans-lab-progress": VERSION, "lessons": lessons}, ensure_ascii=False)


def unpacked(text: str) -> Progress:
    """What ``packed`` packed. Of anything else, be it damaged or of another version, nothing."""
    try:
        found = json.loads(text[:LONGEST])
        if found["titans-lab-progress"] != VERSION:
            return {}
        return {str(name): read_record(values) for name, values in found["lessons"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def read_record(values: Mapping[str, Any]) -> Record:
    """One lesson's; whether its answers can be, the lesson says (``Record.answer``)."""
    steps = {int(number): value for number, value in values["steps"].items() if simple(value)}
    checks = {int(number): value for number, value in values["checks"].items() if type(value) is int}
    return Record(steps, checks)


def simple(value: object) -> bool:
    """Whether it is of the kinds that an answer has."""
    if isinstance(value, list):
        return all(isinstance(part, str) for part in value)
    return isinstance(value, (int, float, str))


def take(kept: str) -> None:
    """Take what the browser kept; what was done in this session already stays."""
    own = progress()
    for name, record in unpacked(kept).items():
        if name not in own or not (own[name].steps or own[name].checks):
            own[name] = record
    state.progress_known = True


def known() -> str | None:
    """What the browser is to keep; None before it has told what it has."""
    return packed(progress()) if state.get("progress_known") else None


def start_again(lesson: Lesson) -> None:
    """Forget what was done in one lesson, and its widgets with it."""
    progress().pop(lesson.name, None)
    for key in [
        key for key in state if str(key).startswith((f"{lesson.name}-step-", f"{lesson.name}-check-"))
    ]:
        del state[key]


def forget() -> None:
    """Forget all."""
    names = list(progress())
    progress().clear()
    for key in [key for key in state if str(key).startswith(tuple(f"{name}-" for name in names))]:
        del state[key]
