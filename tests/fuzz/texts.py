"""Texts that are typed, pasted or uploaded."""

from __future__ import annotations

from hypothesis import strategies as some

from app import asking, limits, reading
from tests.fuzz.models import small
from tests.fuzz.target import CHARACTERS, Target

READ = 96  # tokens that are read of a text: enough for every kind of piece


def read(text: str) -> None:
    """Read the text as the pages do, and make of it what the browser gets."""
    begun = reading.begin(small(), text)
    assert "".join(begun.strings) == text
    if len(begun.ids) <= READ:
        assert len(begun.grown().message) > 0
    reading.go_on(begun, text)


def upload(content: bytes) -> None:
    """Read the file that was uploaded."""
    read(limits.decode_upload(content))


LONG = some.tuples(some.text(CHARACTERS, min_size=1, max_size=4), some.integers(1, 12_000)).map(
    lambda told: told[0] * told[1]
)
ANY = some.text(CHARACTERS, max_size=200) | LONG
FILES = (
    some.binary(max_size=300)
    | ANY.map(lambda text: text.encode(errors="replace"))
    | some.tuples(some.sampled_from(("utf-16", "utf-8-sig", "latin-1")), ANY).map(
        lambda told: told[1].encode(told[0], errors="replace")
    )
)

TARGETS = (
    Target("text", ANY, read, (limits.BadInput,)),
    Target("question", ANY, asking.check_question, (limits.BadInput,)),
    Target("upload", FILES, upload, (limits.BadInput,)),
)
