"""What a browser may say to a room: JSON of a few forms, each checked before anything is done with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from app.classroom.rooms import MOST_CHOICES, Look, Place, RoomProblem

LONGEST: Final[dict[bool, int]] = {True: 300_000, False: 1_000}  # characters of a host's message, and others'
PATH = re.compile(r"[a-z0-9-]{0,40}")
QUERY = re.compile(r"[!-~]*")
CHECKPOINT = re.compile(r"[a-z0-9-]{1,60}/(step-)?[0-9]{1,3}")  # a lesson's step, or a closing question
MOST_TOKENS: Final[int] = 1_000_000


class BadMessage(RoomProblem):
    """What came is none of the forms. It is no person's doing, so the sentence is for whoever wrote it."""

    over = False


class TooLong(BadMessage):
    """No page of the lab sends so much: whoever did is let go."""

    over = True


@dataclass(frozen=True)
class Open:
    """Open a room, and lead it."""


@dataclass(frozen=True)
class Lead:
    """Lead the room that one opened."""

    code: str
    secret: str


@dataclass(frozen=True)
class Join:
    """Join a room; with ``seat``, as who one was."""

    code: str
    seat: str | None


@dataclass(frozen=True)
class Alive:
    """Still there."""


@dataclass(frozen=True)
class Answer:
    """A learner's choice (from 0) at a checkpoint."""

    checkpoint: str
    choice: int
    choices: int


@dataclass(frozen=True)
class Rule:
    """What learners may do; None leaves it as it is."""

    frozen: bool | None
    roam: bool | None


@dataclass(frozen=True)
class Reset:
    """Forget the answers."""


@dataclass(frozen=True)
class Close:
    """End the room."""


Command = Place | Look | Rule | Reset | Close  # what a host alone may say
Message = Open | Lead | Join | Alive | Answer | Command


def read(text: str, host: bool) -> Message:
    """The message in ``text``; hosts, who send places with whole texts, may say more. Raises BadMessage,
    and TooLong of what is over the limit."""
    if len(text) > LONGEST[host]:
        raise TooLong(f"A message may have {LONGEST[host]:,} characters; this one has {len(text):,}.")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("A message must be JSON.") from None
    message = understood(told)
    if message is None:
        raise BadMessage("A message must be of one of the forms that a room knows.")
    return message


def understood(told: object) -> Message | None:
    """The message that JSON holds; None where it is of no known form."""
    match told:
        case {"do": "open"}:
            return Open()
        case {"do": "lead", "code": str(code), "secret": str(secret)}:
            return Lead(code, secret)
        case {"do": "join", "code": str(code), "seat": (str() | None) as seat}:
            return Join(code, seat)
        case {"do": "alive"}:
            return Alive()
        case {"do": "place", "path": str(path), "query": str(query)}:
            return Place(path, query) if PATH.fullmatch(path) and QUERY.fullmatch(query) else None
        case {"do": "look", "length": int(length), "token": int(token)} if 0 <= token < length <= MOST_TOKENS:
            return Look(length, token)
        case {"do": "rule", "frozen": (bool() | None) as frozen, "roam": (bool() | None) as roam}:
            return Rule(frozen, roam)
        case {"do": "reset"}:
            return Reset()
        case {"do": "close"}:
            return Close()
        case {"do": "answer", "checkpoint": str(checkpoint), "choice": int(choice), "choices": int(choices)}:
            known = CHECKPOINT.fullmatch(checkpoint) and 0 <= choice < choices <= MOST_CHOICES
            return Answer(checkpoint, choice, choices) if known else None
    return None
