"""What a class answers at a lesson's steps, as it is counted."""

from __future__ import annotations

import pytest

from app.classroom.rooms import MOST_CHOICES
from app.teaching.counting import choice, choices
from lessons import Action, Answer, Choose, Do, Estimate, Predict, Rank, load_all
from lessons.action import Option
from lessons.claims import Claim

OPTIONS = (Option("the owl", "a"), Option("the soup", "b"), Option("the key", "c"))
ESTIMATE = Estimate("How much?", "share", 0, 100, 5, "share", "surprise")
CLAIMS = {"share": Claim(40, "d", "%")}


@pytest.mark.parametrize(
    ("action", "answer", "counted"),
    [
        (ESTIMATE, 0, "0 to 15\u00a0%"),
        (ESTIMATE, 15, "0 to 15\u00a0%"),
        (ESTIMATE, 20.0, "20 to 35\u00a0%"),
        (ESTIMATE, 100, "100\u00a0%"),
        (Estimate("Where?", "share", -2, 1, 1, "", ""), -1, "−1\u00a0%"),
        (Predict("Which?", OPTIONS, "", ""), "b", "the soup"),
        (Choose("Which?", "share", OPTIONS), "c", "the key"),
        (Rank("In which order?", OPTIONS, "", ""), ["b", "c", "a"], "First: the soup"),
        (Do("Slide it out.", "out"), True, "Done."),
    ],
)
def test_an_answer_is_counted_as_what_it_says(action: Action, answer: Answer, counted: str) -> None:
    assert action.accepts(answer)
    assert choices(action, CLAIMS)[choice(action, answer)] == counted


def test_a_room_can_count_every_step_of_every_lesson() -> None:
    for lesson in load_all():
        for step in lesson.steps:
            claims = {step.action.claim: CLAIMS["share"]} if isinstance(step.action, Estimate) else {}
            assert len(choices(step.action, claims)) <= MOST_CHOICES, step.title
