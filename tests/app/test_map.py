"""Claims about lesson 10's map: it comes row by row, can be stopped, and is computed once for all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.exhibits.needle import MAPPED, maps, stages
from lessons.exhibits import needle
from lessons.exhibits.needle import CROWDS, Row, haystacks, tokens

SCRIPT = """
import streamlit as st
from app.exhibits.needle import draw
from lessons.exhibits.needle import Shown
st.text(draw(Shown(("attention", "lmm", "mac")), None, "map", "map"))
"""


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The crowds whose rows were computed, which here takes no time."""
    done: list[int] = []

    def rows(model: object, distances: tuple[int, ...]) -> Iterator[Row]:
        for facts in CROWDS:
            done.append(facts)
            yield Row(facts, dict.fromkeys(distances, 1 / facts), tokens(haystacks(facts, distances)))

    monkeypatch.setattr(needle, "rows", rows)
    st.cache_resource.clear()
    yield done
    st.cache_resource.clear()


def mapped(page: AppTest) -> AppTest:
    page.button[0].click().run()
    assert not page.exception
    return page


def test_rows_are_shown_as_they_come_up_to_the_last(computed: list[int]) -> None:
    steps = list(stages("lmm"))
    assert [[*step.value] for step in steps] == [[*CROWDS[:n]] for n in range(1, len(CROWDS) + 1)]
    assert all(step.worth for step in steps) and steps[-1].done == steps[-1].total
    assert 0 < steps[0].done < steps[1].done and set(steps[0].value[CROWDS[0]]) == {*MAPPED}


def test_a_map_is_run_by_a_click_and_computed_once_for_all(computed: list[int]) -> None:
    page = AppTest.from_string(SCRIPT, default_timeout=60).run()
    assert page.text[0].value == "()" and computed == []
    assert mapped(page).text[0].value == "()"
    assert computed == [*CROWDS] and [*maps()["lmm"]] == [*CROWDS]
    mapped(AppTest.from_string(SCRIPT, default_timeout=60).run())
    assert computed == [*CROWDS]


def test_two_maps_are_run_each_by_its_click_before_they_can_be_compared(computed: list[int]) -> None:
    page = mapped(AppTest.from_string(SCRIPT, default_timeout=60).run())
    page.button_group[0].set_value("mac").run()
    assert computed == [*CROWDS], "nobody has asked for the second"
    assert mapped(page).text[0].value == "('mapped',)" and {*maps()} == {"lmm", "mac"}


def test_a_map_that_fails_is_kept_for_nobody(computed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(model: object, distances: object) -> Iterator[Row]:
        yield Row(CROWDS[0], dict.fromkeys(MAPPED, 1.0), 8)
        raise ValueError("broken on purpose")

    monkeypatch.setattr(needle, "rows", broken)
    page = AppTest.from_string(SCRIPT, default_timeout=60).run()
    page.button[0].click().run()
    assert len(page.exception) == 1 and maps() == {}
