"""A fact in a haystack: where it stands, what the models are asked and answer, what cannot be searched."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import titans_core as tc
from app import models, needle
from app.limits import BadInput
from app.needle import MOST, Needle, Search, hide, stages
from titans_core.tokenizer import Tokenizer

PLACE = Needle("Mara put the red key in the attic.", "Where is the red key?", "attic", 256, 0.1, 1)
CODE = PLACE._replace(
    fact="The code for the blue box is 4 0 7 1.",
    question="What is the code for the blue box?",
    answer="4 0 7 1",
)
decode = Tokenizer.load().decode


def to_the_end(search: Search) -> Search:
    *_, last = stages(search)
    return last.value


@settings(max_examples=60)
@example(659, 0.640625, 622, PLACE.fact)  # the sentence behind it begins with two spaces
@given(
    st.integers(1, 2000),
    st.one_of(st.floats(0, 1), st.sampled_from((0.0, 1.0))),
    st.integers(1, 999),
    st.sampled_from((PLACE.fact, CODE.fact, "  “Tom likes soup,” she said  ", "🗝️!", "x = 3")),
)
def test_the_fact_stands_between_two_sentences_and_is_told_where_its_tokens_end(
    length: int, depth: float, seed: int, fact: str
) -> None:
    hay = hide(PLACE._replace(fact=fact, length=length, depth=depth, seed=seed))
    bare = fact.strip()
    told = decode(hay.ids[: hay.told])
    assert told == f"{hay.before} {bare}".lstrip()
    behind = decode(hay.ids).removeprefix(told)
    assert behind.lstrip() == hay.after and (not hay.after or behind[0].isspace())
    assert decode(hay.ids[: hay.start]) == hay.before
    other = hide(PLACE._replace(fact="Tom.", length=length, depth=depth, seed=seed))
    assert (other.before, other.after) == (hay.before, hay.after), "the fact does not choose its haystack"
    assert hay.start <= depth * length


@given(st.integers(32, 2000), st.integers(1, 999))
@settings(max_examples=30)
def test_a_fact_goes_from_the_begin_to_almost_the_end(length: int, seed: int) -> None:
    first, last = (hide(PLACE._replace(length=length, depth=depth, seed=seed)) for depth in (0, 1))
    assert first.start == 0 and first.before == ""
    assert len(last.ids) - last.told >= 2 * needle.FIRST
    assert last.after.count(" ") < 80, "a few sentences"


def test_the_models_are_asked_soon_at_every_doubling_and_at_the_end() -> None:
    hay = hide(PLACE._replace(length=2048))
    assert needle.distances(hay)[:-1] == [8, 16, 32, 64, 128, 256, 512, 1024]
    assert hay.told + needle.distances(hay)[-1] == len(hay.ids)


@pytest.mark.parametrize("wanted", [PLACE, CODE], ids=["one token", "several tokens"])
def test_the_answers_are_those_of_streams_that_read_the_same(wanted: Needle) -> None:
    search = to_the_end(needle.begin([models.load(name) for name in ("mac", "lmm", "attention")], wanted))
    assert search.complete and search.read == len(search.hay.ids)
    for name, found in search.found.items():
        stream = tc.Stream(models.load(name))
        for one in found:
            stream.feed(search.hay.ids[stream.position : search.hay.told + one.distance])
            answer = stream.ask(wanted.question)
            assert one.said == answer.text
            chances = pytest.approx(answer.chances(wanted.answer), rel=1e-3)
            assert (one.with_memory, one.without) == chances


def test_a_memory_keeps_what_attention_alone_has_lost() -> None:
    search = to_the_end(needle.begin([models.load("mac"), models.load("attention")], PLACE))
    kept, lost = (search.found[name][-1] for name in ("mac", "attention"))
    assert kept.said == "attic" and kept.with_memory > 0.5 > kept.without
    assert 0 < lost.with_memory == lost.without < 0.5


def test_a_search_that_stopped_goes_on_where_it_was() -> None:
    fresh = needle.begin([models.load("mac"), models.load("lmm")], PLACE)
    whole = list(stages(fresh))
    for step in (whole[0], whole[5], whole[-2]):
        rest = list(stages(step.value))
        assert rest[0] == step._replace(worth=False), "where it is"
        assert rest[-1].value.found == whole[-1].value.found
        assert len(rest) == len(whole) - whole.index(step)
    assert list(stages(whole[-1].value)) == []


def test_a_long_stretch_is_read_in_pieces_between_which_it_can_be_stopped() -> None:
    search = needle.begin([models.load("lmm")], PLACE._replace(length=2048))
    reads = [step.done for step in stages(search)]
    assert max(later - earlier for earlier, later in pairwise(reads)) == needle.PIECE


def test_the_right_answer_is_spelled_as_the_fact_spells_it() -> None:
    assert PLACE._replace(answer=" Attic. ").value == "attic"
    assert PLACE._replace(answer="The cellar").value == "The cellar"


@pytest.mark.parametrize("what", ["fact", "question", "answer"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "There is no {}"),
        (" . ", "There is no {}"),
        ("x" * (MOST + 1), "This {} has 401 characters"),
        ("key \ud800", "This {} cannot be read: character 4"),
    ],
    ids=["empty", "a stop alone", "too long", "half a surrogate pair"],
)
def test_what_cannot_be_searched_is_told_in_a_sentence(what: str, text: str, told: str) -> None:
    with pytest.raises(BadInput) as problem:
        hide(PLACE._replace(**{what: text}))
    assert str(problem.value).startswith(told.format(what)) and str(problem.value).endswith(".")


@pytest.mark.parametrize("answer", ["cellar", "in the attics", "attic key"])
def test_an_answer_that_the_fact_does_not_say_is_told(answer: str) -> None:
    with pytest.raises(BadInput, match=f"The fact does not say “{answer}”, so nobody can find it"):
        PLACE._replace(answer=answer).check()
    PLACE._replace(answer=" Attic. ").check()


@given(st.text(min_size=1, max_size=12))
@settings(max_examples=40)
def test_any_answer_that_passes_has_a_chance(text: str) -> None:
    wanted = PLACE._replace(fact=f"The word is {text}", answer=text)
    try:
        wanted.check()
    except BadInput:
        return
    said, *chances = needle.answer(tc.Stream(models.load("lmm")), wanted)
    assert all(0 <= chance < 1 for chance in chances)
