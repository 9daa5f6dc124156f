"""What lesson 6 tells: where the gates are open, and what one edit at one token does to the answer."""

from __future__ import annotations

from functools import cache

import pytest

import titans_core as tc
from lessons import load_all
from lessons.action import Rank
from lessons.answering import chance
from lessons.exhibits.gates import Edited, Shown

(LESSON,) = (lesson for lesson in load_all() if lesson.name == "gates")
assert isinstance(LESSON.exhibit, Shown)
EXHIBIT = LESSON.exhibit


@cache
def read() -> tuple[tc.Stream, tc.Trace]:
    stream = tc.Stream(tc.load(EXHIBIT.model, device="cpu"))
    return stream, stream.feed(EXHIBIT.text)


@cache
def found() -> Edited:
    return EXHIBIT.run(lambda name: tc.load(name, device="cpu"))


def number(name: str) -> float:
    return found().claims[name].number


def test_the_model_learned_to_write_facts_and_not_weather() -> None:
    ranked = LESSON.steps[0].action
    assert isinstance(ranked, Rank) and ranked.measured(found().claims)[0].value == "theta_cellar"
    facts, filler = ("attic", "owl", "cellar"), ("roof", "cold", "saw")
    least, most = min(number(f"theta_{w}") for w in facts), max(number(f"theta_{w}") for w in filler)
    assert least > 3 * most


def test_one_edit_at_one_token_does_what_the_lesson_tells() -> None:
    signs = {edit.name: str(found().claims[f"sign_{edit.name}"]) for edit in EXHIBIT.edits}
    assert signs == {
        "cellar": "less", "attic": "same", "neither": "less", "roof": "same", "wiped": "same",
        "late": "less", "here": "same", "eta": "same", "much": "less",
    }  # fmt: skip
    assert number("new") > 95 and number("old") < 5
    assert number("old_cellar") > 95, "without its last write the memory still holds the attic"
    assert number("new_late") < 20


@pytest.mark.lessons
def test_only_two_edits_bring_the_attic_back_and_both_lower_theta_at_the_cellar() -> None:
    stream, trace = read()
    cellar = [token.strip() for token in trace.tokens].index("cellar")
    answers = {
        (gate, value, place): EXHIBIT.edited(stream, trace, gate, value, place)
        for gate, most in found().most.items()
        for value in (0.0, most)
        for place in range(cellar - 2, len(trace))
    }
    undone = {edit for edit, (old, new) in answers.items() if old > new}
    assert undone == {("theta", 0.0, cellar), ("eta", 0.9, cellar)}
    assert number("old_much") > 95 and number("theta_at_cellar") == 0
    assert number("theta_at_much") < number("theta_cellar") / 2
    assert number("theta_at_much") <= 0.5 * (1 - 0.9) and found().most["theta"] == 0.5


def test_a_write_that_is_not_made_is_missed_only_while_something_depends_on_it() -> None:
    assert number("old_neither") < 20 and number("new_neither") < 50
    stream, trace = read()
    attic = [token.strip() for token in trace.tokens].index("attic")
    early = stream.at(attic).override(theta=0.0, tokens=attic)
    early.feed(trace.ids[attic : attic + 12])
    assert (
        chance(early, EXHIBIT.question, "attic")
        < 0.5
        < chance(stream.at(attic + 12), EXHIBIT.question, "attic")
    )


@pytest.mark.lessons
def test_momentum_matters_at_no_token_but_the_one_after_the_last_write() -> None:
    stream, trace = read()
    after = [token.strip() for token in trace.tokens].index("cellar") + 1
    known = [EXHIBIT.edited(stream, trace, "eta", 0.0, place)[1] for place in range(len(trace))]
    assert known.pop(after) < 0.95 < min(known)
