"""Rooms in Redis, which several servers share: a host at one and learners at another are one room.

Who sits in a room does so by a lease, which every sign of life renews: the learners of a server that is no
more keep nobody's seat. What is done, each act in one piece, is told in ``rooms.lua``.
"""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any, Final

from redis.exceptions import RedisError, ResponseError

from app.classroom.rooms import (
    LIFE,
    MOST_CHECKPOINTS,
    MOST_LEARNERS,
    MOST_ROOMS,
    REMEMBERED,
    Look,
    NoSeat,
    NoSuchRoom,
    NotKept,
    NotTheHost,
    OtherChoices,
    Place,
    Room,
    RoomEnded,
    RoomFull,
    RoomProblem,
    Tally,
    TooManyRooms,
    digest,
    new_code,
    new_secret,
    tidy,
)
from app.hosting.redis import LAB, connected

LEASE: Final[int] = 180  # seconds that a seat is kept after a sign of life (a tab unseen shows one every 60)
REST: Final[float] = 1.0  # seconds that Redis is left alone once it did not answer: who waits is told at once
PARTS: Final[tuple[str, ...]] = ("", ":was", ":seats", ":here", ":answers", ":counts", ":order")
SCRIPT: Final[str] = (Path(__file__).parent / "rooms.lua").read_text(encoding="utf-8")
PROBLEMS: Final[dict[str, type[RoomProblem]]] = {
    problem.__name__: problem
    for problem in (
        NoSuchRoom,
        RoomEnded,
        TooManyRooms,
        RoomFull,
        NotTheHost,
        NoSeat,
        OtherChoices,
    )
}


class Away(NotKept):
    """Redis does not answer, or takes nothing more; as a rule it will again."""

    over = False

    def __init__(self) -> None:
        RoomProblem.__init__(
            self,
            "Rooms cannot be reached now: this page tries again by itself. If that lasts, tell whoever runs "
            "this lab to look at its Redis.",
        )


class RedisRooms:
    """``Rooms`` in the Redis at ``address``, which is asked only when a room is. Any thread may call it. All
    that ``NotKept`` is raised for is ``Away`` here."""

    def __init__(self, address: str) -> None:
        self._act = connected(address, decode_responses=True).register_script(SCRIPT)
        self._server = new_secret()
        self._rests_until = 0.0

    def _do(self, act: str, code: str, *needed: str | int) -> list[Any]:
        """What the act found. Raises the problem that it names, and Away."""
        if monotonic() < self._rests_until:
            raise Away
        keys = [f"{LAB}:rooms", *(f"{LAB}:room:{code}{part}" for part in PARTS)]
        try:
            told, *found = self._act(keys, [act, code, round(LIFE), round(REMEMBERED), *needed])
        except RedisError as error:
            if not isinstance(error, ResponseError):
                self._rests_until = monotonic() + REST
            raise Away from error
        if told in PROBLEMS:
            raise PROBLEMS[told]
        return [told, *found]

    def _led(self, act: str, code: str, secret: str, *needed: str | int) -> Room:
        return understood(tidy(code), self._do(act, tidy(code), digest(secret), *needed))

    def open(self) -> tuple[str, str]:
        secret = new_secret()
        code = new_code()
        while self._do("open", code, digest(secret), MOST_ROOMS) == ["taken"]:
            code = new_code()
        return code, secret

    def room(self, code: str) -> Room:
        return understood(tidy(code), self._do("room", tidy(code)))

    def host(self, code: str, secret: str) -> Room:
        return self._led("host", code, secret)

    def publish(self, code: str, secret: str, place: Place) -> Room:
        return self._led("publish", code, secret, place.path, place.query)

    def look(self, code: str, secret: str, look: Look) -> None:
        self._led("look", code, secret, look.length, look.token)

    def rule(self, code: str, secret: str, frozen: bool | None = None, roam: bool | None = None) -> Room:
        rules = [(name, int(rule)) for name, rule in (("frozen", frozen), ("roam", roam)) if rule is not None]
        return self._led("rule", code, secret, *(part for rule in rules for part in rule))

    def reset(self, code: str, secret: str) -> Room:
        return self._led("reset", code, secret)

    def close(self, code: str, secret: str) -> None:
        self._do("close", tidy(code), digest(secret))

    def join(self, code: str, seat: str | None = None) -> tuple[str, Room]:
        new, code = new_secret(), tidy(code)
        had = "" if seat is None else digest(seat)
        found = self._do("join", code, had, digest(new), self._server, LEASE, MOST_LEARNERS)
        return seat if seat is not None and found[3] else new, understood(code, found)

    def leave(self, code: str, seat: str) -> Room:
        return understood(tidy(code), self._do("leave", tidy(code), digest(seat), self._server))

    def answer(self, code: str, seat: str, checkpoint: str, choice: int, choices: int) -> Tally:
        _, told = self._do("answer", tidy(code), digest(seat), checkpoint, choice, choices, MOST_CHECKPOINTS)
        return counted(told)

    def tallies(self, code: str) -> list[Tally]:
        _, told = self._do("tallies", tidy(code))
        return [counted(tally) for tally in told]

    def expire(self) -> None:
        """As ``Rooms.expire``: Redis does it."""


def understood(code: str, found: list[Any]) -> Room:
    """The room that an act tells of."""
    _, told, learners, *_ = found
    kept = dict(zip(told[::2], told[1::2], strict=True))
    return Room(
        code,
        int(kept["step"]),
        Place(kept["path"], kept["query"]) if "path" in kept else None,
        Look(int(kept["length"]), int(kept["token"])) if "length" in kept else None,
        kept.get("frozen") == "1",
        kept.get("roam") == "1",
        learners,
    )


def counted(told: list[Any]) -> Tally:
    """The tally that an act tells of."""
    checkpoint, *counts = told
    return Tally(checkpoint, tuple(counts))
