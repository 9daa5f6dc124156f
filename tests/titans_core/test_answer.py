"""The probability of any value: counted as that of a candidate, also where it is none of the five."""

from __future__ import annotations

import pytest

import titans_core as tc
from titans_core.answer import LONGEST, likeliest_first

STORY = (
    "Mara put the red key in the attic. The rain fell over the quiet hills. The code for the blue box is "
    "4 0 7 1. The password of Leo is zimorka. " + "Nothing else happened. " * 10
).strip()
KEY = (
    "Mara put the red key in the attic. Tom likes soup. Ivy keeps a pet owl, and nobody asked her why. "
    "The blue ball is under the bed. "
)
ASKED = {  # questions, and the right values: of one token, of four, and of several that no vocabulary knows
    "Where is the red key?": "attic",
    "What is the code for the blue box?": "4 0 7 1",
    "What is the password of Leo?": "zimorka",
}


def told(name: str) -> tc.Stream:
    stream = tc.Stream(tc.load(name, device="cpu"))
    stream.feed(STORY)
    return stream


@pytest.mark.parametrize("name", tc.available())
def test_the_chances_of_a_candidate_are_its_probabilities(name: str) -> None:
    stream = told(name)
    for question, right in ASKED.items():
        answer = stream.ask(question)
        known, unknown = dict(answer.candidates), dict(answer.candidates_without)
        assert right in known or not stream.model.has_memory
        for value in {right, answer.text, answer.candidates_without[0][0]} - {""}:
            with_memory, without = answer.chances(value)
            assert known.get(value, with_memory) == pytest.approx(with_memory, rel=1e-4), value
            assert unknown.get(value, without) == pytest.approx(without, rel=1e-4), value


@pytest.mark.parametrize("name", tc.available())
def test_a_value_that_is_no_candidate_has_a_chance_smaller_than_any_of_theirs(name: str) -> None:
    answer = told(name).ask("Where is the red key?")
    for candidates, chance in zip(
        (answer.candidates, answer.candidates_without), answer.chances("zimorka xylophone"), strict=True
    ):
        assert "zimorka xylophone" not in dict(candidates)
        assert 0 < chance < candidates[-1][1]


@pytest.mark.parametrize("name", tc.available())
def test_what_was_told_is_known_and_what_nobody_told_is_not(name: str) -> None:
    stream = told(name)
    for question, right in ASKED.items():
        answer = stream.ask(question)
        assert not answer.known or answer.candidates[0] == (answer.text, answer.probability)
        assert answer.known or answer.text != right or not stream.model.has_memory
    assert not stream.ask("What is the weather on Mars?").known


def test_to_say_nothing_is_no_knowledge_however_likely() -> None:
    stream = tc.Stream(tc.load("lmm", device="cpu"))
    stream.feed(KEY)
    answer = stream.ask("🦊?")
    assert answer.text == "" and answer.probability > 0.5 and not answer.known


def test_what_several_first_tokens_lead_to_is_told_once() -> None:
    assert likeliest_first([("", 0.2), ("a", 0.3), ("", 0.25)]) == [("", 0.45), ("a", 0.3)]


def test_an_answer_that_is_cut_says_so() -> None:
    answer = told("mag-deep").ask("Hello there")
    for value, _ in answer.candidates:
        ids = answer._asked.tokenizer.encode(f" {value}", opening=False)
        assert value.endswith("…") == (len(ids) > LONGEST), value


def test_without_a_memory_wiping_changes_nothing() -> None:
    with_memory, without = told("attention").ask("Where is the red key?").chances("attic")
    assert 0 < with_memory == without < 0.5


def test_spaces_and_the_stop_around_a_value_are_no_part_of_it() -> None:
    answer = told("mac").ask("What is the code for the blue box?")
    assert answer.chances(" 4 0 7 1. ") == answer.chances("4 0 7 1")


def test_chances_come_from_the_stream_as_it_reads_on() -> None:
    stream = told("mac").override(read=False)
    assert stream.ask("Where is the red key?").chances("attic")[0] < 0.5


@pytest.mark.parametrize("value", ["", " . ", "\ud800"])
def test_what_is_no_value_has_no_chances(value: str) -> None:
    with pytest.raises(ValueError):
        told("mac").ask("Where is the red key?").chances(value)
