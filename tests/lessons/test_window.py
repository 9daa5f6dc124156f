"""What lesson 1 tells: the fact is lost where the window ends, to the token, whichever fact it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

import titans_core as tc
from lessons import load_all
from lessons.exhibits.window import Shown

FACTS = (
    ("Mara", "red key", "attic"), ("Tom", "blue lamp", "cellar"), ("Ivy", "green drum", "garage"),
    ("Leo", "white ring", "kitchen"), ("Nina", "black map", "garden"), ("Hugo", "grey cup", "tower"),
)  # fmt: skip


def shown(who: str, thing: str, place: str) -> Shown:
    """The lesson's exhibit with another fact."""
    (lesson,) = (lesson for lesson in load_all() if lesson.name == "why-memory")
    assert isinstance(lesson.exhibit, Shown)
    fact, question = f"{who} put the {thing} in the {place}.", f"Where is the {thing}?"
    return replace(lesson.exhibit, fact=fact, value=place, question=question)


@pytest.mark.parametrize(
    "fact", [FACTS[0], *(pytest.param(fact, marks=pytest.mark.lessons) for fact in FACTS[1:])]
)
def test_a_fact_is_lost_where_the_window_ends_and_a_memory_keeps_it(fact: tuple[str, str, str]) -> None:
    found = shown(*fact).run(lambda name: tc.load(name, device="cpu"))
    claims = {name: claim.number for name, claim in found.claims.items()}
    assert claims["lost"] == claims["window"] == 32
    assert claims["inside"] > 4 * claims["outside"] and claims["near"] > claims["inside"] > claims["near"] / 2
    assert claims["kept"] > 95 and claims["farthest"] > 2 * claims["window"]
    assert found.table.said.iloc[0] == fact[2] and found.table.said.iloc[-1] != fact[2]


def test_words_before_the_fact_take_nothing_from_it() -> None:
    exhibit = shown(*FACTS[0])
    stream = tc.Stream(tc.load("attention", device="cpu"))
    stream.feed(f"{exhibit.filler} {exhibit.fact}")
    assert stream.ask(exhibit.question).text == "attic"


def test_the_text_is_drawn_token_by_token() -> None:
    exhibit = shown(*FACTS[0])
    found = exhibit.run(lambda name: tc.load(name, device="cpu"))
    whole = "".join([*found.fact, *("".join(word) for word in found.filler), *found.question])
    assert whole == f"{exhibit.fact} {exhibit.filler} {exhibit.question}"
    for count in (0, 7):
        between = [token for word in found.filler[:count] for token in word]
        assert found.table.distance[count] == 1 + len(between) + len(found.question)
