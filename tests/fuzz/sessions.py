"""Saved sessions: damaged ones, and such as say what cannot be under a digest that is right."""

from __future__ import annotations

import hashlib
import json

from hypothesis import strategies as some

from app import edits
from app.hosting import saving
from app.reading import begin
from tests.fuzz.links import LINES
from tests.fuzz.models import small
from tests.fuzz.target import JSON, TEXTS, Target, damaged

KEPT = saving.KeptSession(
    text="Mara put the red key in the attic.",
    question="Where is it?",
    edits="alpha=0.2;wipe,tokens=3-",
    place=3,
    reading=saving.kept_reading(begin(small(), "Mara put the red key in the attic.")),
)
SOUND = saving.encode(KEPT)
TOLD = json.loads(SOUND.partition(b"\n")[2])


def restore(saved: bytes) -> None:
    """Take up a session that was saved."""
    kept = saving.decode(saved)
    assert saving.decode(saving.encode(kept)) == kept
    edits.decode(kept.edits)
    saving.revived(kept.reading)


def signed(content: bytes) -> bytes:
    """The content under its digest."""
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def changed(told: tuple[str, object]) -> bytes:
    """A session of which one field is another."""
    return signed(json.dumps(TOLD | dict([told])).encode())


def changed_reading(told: tuple[str, object]) -> bytes:
    """A session of whose reading one field is another."""
    return signed(json.dumps(TOLD | {"reading": TOLD["reading"] | dict([told])}).encode())


SAVED = (
    damaged(SOUND)
    | damaged(SOUND[saving.DIGEST + 1 :]).map(signed)
    | some.tuples(some.sampled_from(sorted(TOLD)) | TEXTS, JSON | LINES).map(changed)
    | some.tuples(some.sampled_from(sorted(TOLD["reading"])), JSON).map(changed_reading)
    | some.sampled_from((signed(b"[" * 100_000), signed(b'{"reading":' * 50_000)))
    | some.binary(max_size=200)
)

TARGETS = (Target("saved session", SAVED, restore, (saving.Damaged,)),)
