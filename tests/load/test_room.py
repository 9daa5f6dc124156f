"""The load of a class of fifty, for some seconds: nobody is lost, and every step comes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.browser import running_app
from tests.load import room


@pytest.mark.slow
def test_a_class_of_fifty_hears_every_step_and_loses_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(room, "STEP", 0.5)
    monkeypatch.setattr(room, "RELOAD", 2.0)
    # in a thread of its own: the browser tests' Playwright has a loop running in this one
    with running_app() as address, ThreadPoolExecutor(1) as thread:
        measured = thread.submit(lambda: asyncio.run(room.measure(address, 6, room.FOLLOWERS, browsers=1)))
        result = measured.result()
    assert result["host_reloads"] >= 1 and result["steps"] >= 4  # 2 and 12 where nothing else is done
    assert (result["dropped"], result["undelivered"], result["behind"]) == (0, 0, 0)
    assert result["step_ms"]["p95"] > 0
    assert result["paint_ms"] is not None


def test_paints_are_of_the_step_they_belong_to() -> None:
    told = [(10.0, "one"), (20.0, "two"), (30.0, "one"), (40.0, "two")]
    painted = [[(1.0, "two"), (10.5, "one"), (20.25, "two"), (41.0, "two")]]
    assert room.paints(told, painted) == ([0.5, 0.25, 1.0], 1)
