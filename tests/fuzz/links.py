"""Addresses: what a link holds, and the edits in it."""

from __future__ import annotations

import base64
import zlib

from hypothesis import strategies as some

from app import edits, permalink
from app.limits import BadInput
from tests.fuzz.models import small
from tests.fuzz.target import TEXTS, Target, damaged
from titans_core.stream import Stream

TOKENS = 8  # of the text that is edited
NUMBERS = some.integers(-1, 10**12).map(str) | some.integers(0, 12).map(str)


def link(fields: dict[str, str]) -> None:
    """Take what an address holds."""
    edit(permalink.read(fields).edits)


def line(text: str) -> None:
    """Take a line of edits."""
    found = edits.decode(text)
    assert edits.decode(edits.encode(found)) == found
    edit(found)


def edit(found: tuple[edits.Edit, ...]) -> None:
    """Edit a stream so, as Intervene does."""
    stream = Stream(small())
    for each in found:
        each.check(stream.model.config, TOKENS)
        assert str(each)
        if each.kind != edits.WIPE:
            stream = stream.override(**each.override())


GATES = some.tuples(
    some.sampled_from(("eta", "theta", "alpha")), some.sampled_from("=*"), some.floats().map(repr) | NUMBERS
).map("".join)
PLACES = some.lists(
    some.tuples(some.sampled_from((",layer=", ",head=", ",tokens=", ",tokens=1-", "-")), NUMBERS).map(
        "".join
    ),
    max_size=3,
).map("".join)
ITEMS = some.tuples(GATES | some.sampled_from(("write=off", "read=off", "wipe")), PLACES).map("".join)
LINES = some.lists(ITEMS | TEXTS | some.from_regex(edits.ITEM, fullmatch=True), max_size=4).map(";".join)


def packed(content: bytes) -> str:
    """Any bytes as a text is packed."""
    return base64.urlsafe_b64encode(zlib.compress(content)).rstrip(b"=").decode()


SOUND = permalink.pack("Mara put the red key in the attic. Where is it?")
BOMB = packed(bytes(100_000_000))
FIELDS = some.fixed_dictionaries(
    {},
    optional={
        "v": some.just(permalink.VERSION) | TEXTS,
        "text": some.binary(max_size=80).map(packed)
        | damaged(SOUND.encode()).map(lambda text: text.decode("latin-1"))
        | some.sampled_from((SOUND, BOMB))
        | TEXTS,
        "ask": TEXTS,
        "edits": LINES,
    },
)

TARGETS = (
    Target("link", FIELDS, link, (BadInput,)),
    Target("edits", LINES, line, (BadInput,)),
)
