"""What is fuzzed: a way in, inputs for it, and the errors with which it may refuse them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from hypothesis import strategies as some
from hypothesis.strategies import SearchStrategy

PATIENCE = 5.0  # seconds that one input may take

CHARACTERS = some.characters(exclude_categories=())  # halves of surrogate pairs among them
TEXTS = some.text(CHARACTERS, max_size=60)
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | TEXTS,
    lambda parts: some.lists(parts, max_size=4) | some.dictionaries(TEXTS, parts, max_size=4),
    max_leaves=12,
)


class Hang(AssertionError):
    """One input took too long."""


class Target(NamedTuple):
    """A way in. ``refuses`` are the errors that are documented for it; any other is a fault."""

    name: str
    inputs: SearchStrategy[Any]
    enter: Callable[[Any], object]
    refuses: tuple[type[Exception], ...] = ()

    def check(self, given: Any) -> None:
        """Go in with this. Raises what must not be raised, and Hang."""
        with within(PATIENCE):
            try:
                self.enter(given)
            except self.refuses as problem:
                assert str(problem).strip(), "a refusal says why"


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise Hang where this takes longer."""

    def late(number: int, frame: FrameType | None) -> None:
        raise Hang(f"one input took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def damaged(whole: bytes, most: int = 6) -> SearchStrategy[bytes]:
    """These bytes with some changed, left out or put in; or cut short."""
    place = some.integers(0, max(0, len(whole) - 1))
    change = some.tuples(place, some.sampled_from((0, 0, 1, 2, 8)), some.binary(max_size=8))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        found = whole
        for start, gone, instead in changes:
            found = found[:start] + instead + found[start + (gone or len(instead)) :]
        return found

    return some.lists(change, min_size=1, max_size=most).map(apply) | place.map(lambda end: whole[:end])
