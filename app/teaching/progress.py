"""What a learner did, as the session has it and as their browser keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import streamlit as st

from lessons import Answer, Lesson, words

VERSION = 1
LONGEST = 100_000  # characters that a browser may hand over, or a file

say = words("page")
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

    def add(self, other: Record) -> None:
        """Take another's answers where there are none yet."""
        self.steps = other.steps | self.steps
        self.checks = other.checks | self.checks


Progress = dict[str, Record]  # by the lessons' names


class BadProgress(ValueError):
    """A file holds no progress that can be taken; the message is one sentence saying what to do."""


def progress() -> Progress:
    """The session's own."""
    if "progress" not in state:
        state.progress = {}
    found: Progress = state.progress
    return found


def record(lesson: Lesson) -> Record:
    """What was done in a lesson so far."""
    return progress().setdefault(lesson.name, Record())


def place(lesson: Lesson) -> dict[str, str]:
    """A lesson in the address, at the step that is next."""
    return {"lesson": lesson.name, "step": str(record(lesson).done(lesson) + 1)}


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
        return read(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def read(text: str) -> Progress:
    """The same. Raises ValueError, KeyError, TypeError, AttributeError or RecursionError of anything else."""
    found = json.loads(text[:LONGEST])
    if found["titans-lab-progress"] != VERSION:
        raise ValueError("another version")
    return {str(name): read_record(values) for name, values in found["lessons"].items()}


def from_file(content: bytes, lessons: Iterable[Lesson]) -> Progress:
    """What a file that was saved here holds of these lessons, as far as they can be answered so. Raises
    BadProgress of any other file."""
    try:
        kept = read(content.decode("utf-8-sig"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadProgress(say("no_progress")) from None
    found = {lesson.name: valid(kept[lesson.name], lesson) for lesson in lessons if lesson.name in kept}
    some = {name: record for name, record in found.items() if record.steps or record.checks}
    if not some:
        raise BadProgress(say("no_progress"))
    return some


def valid(record: Record, lesson: Lesson) -> Record:
    """What of a record its lesson knows."""
    steps = {number: record.answer(lesson, number) for number in range(1, len(lesson.steps) + 1)}
    checks = {number: record.choice(lesson, number) for number in range(1, len(lesson.checkpoints) + 1)}
    return Record(
        {number: answer for number, answer in steps.items() if answer is not None},
        {number: choice for number, choice in checks.items() if choice is not None},
    )


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
    merge(unpacked(kept))
    state.progress_known = True
    with suppress(ValueError, KeyError, IndexError, TypeError, RecursionError):  # there may be none
        state.progress_heard = str(json.loads(kept[:LONGEST])["forgotten"][-1]["id"])


def merge(other: Progress) -> None:
    """Add to the session's what was answered elsewhere; what was answered here too stays."""
    own = progress()
    for name, record in other.items():
        own.setdefault(name, Record()).add(record)


def known() -> str | None:
    """What the browser is to keep; None before it has told what it has."""
    return packed(progress()) if state.get("progress_known") else None


def forgotten() -> list[dict[str, object]]:
    """What was forgotten on purpose in this session, one by one, for the browser to forget it too."""
    found: list[dict[str, object]] = state.setdefault("progress_forgotten", [])
    return found


def tell_forgotten(names: list[str] | None) -> None:
    """These lessons' progress is to be forgotten; None is all of it, that of other tabs too."""
    forgotten().append({"id": token_hex(8), "names": names})


def hear(gone: object) -> None:
    """Forget what was forgotten on purpose in other tabs, whatever a browser sends."""
    for told in gone if isinstance(gone, list) else []:
        match told:
            case {"id": str(id), "names": None}:
                drop(None)
            case {"id": str(id), "names": list(names)}:
                drop([str(name) for name in names])
            case _:
                continue
        state.progress_heard = id


def start_again(lesson: Lesson) -> None:
    """Forget what was done in one lesson."""
    tell_forgotten([lesson.name])
    drop([lesson.name])


def forget() -> None:
    """Forget all."""
    tell_forgotten(None)
    drop(None)


def drop(names: list[str] | None) -> None:
    """Let go the answers of these lessons, None is all, and their widgets with them."""
    parts = ("-",) if names is None else ("-step-", "-check-")
    for name in list(progress()) if names is None else names:
        progress().pop(name, None)
        starts = tuple(f"{name}{part}" for part in parts)
        for key in [key for key in state if str(key).startswith(starts)]:
            del state[key]
