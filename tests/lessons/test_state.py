"""What lesson 7 tells: what a token reads of itself, what a question changes, and what the state is worth."""

from __future__ import annotations

import numpy as np

import titans_core as tc
from lessons import load_all
from lessons.exhibits.state import LIVES, Shown


def test_lesson_7_tells_what_its_model_does() -> None:
    (lesson,) = (lesson for lesson in load_all() if lesson.name == "state")
    assert isinstance(lesson.exhibit, Shown)
    model = tc.load(lesson.exhibit.model, device="cpu")
    found = lesson.exhibit.run(lambda name: model)
    numbers = {name: claim.number for name, claim in found.claims.items() if name != "asking"}
    assert numbers["own_after"] > 75 and numbers["heads"] == 1
    assert not np.any(found.own["before"]), "what is not written cannot be read"
    assert min(numbers["answer_after"], numbers["answer_before"]) > 99
    assert numbers["asked"] > 10 and numbers["held"] == 0 and found.claims["asking"].value == "changes"
    assert found.answers["pieces"] == found.answers["carried"] > 0.99
    assert max(found.answers[name] for name in {*LIVES} - {"carried", "pieces"}) < 0.05
    assert model.config.memory.read == "after", "the shared model is as it was"
