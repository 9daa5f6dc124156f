"""A session as bytes: it comes back with the same numbers, bit for bit, or is refused in one sentence."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import titans_core as tc
from app import mapping, models, reading
from app.hosting.saving import Damaged, KeptSession, decode, encode, kept_reading, revived, revived_map
from app.mapping import Map
from app.needle import Needle
from app.reading import Reading
from titans_core.sweep import Cell, Found, Plan
from titans_core.trace import Trace

TEXT = "Mara put the red key in the attic. " * 12
MORE = " Then Tom moved it to the cellar."


def read_on(read: Reading) -> Reading:
    while not read.complete:
        read = read.grown()
    return read


def same(one: Trace, other: Trace) -> bool:
    """Whether two traces are equal, bit for bit."""
    columns = all(np.array_equal(one.columns[name], other.columns[name], True) for name in one.columns)
    writes = all(
        np.array_equal(a, b)
        for mine, theirs in zip(one.writes, other.writes, strict=True)
        for a, b in zip((*mine.inputs, *mine.deltas), (*theirs.inputs, *theirs.deltas), strict=True)
    )
    return columns and writes and one.ids == other.ids and one.columns.keys() == other.columns.keys()


def through_bytes(read: Reading) -> Reading:
    kept = decode(encode(KeptSession(text=read.text, reading=kept_reading(read)))).reading
    found = revived(kept)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["mac", "mag", "lmm", "mal-deep", "attention"])
def test_a_text_that_was_added_to_comes_back_bit_for_bit(name: str) -> None:
    whole = read_on(reading.go_on(reading.read(models.load(name), TEXT), MORE))
    again = read_on(through_bytes(whole))
    assert (again.text, again.ids, again.key) == (whole.text, whole.ids, whole.key)
    assert same(again.trace, whole.trace) and again.message == whole.message


def test_a_text_read_half_way_goes_on_to_the_same_end() -> None:
    half = reading.begin(models.load("mac"), 4 * TEXT).grown()
    assert not half.complete
    assert same(read_on(through_bytes(half)).trace, read_on(half).trace)


def test_where_the_cuts_were_matters_so_they_are_kept() -> None:
    grown = reading.go_on(reading.read(models.load("mac"), "Mara put the red key"), " in the attic.")
    whole = read_on(grown)
    assert (
        whole.borders == (whole.borders[0], len(whole.ids)) and through_bytes(whole).borders == whole.borders
    )


def test_an_overwritten_model_is_not_taken_for_the_one_that_read() -> None:
    kept = kept_reading(reading.read(models.load("mac"), TEXT))
    assert kept is not None
    assert revived(kept.model_copy(update={"digest": "another"})) is None
    assert revived(kept.model_copy(update={"model": "none"})) is None
    assert revived(None) is None


def test_a_session_is_a_few_kilobytes() -> None:
    read = reading.read(models.load("mac"), TEXT * 6)
    size = len(encode(KeptSession(text=read.text, reading=kept_reading(read))))
    assert size < 12 * len(read.ids) + 2 * len(read.text)


@cache
def saved() -> bytes:
    read = reading.read(models.load("mac"), "Mara put the red key in the attic.")
    return encode(
        KeptSession(text=read.text, asked="Where?", edits="wipe", place=3, reading=kept_reading(read))
    )


def test_every_truncation_is_refused() -> None:
    whole = saved()
    for length in range(len(whole)):
        with pytest.raises(Damaged, match="so the page begins anew"):
            decode(whole[:length])


@settings(max_examples=200)
@given(some.integers(0, 10**6), some.integers(1, 255))
def test_every_changed_byte_is_refused(place: int, by: int) -> None:
    whole = bytearray(saved())
    whole[place % len(whole)] ^= by
    with pytest.raises(Damaged):
        decode(bytes(whole))


@given(some.binary(max_size=300))
def test_bytes_of_any_kind_are_refused(content: bytes) -> None:
    with pytest.raises(Damaged):
        decode(content)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ids": (0, 10**6)},
        {"ids": ()},
        {"ids": (1, 2, 3)},
        {"text": "another"},
        {"borders": (2, 1)},
        {"borders": (0, 1)},
        {"borders": (10**6,)},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_though_its_digest_is_right(wrong: dict[str, object]) -> None:
    kept = kept_reading(reading.read(models.load("mac"), "Mara put the red key in the attic."))
    assert kept is not None
    with pytest.raises(Damaged):
        decode(encode(KeptSession(reading=kept.model_copy(update=wrong))))


def test_a_session_of_another_version_is_refused() -> None:
    with pytest.raises(Damaged):
        decode(encode(KeptSession().model_copy(update={"version": 2})))


def test_a_text_gone_back_in_comes_back_to_rounding() -> None:
    whole = reading.read(models.load("mac"), TEXT)
    back = read_on(reading.go_on(whole.back(20), MORE))
    again = read_on(through_bytes(back))
    assert again.ids == back.ids and replace(again, parts=()).borders == back.borders
    for name, column in back.trace.columns.items():
        np.testing.assert_allclose(again.trace.columns[name], column, rtol=2e-4, atol=2e-4)


def test_a_map_comes_back_with_the_cells_that_are_drawn_and_goes_on_to_the_same_end() -> None:
    model = models.load("lmm")
    asked = Needle("Mara put the red key.", "Where is it?", "key", 256, 0.0, 1, "It rained. The hills slept.")
    steps = list(mapping.stages(model, Map("lmm", model.digest, mapping.plan(asked))))
    *_, whole = drawn = [step.value for step in steps if step.worth]
    kept = decode(encode(KeptSession(map=drawn[1]))).map
    again = revived_map(kept)
    assert again is not None and again == drawn[1] and len(again.found) == 2
    *_, last = mapping.stages(model, again)
    assert last.value == whole


PLAN = mapping.plan(Needle("Mara put the red key.", "Where is it?", "key", 256, 0.0, 1))
FOUND = Found(PLAN.cells[0], PLAN.asked, 3, 0.5, 1_100, "a machine")


def known_map() -> Map:
    """A map with its first cell."""
    return Map("lmm", models.load("lmm").digest, PLAN, (FOUND,))


def test_a_map_that_is_whole_is_taken_as_it_is() -> None:
    assert revived_map(known_map()) == known_map() and revived_map(None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"digest": "another"},
        {"model": "../none"},
        {"model": "x" * 41},
        {"plan": Plan()},
        {"plan": replace(PLAN, lengths=(1 << 20,))},
        {"plan": replace(PLAN, asked=9)},
        {"found": (FOUND._replace(cell=Cell(256, 0.5)),)},
        {"found": (FOUND._replace(right=9),)},
        {"found": (FOUND._replace(chance=1.5),)},
        {"found": 6 * (FOUND,)},
    ],
    ids=lambda wrong: "-".join(wrong),
)
def test_a_map_of_another_model_or_drawn_otherwise_is_not_taken(wrong: dict[str, Any]) -> None:
    assert revived_map(replace(known_map(), **wrong)) is None


def test_the_models_themselves_are_left_as_they_are() -> None:
    assert models.load("mac") is models.load("mac") and tc.load("mac").digest == models.load("mac").digest
