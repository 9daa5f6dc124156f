"""Who is connected to which room, and what each of them is still to be told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ParamSpec, TypeVar

from app.classroom import messages
from app.classroom.bus import Bus, Word, spell
from app.classroom.messages import Message
from app.classroom.outbox import Outbox
from app.classroom.qr import picture
from app.classroom.rooms import Look, NotKept, Place, Room, RoomProblem, Rooms, Tally, tidy

P = ParamSpec("P")
T = TypeVar("T")
ENDED = "The room has ended. Your page stays as it is."


@dataclass(eq=False)
class Guest:
    """One connection: nobody at first, then a room's host, who has its secret, or a learner, who has a seat.
    ``lab`` is the address that the lab has for this browser, ``step`` the latest place that it knows."""

    lab: str
    code: str = ""
    secret: str | None = None
    seat: str | None = None
    step: int = 0
    outbox: Outbox = field(default_factory=Outbox)

    def tell(self, kind: str, **told: Any) -> None:
        """Put a message in the outbox."""
        self.outbox.put(kind, spell(kind, **told))


class Refused(RoomProblem):
    """What only the host may do, or only somebody who is in a room."""

    over = False


class Hub:
    """The connections of one process, and the rooms behind them, which are asked in a thread of their own:
    neither a disk nor a network may keep the server from answering. What guests here are told goes by ``bus``
    to the room's guests elsewhere too. Made where a loop runs."""

    def __init__(self, rooms: Rooms, bus: Bus) -> None:
        self._rooms, self._bus = rooms, bus
        self._guests: defaultdict[str, set[Guest]] = defaultdict(set)
        self._thread = ThreadPoolExecutor(1, "rooms")
        bus.join(self._deliver, self._catch_up)

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
        guest.code, guest.secret, guest.step = code, secret, room.step
        self._guests[code].add(guest)
        address = f"{guest.lab}/?room={code}"
        told = [asdict(tally) for tally in tallies]
        guest.tell("leading", room=asdict(room), address=address, picture=picture(address), tallies=told)

    async def _join(self, guest: Guest, code: str, seat: str | None) -> None:
        seat, room = await self._ask(self._rooms.join, code, seat)
        guest.code, guest.seat, guest.step = code, seat, room.step
        self._guests[code].add(guest)
        guest.tell("joined", seat=seat, room=asdict(room))
        self._tell(learners(room))

    async def _alive(self, guest: Guest) -> None:
        """A host's sign of life lengthens its room's, and brings it the counts as they are: by the bus they
        may come out of turn, and of seats that fell free nobody tells. A learner's keeps its seat, or lets it
        hear that the room ended."""
        if guest.secret is not None:
            room = await self._ask(self._rooms.host, guest.code, guest.secret)
            tallies = await self._ask(self._rooms.tallies, guest.code)
            for word in (learners(room), *(counted(guest.code, tally) for tally in tallies)):
                guest.outbox.put(word.kind, word.text)
        elif guest.seat is not None:
            guest.seat, _ = await self._ask(self._rooms.join, guest.code, guest.seat)
        guest.tell("alive")

    async def _answer(self, guest: Guest, given: messages.Answer) -> None:
        if guest.seat is None:
            raise Refused("Only learners who have joined a room answer its checkpoints.")
        tally = await self._ask(
            self._rooms.answer, guest.code, guest.seat, given.checkpoint, given.choice, given.choices
        )
        self._tell(counted(guest.code, tally))

    async def _command(self, guest: Guest, command: messages.Command) -> None:
        code, secret = guest.code, guest.secret
        if secret is None:
            raise Refused("Only the host can do this. Ask your teacher.")
        match command:
            case Place():
                room = await self._ask(self._rooms.publish, code, secret, command)
                self._tell(placed(code, room.step, command), but=guest)
            case Look():
                await self._ask(self._rooms.look, code, secret, command)
                self._tell(Word.of(code, "look", look=asdict(command)), but=guest)
            case messages.Rule(frozen, roam):
                self._tell(rules(await self._ask(self._rooms.rule, code, secret, frozen, roam)))
            case messages.Reset():
                self._tell(rules(await self._ask(self._rooms.reset, code, secret)))
                self._tell(Word.of(code, "reset"))
            case messages.Close():
                await self._ask(self._rooms.close, code, secret)
                self._tell(Word.of(code, "ended", why=ENDED))

    def _tell(self, word: Word, but: Guest | None = None) -> None:
        """Tell a room's guests here and everywhere, but not the one who said it."""
        self._deliver(word, but)
        self._bus.say(word)

    def _deliver(self, word: Word, but: Guest | None = None) -> None:
        """Tell the room's guests here; who came in between knows a later place than a word that was long on
        its way."""
        for guest in self._guests.get(word.code, ()):
            if guest is but or (word.hosts_only and guest.secret is None) or 0 < word.step <= guest.step:
                continue
            guest.step = max(guest.step, word.step)
            guest.outbox.put(word.kind, word.text)

    async def _catch_up(self) -> None:
        """Words may have been lost: tell the guests here how their rooms are. Where a room cannot be asked,
        its guests are told when they come again."""
        for code in list(self._guests):
            try:
                room = await self._ask(self._rooms.room, code)
                tallies = await self._ask(self._rooms.tallies, code)
            except NotKept:
                continue
            except RoomProblem:
                self._deliver(Word.of(code, "ended", why=ENDED))
                continue
            if room.place is not None:
                self._deliver(placed(code, room.step, room.place))
            if room.look is not None:
                self._deliver(Word.of(code, "look", look=asdict(room.look)))
            for word in (rules(room), learners(room), *(counted(code, tally) for tally in tallies)):
                self._deliver(word)

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
        self._tell(learners(room))


def placed(code: str, step: int, place: Place) -> Word:
    """Where a room's host went."""
    return replace(Word.of(code, "place", place=asdict(place), step=step), step=step)


def rules(room: Room) -> Word:
    """What a room's learners may do."""
    return Word.of(room.code, "rules", frozen=room.frozen, roam=room.roam)


def learners(room: Room) -> Word:
    """How many learners a room has."""
    return replace(Word.of(room.code, "learners", learners=room.learners), hosts_only=True)


def counted(code: str, tally: Tally) -> Word:
    """What was answered at a checkpoint."""
    word = Word.of(code, "tally", **asdict(tally))
    return replace(word, hosts_only=True, kind=f"tally {tally.checkpoint}")
