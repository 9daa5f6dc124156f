"""The bounds of memory: what is held is counted once, and the oldest idle are let go first."""

from __future__ import annotations

import numpy as np
import torch

import titans_core as tc
from app import reading
from app.hosting.memory import Memory, footprint
from app.session import Held


class Holder:
    def __init__(self, size: int, busy: bool = False) -> None:
        self.nbytes, self.busy = size, busy

    def let_go(self) -> None:
        self.nbytes = 0


def test_beyond_the_bound_the_oldest_idle_go_until_it_holds_and_nobody_else() -> None:
    clock = iter(range(100))
    memory = Memory(100, lambda: next(clock))
    oldest, busy, middle, latest = Holder(30), Holder(30, busy=True), Holder(30), Holder(60)
    assert [memory.used(one) for one in (oldest, busy, middle)] == [0, 0, 0]
    assert memory.used(latest) == 2
    assert [one.nbytes for one in (oldest, busy, middle, latest)] == [0, 30, 0, 60]
    assert memory.total == 90


def test_who_was_used_again_is_not_the_oldest() -> None:
    clock = iter(range(100))
    memory = Memory(100, lambda: next(clock))
    first, second = Holder(40), Holder(40)
    for one in (first, second, first, Holder(40)):
        memory.used(one)
    assert (first.nbytes, second.nbytes) == (40, 0)


def test_what_nobody_knows_any_more_is_not_counted() -> None:
    memory = Memory(100)
    memory.used(Holder(40))
    kept = Holder(50)
    memory.used(kept)
    assert memory.total == 50


def test_tensors_and_arrays_are_counted_once_and_models_not_at_all() -> None:
    tensor, array = torch.zeros(100), np.zeros(100)
    assert footprint([tensor, tensor[:50], {"a": tensor}]) == 400
    assert footprint((array, array[10:], [array.reshape(10, 10)])) == 800
    assert footprint([tc.load("mac"), "text" * 100, [1, 2, 3], None]) == 0
    assert footprint([b"12345"]) == 5


def test_a_readings_footprint_grows_with_what_it_holds_and_its_stream_is_in_it() -> None:
    model = tc.load("mac")
    short = reading.read(model, "Mara put the red key in the attic.")
    long = reading.read(model, "Mara put the red key in the attic. " * 30)
    assert short.stream.nbytes < footprint(short) < footprint(long)
    before = footprint(long)
    assert footprint(long) == before
    assert len(long.message) <= footprint(long) - before


def test_a_session_over_its_bound_lets_go_what_the_page_in_sight_does_not_need() -> None:
    held = Held(reading=reading.read(tc.load("mac"), "Mara put the red key in the attic."))
    held.left = reading.read(tc.load("mac"), "Tom likes soup.")
    text = held.reading
    held.shrink(10**12, set())
    assert held.left is not None
    held.shrink(1, {"left"})
    assert held.left is not None
    held.shrink(1, set())
    assert held.left is None and held.reading is text
