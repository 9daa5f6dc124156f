"""What a class room is, and what can be done with one; where rooms are kept is another file's matter.

A room has one host, the teacher, and learners who follow. It holds no personal data: a code that is read
out, a secret that the host's browser keeps, and a random seat for each learner; of the last two only digests.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

LETTERS: Final[str] = "BCDFGHJKLMNPQRSTVWXZ23456789"  # none that is taken for another; no vowels, so no words
CODE: Final[int] = 6  # letters
MOST_LEARNERS: Final[int] = 60
MOST_ROOMS: Final[int] = 200  # that live in one store
LIFE: Final[float] = 4 * 3600  # seconds that a room stays after its host was last there
REMEMBERED: Final[float] = 24 * 3600  # seconds that the code of a room that ended can still say so
MOST_CHECKPOINTS: Final[int] = 200  # that a learner answers in a room
MOST_CHOICES: Final[int] = 12


class RoomProblem(ValueError):
    """A room cannot do what was asked; the message is one sentence for a person, saying what to do.
    ``over`` tells that trying again cannot help."""

    over = True


class NoSuchRoom(RoomProblem):
    """No room has this code."""

    def __init__(self) -> None:
        super().__init__("There is no room with this code: check it, or ask your teacher for it.")


class RoomEnded(RoomProblem):
    """The room was there, and is no more."""

    def __init__(self) -> None:
        super().__init__("This room has ended. Your page stays as it is; for a new room ask for a new code.")


class TooManyRooms(RoomProblem):
    """As many rooms live as may."""

    def __init__(self) -> None:
        super().__init__(
            "This lab has as many rooms open as it can hold: try again once another class has ended."
        )


class RoomFull(RoomProblem):
    """All seats are taken."""

    def __init__(self) -> None:
        super().__init__(
            f"This room is full: it holds {MOST_LEARNERS} learners. Try again once somebody has left."
        )


class NotTheHost(RoomProblem):
    """The secret is not this room's."""

    def __init__(self) -> None:
        super().__init__("Only the browser that opened this room can lead it. You can join it as a learner.")


class NoSeat(RoomProblem):
    """An answer from nobody who sits there, or one too many."""

    over = False

    def __init__(self) -> None:
        super().__init__("This answer could not be counted: join the room again.")


class OtherChoices(RoomProblem):
    """An answer to a checkpoint that has another number of choices than the room knows it with."""

    over = False

    def __init__(self) -> None:
        super().__init__(
            "This answer could not be counted: the class has other choices there. Load the page again."
        )


class NotKept(RoomProblem):
    """Rooms have nowhere to be kept."""

    def __init__(self) -> None:
        super().__init__("Rooms cannot be kept now: tell whoever runs this lab to look at its disk.")


@dataclass(frozen=True)
class Place:
    """Where in the lab somebody is: a page's ``path`` ("" is the front page), and its ``query``, which holds
    text, question, choices and step."""

    path: str
    query: str


@dataclass(frozen=True)
class Look:
    """Where a playhead stands: on ``token`` (from 0) of a text of ``length`` tokens."""

    length: int
    token: int


@dataclass(frozen=True)
class Room:
    """A room as it is now. ``step`` counts the host's places; ``learners`` sit there at this moment."""

    code: str
    step: int = 0
    place: Place | None = None
    look: Look | None = None
    frozen: bool = False
    roam: bool = False
    learners: int = 0


@dataclass(frozen=True)
class Tally:
    """How often each choice was given at a checkpoint."""

    checkpoint: str
    counts: tuple[int, ...]


class Rooms(Protocol):
    """Where rooms live. Every method raises NoSuchRoom, or RoomEnded for one that ended or expired, and
    NotKept where it cannot read or write; those that take the host's secret raise NotTheHost for another."""

    def open(self) -> tuple[str, str]:
        """A new room: its code, and its host's secret. Raises TooManyRooms."""

    def room(self, code: str) -> Room:
        """The room as it is."""

    def host(self, code: str, secret: str) -> Room:
        """The host is there; the room's life is counted anew from now."""

    def publish(self, code: str, secret: str, place: Place) -> Room:
        """The host goes to a place; no playhead is told of it yet."""

    def look(self, code: str, secret: str, look: Look) -> None:
        """The host's playhead moves."""

    def rule(self, code: str, secret: str, frozen: bool | None = None, roam: bool | None = None) -> Room:
        """Freeze the learners' pages or free them, let learners roam or not; None leaves it as it is."""

    def reset(self, code: str, secret: str) -> Room:
        """Forget all answers, and free the learners' pages."""

    def close(self, code: str, secret: str) -> None:
        """End the room; of what was in it nothing is kept."""

    def join(self, code: str, seat: str | None = None) -> tuple[str, Room]:
        """Take the seat one had, or a new one; the seat, and the room. Raises RoomFull."""

    def leave(self, code: str, seat: str) -> Room:
        """Get up; the seat can be taken again by whoever had it."""

    def answer(self, code: str, seat: str, checkpoint: str, choice: int, choices: int) -> Tally:
        """Count a learner's choice (from 0, of ``choices``) at a checkpoint; a later one replaces it. Raises
        NoSeat, and OtherChoices where earlier answers in this room had another number of choices."""

    def tallies(self, code: str) -> list[Tally]:
        """Every checkpoint that was answered, the latest last."""

    def expire(self) -> None:
        """End the rooms that have outlived their time, and forget those that ended long ago."""


def new_code() -> str:
    """A code that can be read out."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE))


def new_secret() -> str:
    """128 bits that nobody guesses."""
    return secrets.token_hex(16)


def digest(secret: str) -> str:
    """What is kept of a secret or a seat."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def tidy(code: str) -> str:
    """A code as it was meant: capitals and digits, without what is put between them."""
    return "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())
