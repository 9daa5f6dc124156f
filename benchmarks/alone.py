"""The work behind the pages done by the library alone: milliseconds, on one thread as in the app."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

import titans_core as tc
from app import needle


class Clock:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._began = time.perf_counter()

    def __call__(self) -> float:
        return round(1e3 * (time.perf_counter() - self._began), 1)


def read(names: Sequence[str], ids: Sequence[int]) -> float:
    """Each model reads the tokens at once, with everything that the page is told of."""
    models = [tc.load(name) for name in names]
    clock = Clock()
    for model in models:
        tc.Stream(model).feed(ids, writes=True, without=True)
    return clock()


def edit(name: str, ids: Sequence[int], alpha: float) -> float:
    """One model reads the tokens under an override."""
    stream = tc.Stream(tc.load(name)).override(alpha=alpha)
    clock = Clock()
    stream.feed(ids, writes=True)
    return clock()


def search(names: Sequence[str], wanted: needle.Needle) -> tuple[float, float]:
    """The models read a haystack and are asked wherever the page asks them: until the first answer, and the
    last."""
    streams = [tc.Stream(tc.load(name), history=0) for name in names]
    clock, first = Clock(), 0.0
    hay = needle.hide(wanted)
    for distance in needle.distances(hay):
        for stream in streams:
            stream.feed(hay.ids[stream.position : hay.told + distance])
            stream.ask(wanted.question).chances(wanted.answer)
            first = first or clock()
    return first, clock()
