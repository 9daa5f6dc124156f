"""Saved sessions: damaged ones, and such as say what cannot be under a digest that is right."""

from __future__ import annotations

import hashlib
import json
from functools import partial

from hypothesis import strategies as some

from app import edits, mapping, models
from app.hosting import saving
from app.mapping import Map
from app.needle import Needle
from app.reading import begin
from app.work import Halt
from tests.fuzz.links import LINES
from tests.fuzz.models import small
from tests.fuzz.target import JSON, TEXTS, Target, damaged
from titans_core.sweep import Found

NEEDLE = Needle("Mara put the red key.", "Where is it?", "key", 256, 0.5, 1, "It rained. The hills slept.")
PLAN = mapping.plan(NEEDLE)
KEPT = saving.KeptSession(
    text="Mara put the red key in the attic.",
    question="Where is it?",
    edits="alpha=0.2;wipe,tokens=3-",
    place=3,
    reading=saving.kept_reading(begin(small(), "Mara put the red key in the attic.")),
    search=(("mac", "attention"), NEEDLE),
    halted={"Stream": Halt("0123456789abcdef", 255)},
    map=Map("mac", models.load("mac").digest, PLAN, (Found(PLAN.cells[0], PLAN.asked, 3, 0.5, 1_100, "it"),)),
)
SOUND = saving.encode(KEPT)
TOLD = json.loads(SOUND.partition(b"\n")[2])


def restore(saved: bytes) -> None:
    """Take up a session that was saved."""
    kept = saving.decode(saved)
    assert saving.decode(saving.encode(kept)) == kept
    edits.decode(kept.edits)
    saving.revived(kept.reading)
    saving.revived_search(kept.search)
    saving.revived_map(kept.map)


def signed(content: bytes) -> bytes:
    """The content under its digest."""
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def changed(told: tuple[str, object]) -> bytes:
    """A session of which one field is another."""
    return signed(json.dumps(TOLD | dict([told])).encode())


def changed_part(part: str, told: tuple[str, object]) -> bytes:
    """A session of whose part, its reading or its map, one field is another."""
    return signed(json.dumps(TOLD | {part: TOLD[part] | dict([told])}).encode())


def changed_plan(told: tuple[str, object]) -> bytes:
    """A session of whose map's plan one field is another."""
    return changed_part("map", ("plan", TOLD["map"]["plan"] | dict([told])))


def changed_cell(told: tuple[int, object]) -> bytes:
    """A session of whose map's one cell one number is another."""
    (cell,) = TOLD["map"]["found"]
    return changed_part("map", ("found", [[told[1] if i == told[0] else one for i, one in enumerate(cell)]]))


def changed_needle(told: tuple[int, object]) -> bytes:
    """A session in which one of what is told of a needle is another."""
    names, needle = TOLD["search"]
    other = [told[1] if i == told[0] else one for i, one in enumerate(needle)]
    return signed(json.dumps(TOLD | {"search": [names, other]}).encode())


SAVED = (
    damaged(SOUND)
    | damaged(SOUND[saving.DIGEST + 1 :]).map(signed)
    | some.tuples(some.sampled_from(sorted(TOLD)) | TEXTS, JSON | LINES).map(changed)
    | some.tuples(some.sampled_from(sorted(TOLD["reading"])), JSON).map(partial(changed_part, "reading"))
    | some.tuples(some.sampled_from(sorted(TOLD["map"])), JSON).map(partial(changed_part, "map"))
    | some.tuples(some.sampled_from(sorted(TOLD["map"]["plan"])), JSON).map(changed_plan)
    | some.tuples(some.integers(0, 5), JSON | some.floats()).map(changed_cell)
    | some.tuples(some.integers(0, 6), JSON | some.floats()).map(changed_needle)
    | some.sampled_from((signed(b"[" * 100_000), signed(b'{"reading":' * 50_000)))
    | some.binary(max_size=200)
)

TARGETS = (Target("saved session", SAVED, restore, (saving.Damaged,)),)
