"""A session as bytes: what its person did, not what came of it. Read again with the same cuts by the same
model, a text gives the same numbers, bit for bit; so a few kilobytes hold all of it. A needle's map alone is
kept with what came of it: that took minutes, and is a few numbers."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

import titans_core as tc
from app import edits, mapping, models, own
from app.hosting.store import LARGEST
from app.mapping import LONGEST, Map
from app.needle import Key
from app.reading import Reading
from app.settings import settings
from app.work import Halt
from titans_core.sweep.plan import SHORTEST
from titans_core.tokenizer import Decoder, Tokenizer

DIGEST: Final[int] = 64  # characters of a SHA-256, with which the bytes begin


class Damaged(ValueError):
    """What was saved cannot be used; the message is one sentence for a person."""


class Kept(BaseModel):
    """What all that is saved has in common: it is what it says, to the letter, or it is refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class KeptReading(Kept):
    """A ``Reading``: whose it is, the text as it was cut into tokens, and where reading was cut."""

    model: str
    digest: str
    name: str
    text: str
    ids: tuple[int, ...]
    borders: tuple[int, ...]
    read: int

    def check(self) -> None:
        """Raise ValueError where this cannot be a reading."""
        if not 0 < len(self.ids) <= settings().text_tokens or len(self.text) > settings().text_characters:
            raise ValueError("a text of a length that is not read")
        if any(not 0 <= i < Tokenizer.load().vocab_size for i in self.ids):
            raise ValueError("a token that there is not")
        if "".join(Decoder(Tokenizer.load()).feed(list(self.ids))) != self.text:
            raise ValueError("tokens of another text")
        if list(self.borders) != sorted(set(self.borders)) or any(
            not 0 < cut <= len(self.ids) for cut in self.borders
        ):
            raise ValueError("cuts that are not in the text")


class KeptSession(Kept):
    """What a person did: the text box and its sample, the question as it is typed and as it was asked, the
    list of edits as a line, the token gone back to, and the texts read on the front page: the one in sight,
    and the one left half-way for it; who searched for which needle; and a needle's map, as far as it is
    drawn; and where, by page, what is computed there was cancelled."""

    version: Literal[1] = 1
    text: str | None = None
    sample: str | None = None
    question: str = ""
    asked: str = ""
    edits: str = ""
    place: int | None = None
    reading: KeptReading | None = None
    left: KeptReading | None = None
    search: Key | None = None
    map: Map | None = None
    halted: dict[str, Halt] = {}


def encode(kept: KeptSession) -> bytes:
    """The session as bytes, a digest of them first."""
    content = kept.model_dump_json().encode()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def decode(saved: bytes) -> KeptSession:
    """What ``encode`` wrote. Raises Damaged for anything else."""
    digest, _, content = saved.partition(b"\n")
    whole = len(saved) <= LARGEST and hashlib.sha256(content).hexdigest().encode() == digest[: DIGEST + 1]
    try:
        if whole:
            kept = KeptSession.model_validate_json(content)
            for reading in (kept.reading, kept.left):
                if reading is not None:
                    reading.check()
            edits.decode(kept.edits)
            if len(kept.text or "") <= settings().text_characters:
                return kept
    except (ValidationError, ValueError):
        pass
    raise Damaged(
        "What was kept of your last visit in this tab is damaged, so the page begins anew: "
        "paste your text again. Nobody else's is touched."
    )


def kept_reading(reading: Reading | None) -> KeptReading | None:
    """A reading as it is kept."""
    if reading is None:
        return None
    model = reading.stream.model
    return KeptReading(
        model=model.name,
        digest=model.digest,
        name=reading.name,
        text=reading.text,
        ids=reading.ids,
        borders=reading.borders,
        read=reading.stream.position,
    )


def revived(kept: KeptReading | None) -> Reading | None:
    """The reading, to be read again as it was; None where its model is no more, or is another by now."""
    model = None if kept is None else same_model(kept.model, kept.digest)
    if kept is None or model is None:
        return None
    stream = tc.Stream(model, settings().history_tokens)
    return Reading(stream, kept.text, kept.ids, (), 0.0, kept.name, borders=kept.borders)


def revived_search(kept: Key | None) -> Key | None:
    """The search, to be done again, once the models that are away are back; None where it is none that the
    page has."""
    if kept is None:
        return None
    names, needle = kept
    can_be = SHORTEST <= needle.length <= LONGEST[-1] and 0 <= needle.depth <= 1 and 0 < needle.seed < 1_000
    return kept if can_be and names and all(models.here(name) or away(name) for name in names) else None


def revived_map(kept: Map | None) -> Map | None:
    """The map, to be drawn on from where it was, once its model is back where that is away; None where its
    model is another by now, or maps are drawn otherwise."""
    if kept is None or not mapping.sound(kept):
        return None
    return kept if away(kept.model) or same_model(kept.model, kept.digest) is not None else None


def away(name: str) -> bool:
    """Whether there is no model of this name, but there can be, once its file is put back."""
    return not models.here(name) and (models.shipped(name) or own.speakable(name))


def same_model(name: str, digest: str) -> tc.TitansLM | None:
    """The model of this name; None where it is no more, or is another by now."""
    if not models.here(name):
        return None
    try:
        model = models.load(name)
    except ValueError:
        return None
    return model if model.digest == digest else None
