"""Claims of lesson 10: how long a fact is known, and how many facts are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import titans_core as tc
from lessons import LessonError
from lessons.exhibits import needle
from lessons.exhibits.needle import CROWDS, FAR, SOON, Asked, Shown
from lessons.head import Head

MODELS = ("attention", "lmm", "mac", "mag", "mal")
REMEMBERING = MODELS[1:]


@cache
def load(name: str) -> tc.TitansLM:
    return tc.load(name, device="cpu")


@pytest.fixture(scope="module")
def found() -> needle.Searched:
    return Shown(MODELS).run(load)


def test_it_finds_what_it_promises(found: needle.Searched) -> None:
    assert {*found.claims} == {*Shown(MODELS).promises}


def test_a_haystack_holds_its_facts_where_it_says() -> None:
    told = needle.hide(100, 200, facts=3, seed=1)
    tokenizer = tc.Stream(load("lmm")).tokenizer
    assert len(told.ids) == told.end + 200 and told.start == 100
    assert tokenizer.decode(told.ids[told.start : told.end]).strip() == told.words.strip()
    assert all(fact.value in told.words for fact in told.facts) and len(told.facts) == 3
    assert needle.hide(100, 200, facts=3, seed=1) == told


def test_attention_alone_has_lost_a_fact_after_a_window(found: needle.Searched) -> None:
    window = load("attention").config.window
    assert all(right == 0 for after, right in found.lone["attention"].items() if after >= 2 * window)
    assert found.claims["lost"].value == "attention"


def test_a_lone_fact_is_known_a_thousand_tokens_later_by_all_that_have_a_memory(
    found: needle.Searched,
) -> None:
    assert all(found.lone[name][FAR] == 1 for name in REMEMBERING)


def test_where_in_the_haystack_the_fact_stands_matters_little() -> None:
    for before in (0, 512, 1536):
        asked = needle.search(load("mac"), needle.hide(before, 256, seed=2), (256,))
        assert asked[0].right == 1


def test_a_crowd_breaks_what_length_does_not(found: needle.Searched) -> None:
    assert found.claims["breaks"].value == "crowd"
    for name in REMEMBERING:
        by_size = found.crowd[name]
        assert by_size[CROWDS[0]] == by_size[CROWDS[1]] == 1
        assert by_size[CROWDS[-1]] < 0.8
        sizes = [by_size[facts] for facts in CROWDS]
        assert all(after <= before + 0.05 for before, after in zip(sizes, sizes[1:], strict=False))


def test_a_crowd_is_known_as_well_later_as_soon() -> None:
    by_distance = needle.crowds(load("mac"))[CROWDS[-1]]
    assert abs(by_distance[SOON] - by_distance[FAR]) < 0.15


def test_a_larger_crowd_begins_with_the_smaller() -> None:
    large, small = (needle.hide(0, 0, facts, seed=1) for facts in (CROWDS[-1], 5))
    assert large.ids[: len(small.ids)] == small.ids and large.facts[:5] == small.facts


def test_of_a_crowd_it_is_later_facts_and_not_the_gate_that_take_what_was_known(
    found: needle.Searched,
) -> None:
    told, later, unforgetting = (
        found.claims[name].number for name in ("at_once", "crowd_lmm", "unforgetting")
    )
    assert told > later + 20, "known as it was told, and lost"
    assert unforgetting <= later, "with α = 0 no more of them are known"


def test_those_that_are_to_be_ranked_differ_by_more_than_chance(found: needle.Searched) -> None:
    attention, lmm, mac = (found.claims[f"card_{name}"].number for name in ("attention", "lmm", "mac"))
    error = 100 * (0.25 / 50) ** 0.5  # of a share of fifty questions, at the most
    assert attention + 2 * error < lmm < mac - 2 * error


def test_asking_leaves_the_stream_as_it_was() -> None:
    told = needle.hide(0, 16, facts=4)
    stream = tc.Stream(load("lmm"))
    stream.feed(told.ids)
    before = stream.position
    first, again = needle.ask(stream, told.facts), needle.ask(stream, told.facts)
    assert first == pytest.approx(again) and stream.position == before
    assert Asked(16, (0.9, 0.1)).right == 0.5 and np.isfinite(first).all()


@pytest.mark.parametrize("models", [["mac", "attention", "mic"], ["mac", "lmm"], ["mac"]])
def test_other_models_are_refused(models: list[str]) -> None:
    with pytest.raises(LessonError, match="exhibit.models must"):
        Shown.read(Head("10-needle.md", {"models": models}, "exhibit."))


@pytest.mark.lessons
@pytest.mark.parametrize("name", REMEMBERING)
def test_a_lone_fact_is_known_as_far_as_the_slider_goes(name: str) -> None:
    for seed in range(4):
        asked = needle.search(load(name), needle.hide(256, 4096, seed=seed))
        assert [one.right for one in asked] == [1] * len(asked)
