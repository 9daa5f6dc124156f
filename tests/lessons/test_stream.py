"""Claims about the exhibit "stream", and what lesson 3 tells of its model."""

from __future__ import annotations

import numpy as np
import pytest

import titans_core as tc
from lessons import load_all
from lessons.action import Predict, Rank
from lessons.exhibits.stream import Shown
from lessons.mention import Mention, at_mention


def trace_of(tokens: list[str], values: list[float]) -> tc.Trace:
    columns = {"surprise": np.array(values, np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)}
    return tc.Trace(0, tuple(range(len(tokens))), tokens, columns)


def test_a_word_inside_another_is_no_mention() -> None:
    assert Mention("", "key", 1).span("a monkey has a key") == (15, 18)
    assert Mention("", "key", 2).span("a monkey has a key") is None


def test_a_mention_is_measured_over_all_its_tokens_and_no_others() -> None:
    trace = trace_of(["a", " at", "tic", ".", "", " attic"], [9, 1, 3, 9, 9, 5])
    assert at_mention(trace, "surprise", Mention("", "attic", 1)) == 2
    assert at_mention(trace, "surprise", Mention("", "attic", 2)) == 5
    with pytest.raises(ValueError, match="does not stand 3 times"):
        at_mention(trace, "surprise", Mention("", "attic", 3))


def test_lesson_3_tells_what_its_model_does() -> None:
    (lesson,) = (lesson for lesson in load_all() if lesson.name == "surprise")
    assert isinstance(lesson.exhibit, Shown)
    found = lesson.exhibit.run(lambda name: tc.load(name, device="cpu"))
    claims = {name: claim.number for name, claim in found.claims.items()}
    assert 10 < claims["left_third"] < claims["left"] < 90, "less is left at each telling, yet not nothing"
    ranked, written = lesson.steps[1].action, lesson.steps[2].action
    assert isinstance(ranked, Rank) and isinstance(written, Predict)
    order = [option.value for option in ranked.measured(found.claims)]
    assert {*order[:3]} == {"surprise_owl", "surprise_cellar", "surprise_cold"}, "what is new surprises most"
    assert order[3:] == ["surprise_again", "surprise_third"]
    assert written.measured(found.claims)[0].value == "write_owl"
    assert claims["surprise_cold"] > claims["surprise_third"]
    assert claims["write_cold"] < claims["write_third"] / 2
    facts, filler = ("attic", "owl", "cellar"), ("rain", "roof", "day", "wind", "cold", "street", "empty")

    def clearance(quantity: str) -> float:
        """The least of the new facts over the most of the filler."""
        at = {word: at_mention(found.trace, quantity, Mention("", word, 1)) for word in facts + filler}
        return min(at[word] for word in facts) / max(at[word] for word in filler)

    assert clearance("write") > max(1, clearance("surprise")), (
        "what is written tells facts from filler better"
    )
