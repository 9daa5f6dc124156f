"""Running a lesson's exhibit, and whether it found what the lesson asks about."""

from __future__ import annotations

from lessons.action import Action, Choose, Estimate, Predict
from lessons.claims import Claim
from lessons.exhibit import Found, Loader
from lessons.head import LessonError
from lessons.lesson import Lesson


def run(lesson: Lesson, load: Loader) -> Found:
    """What the lesson's exhibit finds. Raises ValueError where a model cannot be loaded, and LessonError
    where a step asks about something else than was found."""
    found = lesson.exhibit.run(load)
    if missing := {*lesson.exhibit.promises} - {*found.claims}:
        raise LessonError(f"lesson {lesson.number}: its exhibit did not find {', '.join(sorted(missing))}")
    for number, step in enumerate(lesson.steps, 1):
        for name in numbers(step.action):
            if isinstance(found.claims[name].value, str):
                raise LessonError(
                    f"lesson {lesson.number}, step {number}: {name} is a word; ask for it with choose"
                )
        if isinstance(step.action, Choose):
            check_choice(lesson, number, step.action, found.claims[step.action.claim])
    return found


def numbers(action: Action) -> tuple[str, ...]:
    """The claims that an action needs to be numbers."""
    if isinstance(action, Predict):
        return tuple(option.value for option in action.options)
    return (action.claim,) if isinstance(action, Estimate) else ()


def check_choice(lesson: Lesson, number: int, action: Choose, claim: Claim) -> None:
    """Raise LessonError where what was found can not be chosen."""
    values = [option.value for option in action.options]
    if str(claim) not in values:
        raise LessonError(
            f"lesson {lesson.number}, step {number}: {action.claim} was found to be {str(claim)!r}; "
            f"offer it among the options, which are {', '.join(values)}"
        )
