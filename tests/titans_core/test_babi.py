"""Questions over one to three facts: every answer is what a world finds that is written here once more."""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from titans_core.tasks import Tag
from titans_core.tasks.babi import LEAST_LENGTH, babi, babi_story
from titans_core.tasks.document import Example
from titans_core.tasks.facts import Kind
from titans_core.tasks.words import NAMES, OBJECTS, PLACES
from titans_core.tokenizer import Tokenizer

TOKENIZER = Tokenizer.load()
(STOP,) = TOKENIZER.encode(".", opening=False)
WHO, THING, PLACE = ("(" + "|".join(words) + ")" for words in (NAMES, OBJECTS, PLACES))
SENTENCE = re.compile(
    rf"(?<!\w){WHO} (?:(went|moved) to the {PLACE}|(took|got|left) the {THING})\."
    rf"|Where is (?:the )?({'|'.join(NAMES + OBJECTS)})\? (\w+)\."
    rf"|Where was the {THING} before the {PLACE}\? (\w+)\."
    rf"|Who has the {THING}\? (\w+)\."
)
SEEDS = st.integers(0, 2**32)


class Found(NamedTuple):
    """A question in a text: how many facts it needs, its answer, the right one, and the number of the going
    that tells it. No facts, no going: who has a thing."""

    facts: int
    given: str
    right: str
    going: int


def simulated(text: str) -> tuple[list[Found], int, int]:
    """All questions of a text, its goings and its other deeds. The world is a picture for each moment: where
    everybody and everything is, and since which going."""
    picture: dict[str, tuple[str, int]] = {}
    pictures, carried, found, others, goings = [picture], dict[str, str](), list[Found](), 0, 0
    for who, went, place, act, thing, subject, answer, past, later, former, had, holder in SENTENCE.findall(
        text
    ):
        if went:
            moving = {who, *(what for what, by in carried.items() if by == who)}
            picture = picture | {one: (place, goings) for one in moving}
            goings += 1
        elif act:
            others += 1
            assert (thing not in carried) if act != "left" else carried[thing] == who
            assert picture.get(thing, picture[who])[0] == picture[who][0], "nobody takes what is elsewhere"
            carried = (
                carried | {thing: who} if act != "left" else {k: v for k, v in carried.items() if k != thing}
            )
            picture = {thing: picture[who]} | picture
        elif had:
            found.append(Found(0, holder, carried[had], -1))
        elif subject:
            found.append(Found(1 if subject in NAMES else 2, answer, *picture[subject]))
        else:
            places = [moment[past] for moment in pictures if past in moment]
            last = max(i for i, (at, _) in enumerate(places) if at == later)
            while places[last][0] == later:
                last -= 1
            assert last >= 0
            found.append(Found(3, former, *places[last]))
        pictures.append(picture)
    return found, goings, others


def told(example: Example) -> list[int]:
    """The positions of the places that people went to."""
    return np.flatnonzero(np.isin(example.tags, (Tag.VALUE, Tag.UPDATE_VALUE))).tolist()


def check_answers(example: Example) -> list[Found]:
    """Every answer is right, and its distance reaches back to the going that tells it."""
    found, _, _ = simulated(example.text)
    starts = np.flatnonzero((example.tags == Tag.ANSWER) & (np.roll(example.tags, 1) != Tag.ANSWER))
    for start, one in zip(starts, found, strict=False):
        assert one.given == one.right, example.text
        at = start - example.distance[start]
        assert at == told(example)[one.going] if one.facts else example.tags[at] == Tag.FACT, example.text
        assert example.ids[at] == example.ids[start]
        assert TOKENIZER.decode(example.ids[start : start + 1].tolist(), opening=False) == f" {one.right}"
        assert (example.kind[start : start + 2] == Kind.PLACE)[: len(example.ids) - start].all()
    assert 0 <= len(found) - len(starts) <= 1  # the last one may stand beyond the last token
    return found


@given(SEEDS, st.sampled_from((1, 2, 3)), st.integers(LEAST_LENGTH, 600))
@settings(max_examples=150)
def test_the_one_question_is_answered_as_the_world_has_it(seed: int, facts: int, length: int) -> None:
    example = babi(Random(seed), TOKENIZER, length, facts)
    (found,) = check_answers(example)
    assert found.facts == facts
    assert example.text.endswith(f"? {found.right}.")
    assert len(example.ids) <= length
    assert example.ids.tolist() == [TOKENIZER.begin, *TOKENIZER.encode(example.text)]


@given(SEEDS)
@settings(max_examples=60)
def test_what_was_carried_on_went_somewhere_after_it_was_taken(seed: int) -> None:
    example = babi(Random(seed), TOKENIZER, 400, 2, carried_on=True)
    (found,) = check_answers(example)
    assert found.facts == 2
    thing = next(one[6] for one in SENTENCE.finditer(example.text) if one[6])
    deeds = [(one[1], one[4], one.start()) for one in SENTENCE.finditer(example.text) if one[5] == thing]
    who, _, taken = [deed for deed in deeds if deed[1] != "left"][-1]
    moves = [
        one for one in SENTENCE.finditer(example.text) if one[1] == who and one[2] and one.start() > taken
    ]
    assert found.right in {one[3] for one in moves}


@given(SEEDS, st.lists(st.sampled_from((1, 2, 3)), min_size=1, max_size=3))
@settings(max_examples=60)
def test_all_questions_of_a_training_story_are_answered_as_the_world_has_it(
    seed: int, facts: list[int]
) -> None:
    example = babi_story(Random(seed), TOKENIZER, 400, facts)
    found = check_answers(example)
    assert {one.facts for one in found if one.facts} <= set(facts)
    assert len(example.ids) == 400
    distances = example.distance[example.distance > 0]
    assert not len(distances) or distances.min() > 24


def test_filler_tells_of_no_deed_and_asks_nothing() -> None:
    for seed in range(60):
        example = babi(Random(seed), TOKENIZER, 700, 1 + seed % 3)
        found, goings, others = simulated(example.text)
        ends = (example.ids == STOP) & np.isin(example.tags, (Tag.FACT, Tag.UPDATE))
        assert goings == len(told(example)) and goings + others == ends.sum() and len(found) == 1


@pytest.mark.parametrize("haystack", ["mixed", "stock", "unseen"])
def test_a_story_is_about_as_long_as_asked_and_its_facts_lie_anywhere_in_it(haystack: str) -> None:
    examples = [babi(Random(seed), TOKENIZER, 1024, 1 + seed % 3, haystack) for seed in range(60)]
    assert all(1024 - 60 <= len(example.ids) <= 1024 for example in examples)
    distances = [example.distance[example.answer_start] for example in examples]
    assert min(distances) < 200 and max(distances) > 800


def test_a_question_of_more_facts_is_seldom_answered_by_the_last_place_told() -> None:
    def guessed(facts: int) -> float:
        examples = [babi(Random(seed), TOKENIZER, 256, facts) for seed in range(150)]
        return float(np.mean([e.ids[told(e)[-1]] == e.ids[e.answer_start] for e in examples]))

    assert max(guessed(1), guessed(2)) < 0.45 and guessed(3) < 0.2


def test_nothing_is_asked_again_before_it_changed() -> None:
    for seed in range(40):
        text = babi_story(Random(seed), TOKENIZER, 600, (1, 2, 3)).text
        asked: dict[str, int] = {}
        sentences = [match.group() for match in SENTENCE.finditer(text)]
        for at, words in enumerate(sentences):
            if "? " in words:
                since = sentences[asked.get(words, at) : at]
                assert not since or any(re.search(" to the | left the ", other) for other in since), text
                asked[words] = at


@pytest.mark.parametrize(
    ("length", "facts", "haystack", "sentence"),
    [
        (LEAST_LENGTH - 1, 1, "mixed", "at least 160 tokens"),
        (256, 0, "mixed", "1 to 3 facts"),
        (256, 4, "mixed", "1 to 3 facts"),
        (256, 1, "straw", "no haystack is called straw"),
    ],
)
def test_what_cannot_be_asked_is_said(length: int, facts: int, haystack: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        babi(Random(0), TOKENIZER, length, facts, haystack)
