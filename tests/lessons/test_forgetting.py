"""What lesson 5 tells: when the gate opens, which constant α does the same, and what overflows without it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import titans_core as tc
from lessons import load_all
from lessons.action import Predict
from lessons.exhibits.forgetting import ALPHAS, Gated, Shown, chapters, parts
from titans_core.recipe import Stage, read_config

CONFIGS = Path(__file__).resolve().parent.parent.parent / "configs"
(LESSON,) = (lesson for lesson in load_all() if lesson.name == "forgetting")


@cache
def found() -> Gated:
    assert isinstance(LESSON.exhibit, Shown)
    return LESSON.exhibit.run(lambda name: tc.load(name, device="cpu"))


def number(name: str) -> float:
    return found().claims[name].number


def latest_stage(name: str) -> Stage:
    """Of a shipped model's training."""
    return read_config(CONFIGS / f"{name}.toml", vocab_size=1024).stages[-1]


def test_the_texts_are_told_by_their_number_and_differ() -> None:
    assert chapters(1, 3, 4) == chapters(1, 3, 4) != chapters(2, 3, 4)
    text, last = chapters(0, 3, 4)
    assert text.count("Chapter") == 2 and len(last) == 4
    assert all(fact.value in text.rsplit("Chapter", 1)[1] for fact in last)


@pytest.mark.lessons
def test_the_gate_opens_where_a_chapter_begins() -> None:
    action = LESSON.steps[0].action
    assert isinstance(action, Predict)
    assert action.measured(found().claims)[0].value == "alpha_chapter"
    assert number("alpha_chapter") > 10 * max(number(f"alpha_{word}") for word in ("attic", "dark", "garage"))
    assert number("old_own") < 1 and number("new_own") > 90 and number("old_never") > 50


@pytest.mark.lessons
def test_a_few_heads_forget_nearly_all_and_on_them_the_old_fact_hangs() -> None:
    assert 0 < number("open") < number("heads") / 2
    assert number("unknown_own") > 99 and number("old_shut") > 50


@pytest.mark.lessons
def test_a_constant_alpha_parts_them_too_in_a_range_of_its_own() -> None:
    parting = [alpha for alpha in ALPHAS if parts(found().clamped[alpha])]
    assert parting == [alpha for alpha in ALPHAS if min(parting) <= alpha <= max(parting)]
    assert (number("least"), number("most")) == (0.002, 0.05)
    beyond = found().clamped[ALPHAS[ALPHAS.index(max(parting)) + 1]]
    assert beyond.old < 0.5 and beyond.new < 0.5, "a little more, and both are lost"


@pytest.mark.lessons
def test_without_forgetting_the_memory_overflows() -> None:
    assert number("known_own") > 70 > 60 > number("known_never"), "what is new suffers"
    assert number("norm_never") > 1.7 * number("norm_own")
    norms = found().never.norms
    assert norms[-1] > norms[len(norms) // 2] > norms[len(norms) // 4], "and it goes on rising"
    assert abs(number("beside_own") - number("beside_never")) < 15, (
        "not in a model that was not taught to forget"
    )


@pytest.mark.lessons
def test_the_model_with_chapters_writes_more_boldly_and_its_training_differed_in_more_than_chapters() -> None:
    assert number("written_own") > 2 * number("written_beside")
    own, beside = (latest_stage(name) for name in ("lmm-chapters", "lmm"))
    assert own.chapters > beside.chapters == 0
    assert beside.write_cost > own.write_cost == 0 and beside.crowded > own.crowded == 0
    assert max(beside.facts) > max(own.facts)
