"""A little world: people go to places, take things along and leave them. It knows where everything is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, NamedTuple

from titans_core.tasks.words import NAMES, OBJECTS, PLACES

PEOPLE, THINGS, ROOMS = 4, 3, 6  # of one world, as many as in bAbI's
MOST_FACTS = 3  # that a question needs
TAKE, LEAVE = 0.3, 0.12  # shares of what happens, where they can; all else is going


class Deed(NamedTuple):
    """What somebody did; ``what`` is a place or a thing."""

    verb: Literal["go", "take", "leave"]
    who: str
    what: str


class Visit(NamedTuple):
    """A place where somebody or something was, and which of the deeds brought there."""

    place: str
    deed: int


class Asked(NamedTuple):
    """A question about ``subject``, its answer and which of the deeds tells it: the going to that place, or
    how somebody took that thing."""

    subject: str
    before: str  # the place that the thing was in afterwards; "" where it is asked where something is now
    answer: str
    deed: int


@dataclass
class World:
    """Who and what is where, as far as was told; ``rng`` draws its people, and what they do."""

    rng: Random
    at: dict[str, Visit] = field(default_factory=dict)  # of people
    holder: dict[str, str] = field(default_factory=dict)  # of things that somebody has
    taken: dict[str, int] = field(default_factory=dict)  # of these: by which deed
    path: dict[str, list[Visit]] = field(default_factory=dict)  # of things: all their places, in order
    deeds: int = 0

    def __post_init__(self) -> None:
        self.people = self.rng.sample(NAMES, PEOPLE)
        self.things = self.rng.sample(OBJECTS, THINGS)
        self.rooms = self.rng.sample(PLACES, ROOMS)

    def go_on(self) -> Deed:
        """Something happens, and everything is where it then is."""
        rng, u = self.rng, self.rng.random()
        takes = [(who, thing) for who in self.at for thing in self.things if self.can_take(who, thing)]
        if takes and u < TAKE:
            return self.take(*rng.choice(takes))
        if self.holder and u > 1 - LEAVE:
            return self.leave(rng.choice(list(self.holder)))
        who = rng.choice(self.people)
        here = self.at[who].place if who in self.at else ""
        return self.go(who, rng.choice([room for room in self.rooms if room != here]))

    def can_take(self, who: str, thing: str) -> bool:
        """Whether a thing lies where somebody is, or was not spoken of and may lie anywhere."""
        lies = thing not in self.path or self.path[thing][-1].place == self.at[who].place
        return lies and thing not in self.holder

    def go(self, who: str, place: str) -> Deed:
        visit = self.at[who] = Visit(place, self.deeds)
        for thing in (thing for thing, holder in self.holder.items() if holder == who):
            self.path[thing].append(visit)
        return self.done(Deed("go", who, place))

    def take(self, who: str, thing: str) -> Deed:
        self.holder[thing], self.taken[thing] = who, self.deeds
        self.path.setdefault(thing, [self.at[who]])
        return self.done(Deed("take", who, thing))

    def leave(self, thing: str) -> Deed:
        return self.done(Deed("leave", self.holder.pop(thing), thing))

    def done(self, deed: Deed) -> Deed:
        self.deeds += 1
        return deed

    def questions(self, facts: int) -> Sequence[Asked]:
        """All that can be asked now and needs so many facts: where somebody is (1), where a thing is (2:
        who has it or left it, and where they went), where a thing was before it last came to a place (3)."""
        if facts == 1:
            return [Asked(who, "", *visit) for who, visit in self.at.items()]
        if facts == 2:
            return [Asked(thing, "", *path[-1]) for thing, path in self.path.items()]
        found = {}
        for thing, path in self.path.items():
            for former, visit in zip(path, path[1:], strict=False):
                found[thing, visit.place] = Asked(thing, visit.place, *former)  # the last time counts
        return list(found.values())

    def carried_on(self, asked: Asked) -> bool:
        """Whether a thing came to where it is after it was taken, so that only two facts together tell it."""
        return asked.deed > self.taken.get(asked.subject, asked.deed)

    def holders(self) -> Sequence[Asked]:
        """Who has what can be asked now: the first step to where a thing is."""
        return [Asked(thing, "", who, self.taken[thing]) for thing, who in self.holder.items()]
