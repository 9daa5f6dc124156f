"""Who is connected to which room, and what each of them is still to be told."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, ParamSpec, TypeVar

from app.classroom import messages
from app.classroom.messages import Message
from app.classroom.qr import picture
from app.classroom.rooms import Look, Place, Room, RoomProblem, Rooms, Tally, tidy

P = ParamSpec("P")
T = TypeVar("T")


class Outbox:
    """What a connection is to be told next: of each kind only the newest, for that alone still counts. So a
    slow connection delays nobody, and never has much to catch up with."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._some = asyncio.Event()
        self._closed = False

    def put(self, kind: str, text: str) -> None:
        """To be told, instead of what waits of this kind."""
        self._waiting.pop(kind, None)
        self._waiting[kind] = text
        self._some.set()

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._some.set()

    async def take(self) -> list[str]:
        """What waits, once something does; nothing, where nothing more will come."""
        await self._some.wait()
        waiting, self._waiting = list(self._waiting.values()), {}
        if not self._closed:
            self._some.clear()
        return waiting


@dataclass(eq=False)
class Guest:
    """One connection: nobody at first, then a room's host, who has its secret, or a learner, who has a seat.
    ``lab`` is the address that the lab has for this browser."""

    lab: str
    code: str = ""
    secret: str | None = None
    seat: str | None = None
    outbox: Outbox = field(default_factory=Outbox)

    def tell(self, kind: str, **told: Any) -> None:
        """Put a message in the outbox."""
        self.outbox.put(kind, spell(kind, **told))


def spell(kind: str, **told: Any) -> str:
    """A message to a browser."""
    return json.dumps({"is": kind} | told, ensure_ascii=False, separators=(",", ":"))


class Refused(RoomProblem):
    """What only the host may do, or only somebody who is in a room."""

    over = False


class Hub:
    """The connections of one process, and the rooms behind them, which are asked in a thread of their own:
    neither a disk nor a network may keep the server from answering."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._guests: defaultdict[str, set[Guest]] = defaultdict(set)
        self._thread = ThreadPoolExecutor(1, "rooms")

    async def _ask(self, what: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: what(*args, **named))

    async def hear(self, guest: Guest, message: Message) -> None:
        """Do what a guest says. Raises RoomProblem where that cannot be."""
        if guest.code and isinstance(message, messages.Open | messages.Lead | messages.Join):
            raise Refused("This browser tab is in a room already: leave that one first.")
        match message:
            case messages.Open():
                await self._ask(self._rooms.expire)
                code, secret = await self._ask(self._rooms.open)
                guest.tell("opened", code=code, secret=secret)
                await self._lead(guest, code, secret)
            case messages.Lead(code, secret):
                await self._lead(guest, tidy(code), secret)
            case messages.Join(code, seat):
                await self._join(guest, tidy(code), seat)
            case messages.Alive():
                await self._alive(guest)
            case messages.Answer():
                await self._answer(guest, message)
            case _:
                await self._command(guest, message)

    async def _lead(self, guest: Guest, code: str, secret: str) -> None:
        room = await self._ask(self._rooms.host, code, secret)
        tallies = await self._ask(self._rooms.tallies, code)
        guest.code, guest.secret = code, secret
        self._guests[code].add(guest)
        address = f"{guest.lab}/?room={code}"
        told = [asdict(tally) for tally in tallies]
        guest.tell("leading", room=asdict(room), address=address, picture=picture(address), tallies=told)

    async def _join(self, guest: Guest, code: str, seat: str | None) -> None:
        seat, room = await self._ask(self._rooms.join, code, seat)
        guest.code, guest.seat = code, seat
        self._guests[code].add(guest)
        guest.tell("joined", seat=seat, room=asdict(room))
        self._tell(self._hosts(code), "learners", learners=room.learners)

    async def _alive(self, guest: Guest) -> None:
        """A host's sign of life lengthens its room's; a learner hears of a room that ended."""
        if guest.secret is not None:
            await self._ask(self._rooms.host, guest.code, guest.secret)
        elif guest.code:
            await self._ask(self._rooms.room, guest.code)
        guest.tell("alive")

    async def _answer(self, guest: Guest, given: messages.Answer) -> None:
        if guest.seat is None:
            raise Refused("Only learners who have joined a room answer its checkpoints.")
        tally = await self._ask(
            self._rooms.answer, guest.code, guest.seat, given.checkpoint, given.choice, given.choices
        )
        self._tell_tally(guest.code, tally)

    async def _command(self, guest: Guest, command: messages.Command) -> None:
        code, secret = guest.code, guest.secret
        if secret is None:
            raise Refused("Only the host can do this. Ask your teacher.")
        match command:
            case Place():
                room = await self._ask(self._rooms.publish, code, secret, command)
                self._tell(self._others(guest), "place", place=asdict(command), step=room.step)
            case Look():
                await self._ask(self._rooms.look, code, secret, command)
                self._tell(self._others(guest), "look", look=asdict(command))
            case messages.Rule(frozen, roam):
                self._tell_rules(await self._ask(self._rooms.rule, code, secret, frozen, roam))
            case messages.Reset():
                self._tell_rules(await self._ask(self._rooms.reset, code, secret))
                self._tell(self._guests[code], "reset")
            case messages.Close():
                await self._ask(self._rooms.close, code, secret)
                self._tell(self._guests[code], "ended", why="The room has ended. Your page stays as it is.")

    def _tell_rules(self, room: Room) -> None:
        self._tell(self._guests[room.code], "rules", frozen=room.frozen, roam=room.roam)

    def _tell_tally(self, code: str, tally: Tally) -> None:
        text = spell("tally", **asdict(tally))
        for host in self._hosts(code):
            host.outbox.put(f"tally {tally.checkpoint}", text)

    @staticmethod
    def _tell(guests: Iterable[Guest], kind: str, **told: Any) -> None:
        text = spell(kind, **told)  # once, however many hear it
        for guest in guests:
            guest.outbox.put(kind, text)

    def _hosts(self, code: str) -> list[Guest]:
        return [guest for guest in self._guests[code] if guest.secret is not None]

    def _others(self, speaker: Guest) -> list[Guest]:
        return [guest for guest in self._guests[speaker.code] if guest is not speaker]

    async def leave(self, guest: Guest) -> None:
        """The guest is no longer in its room; its seat is free unless it has it in another tab too."""
        code, seat = guest.code, guest.seat
        guests = self._guests[code]
        guests.discard(guest)
        if not guests:
            del self._guests[code]
        if seat is None or any(other.seat == seat for other in guests):
            return
        try:
            room = await self._ask(self._rooms.leave, code, seat)
        except RoomProblem:
            return  # the room has ended
        if code in self._guests:
            self._tell(self._hosts(code), "learners", learners=room.learners)
