"""Needles: each story made to be measured with asks one thing, at its distance, and of what it should."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from tests.titans_core.test_tasks import TOKENIZER, people, read, runs
from titans_core.tasks import ALL_KINDS, MAIN_KINDS, Fact, Kind, Tag, needle, story
from titans_core.tasks.document import Document
from titans_core.tasks.haystack import HAYSTACKS, UNSEEN
from titans_core.tasks.needle import broken_off, mentioned
from titans_core.tasks.words import NAMES


@pytest.mark.parametrize("facts", [1, 6, 24])
@pytest.mark.parametrize("distance", [32, 40, 256, 1000])
def test_a_needle_is_asked_at_its_distance(facts: int, distance: int) -> None:
    for seed in range(12):
        example = needle(Random(seed), TOKENIZER, facts, distance)
        at = example.answer_start
        far = int(example.distance[at])
        assert abs(far - distance) <= 8
        assert runs(example, Tag.VALUE) == facts and runs(example, Tag.ANSWER) == 1
        size = int((example.tags == Tag.ANSWER).sum()) - 1
        assert example.ids[at - far : at - far + size].tolist() == example.ids[at : at + size].tolist()
        assert TOKENIZER.decode(example.ids[at + size :], opening=False) == "."
        assert example.tags[-1] == Tag.ANSWER, "who goes on after the value has not answered right"
        assert example.ids.tolist() == [TOKENIZER.begin, *TOKENIZER.encode(example.text)]


def test_between_a_needles_facts_and_its_question_stands_filler_alone() -> None:
    for seed in range(40):
        example = needle(Random(seed), TOKENIZER, 4, 200)
        told = np.flatnonzero(np.isin(example.tags, (Tag.FACT, Tag.VALUE)))
        asked = np.flatnonzero(example.tags == Tag.QUESTION)
        between = example.tags[told[-1] + 1 : asked[0]]
        assert len(told) == told[-1] and (between == Tag.FILLER).all() and len(between) > 50


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_needle_asks_for_the_kind_wanted(kind: Kind) -> None:
    for seed in range(10):
        example = needle(Random(seed), TOKENIZER, 5, 100, kind)
        assert set(example.kind.tolist()) == {Kind.NONE, kind}
        assert read(example.text)[1][0][0] == read(example.text)[1][0][1]


def test_any_of_a_needles_facts_may_be_asked() -> None:
    places = Counter()
    for seed in range(200):
        example = needle(Random(seed), TOKENIZER, 4, 300)
        at = example.answer_start
        told = at - int(example.distance[at])
        places[int(((np.diff((example.tags == Tag.VALUE).astype(int)) == 1)[:told]).sum())] += 1
    assert set(places) == {1, 2, 3, 4} and min(places.values()) > 25


def test_too_short_a_distance_or_too_many_facts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 tokens"):
        needle(Random(0), TOKENIZER, 3, 31)
    with pytest.raises(ValueError, match="needs a fact"):
        needle(Random(0), TOKENIZER, 0, 100)
    with pytest.raises(ValueError, match="room for more than 60 facts"):
        story(Random(0), TOKENIZER, 4000, 61, kinds=MAIN_KINDS)
    with pytest.raises(ValueError, match=r"no room for more than \d+ facts of CUE"):
        document = Document(Random(0), TOKENIZER)
        document.past = {(Kind.CUE, name): Fact(Kind.CUE, name, "left") for name in NAMES}
        document.new_fact((Kind.CUE,))
    with pytest.raises(ValueError, match="no haystack is called hay: take one of mixed, "):
        needle(Random(0), TOKENIZER, 3, 100, haystack="hay")


@pytest.mark.parametrize("haystack", HAYSTACKS)
def test_a_needle_lies_in_the_haystack_asked_for(haystack: str) -> None:
    example = needle(Random(3), TOKENIZER, 4, 500, haystack=haystack)
    assert abs(int(example.distance[example.answer_start]) - 500) <= 8
    assert example.ids.tolist() == [TOKENIZER.begin, *TOKENIZER.encode(example.text)]
    if haystack == "unseen":
        assert any(sentence in example.text for sentence in UNSEEN)


def test_a_needle_may_be_told_again_before_it_changes() -> None:
    for seed in range(20):
        example = needle(Random(seed), TOKENIZER, 4, 200, changes=1, repeats=3)
        assert (runs(example, Tag.REPEAT_VALUE), runs(example, Tag.UPDATE_VALUE)) == (3, 1)
        ((given, truth),) = read(example.text)[1]
        assert given == truth
        at = example.answer_start
        assert example.tags[at - int(example.distance[at])] == Tag.UPDATE_VALUE


def test_a_crowded_needle_asks_one_of_several_facts_about_the_same() -> None:
    for seed in range(20):
        example = needle(Random(seed), TOKENIZER, 24, 512, crowded=True)
        known, ((given, truth),) = read(example.text)
        assert given == truth and len(known) == 24 and len(people(example.text)) <= 14


def test_a_changed_needle_is_answered_with_what_was_told_last() -> None:
    for seed in range(20):
        example = needle(Random(seed), TOKENIZER, 4, 200, changes=2)
        assert runs(example, Tag.UPDATE_VALUE) == 2
        ((given, truth),) = read(example.text)[1]
        assert given == truth
        at = example.answer_start
        assert abs(int(example.distance[at]) - 200) <= 8
        assert example.tags[at - int(example.distance[at])] == Tag.UPDATE_VALUE


@pytest.mark.parametrize("known", [True, False])
def test_a_story_that_breaks_off_asks_for_the_old_or_the_new(known: bool) -> None:
    for seed in range(20):
        example = broken_off(Random(seed), TOKENIZER, 4, 200, known)
        ((given, truth),) = read(example.text)[1]
        assert given == truth and (given != "unknown") is known
        assert runs(example, Tag.CHAPTER) == 1 and runs(example, Tag.VALUE) == 8


def test_a_fact_is_mentioned_three_times_and_changed() -> None:
    for seed in range(20):
        example = mentioned(Random(seed), TOKENIZER)
        assert [runs(example, t) for t in (Tag.VALUE, Tag.REPEAT_VALUE, Tag.UPDATE_VALUE)] == [1, 2, 1]
