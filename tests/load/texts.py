"""What the sessions read: prose of one length, another text for everybody and every time."""

from __future__ import annotations

import json
import struct
from itertools import count
from random import Random
from typing import Any

from titans_core.tasks import filler
from titans_core.tokenizer import Tokenizer

TOKENS = 200


def text(person: int, number: int, tokens: int = TOKENS) -> str:
    """The ``number``-th text of a person: so many tokens of prose; the same arguments give the same text."""
    tokenizer, rng = Tokenizer.load(), Random(f"{person} {number}")
    for _ in count():
        prose = ""
        while len(ids := tokenizer.encode(prose)) < tokens:
            prose += filler(rng.getrandbits(32)) + " "
        cut = tokenizer.decode(ids[:tokens])
        if tokenizer.encode(cut) == ids[:tokens]:  # not cut within a word that is then coded otherwise
            return cut
    raise AssertionError


def parts(frame: bytes) -> tuple[dict[str, Any], bytes]:
    """A message to the player (see ``app.payload``): its header, and its numbers."""
    (length,) = struct.unpack_from("<I", frame)
    return json.loads(frame[4 : 4 + length]), frame[4 + length :]


def shown_by(frame: bytes) -> str:
    """The text whose reading a message to the player shows; empty for no message."""
    return "".join(parts(frame)[0]["tokens"]) if frame else ""


def told_by(frame: bytes) -> bytes:
    """All that the message tells but which reading it is: equal for equal numbers, bit for bit."""
    header, numbers = parts(frame)
    return json.dumps(header | {"key": ""}, sort_keys=True).encode() + numbers
