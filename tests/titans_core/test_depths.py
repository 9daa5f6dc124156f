"""What is measured of deeper memories: times in turns, and the surprise that is left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from titans_core.tables import depths
from titans_core.tables.needles import LENGTHS


class Clock:
    """Time that passes only where it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def process_time(self) -> float:
        return self.now

    def perf_counter(self) -> float:
        raise AssertionError("on a processor its own time counts")


class Reader:
    """A model that takes so many seconds; every third reading something else keeps the machine busy."""

    config = SimpleNamespace(vocab_size=8)
    device = torch.device("cpu")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds, self.times = clock, seconds, 0

    def __call__(self, ids: torch.Tensor) -> None:
        self.times += 1
        self.clock.now += self.seconds * (100 if self.times % 3 == 0 else 1)

    def to(self, device: torch.device) -> Reader:
        return self

    def eval(self) -> Reader:
        return self


def test_times_are_medians_beside_a_linear_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(depths, "time", clock)
    monkeypatch.setattr(depths, "TitansLM", lambda config: Reader(clock, 2.0))
    model: Any = Reader(clock, 5.0)
    assert depths.times_as_long(model, 64) == 2.5
    assert model.times == depths.TURNS


def test_the_layer_with_the_least_surprise_left_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    surprise = np.ones((LENGTHS[-1], 2, 4))
    surprise[LENGTHS[1] - depths.PIECE :, 1] = 0.5
    surprise[-depths.PIECE :, 0] = [0.1, 0.2, 0.3, 0.4]
    monkeypatch.setattr(
        depths, "Stream", lambda model: SimpleNamespace(feed=lambda ids: {"surprise": surprise})
    )
    model: Any = None
    assert [row["value"] for row in depths.surprise_left(model)] == pytest.approx([1, 0.5, 0.5, 0.25])
