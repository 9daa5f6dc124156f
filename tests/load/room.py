"""A class of fifty on one server: how long a step takes to reach everybody, and whether anybody is lost.

`make load` keeps the result as ``benchmarks/results/room.json``; `python -m tests.load.room --help` tells
what can be changed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from app import samples
from benchmarks.browser import running_app
from benchmarks.machine import describe, keep
from tests.load.browsers import Browsers, Painted
from tests.load.followers import Host, Learner, seated

FOLLOWERS = 49
STEP = 5.0  # seconds between two steps of the host
LOOK = 0.2  # and between two movements of its playhead
RELOAD = 60.0  # and between two reloads of its page
AIM = 1_000.0  # milliseconds within which 95 % of the steps must have come


async def lesson(host: Host, seconds: float) -> list[tuple[float, str]]:
    """Lead for so long, from one sample text to the next; when (Unix seconds) each step was told, and its
    text's first words."""
    titles = samples.titles()
    told: list[tuple[float, str]] = []
    start, reload_at = perf_counter(), RELOAD
    while (gone := perf_counter() - start) < seconds:
        if gone >= reload_at:
            await host.reload()
            reload_at += RELOAD
        title = titles[(len(told) + 1) % len(titles)]
        told.append((time.time(), samples.text(title)[:40]))
        await host.step(sample=title)
        until = min(seconds, gone + STEP)
        while (now := perf_counter() - start) < until:
            await asyncio.sleep(min(LOOK, until - now))
            await host.look()
    return told


async def heard_all(host: Host, learners: list[Learner]) -> None:
    """Wait until everybody has heard of the last step, at most ten times as long as they should need."""
    deadline = perf_counter() + 10 * AIM / 1000
    while perf_counter() < deadline and not all(host.said in one.steps for one in learners):
        await asyncio.sleep(0.01)


def spread(values: list[float]) -> dict[str, float] | None:
    """Seconds as milliseconds: the median, the 95th and 99th percentile, and the largest."""
    if not values:
        return None
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {
        name: round(1000 * float(value), 1)
        for name, value in (("p50", p50), ("p95", p95), ("p99", p99), ("max", max(values)))
    }


def delays(told: dict[int, float], heard: list[dict[int, float]]) -> list[float]:
    """From the host's word to each learner's ear, in seconds."""
    return [one[key] - at for one in heard for key, at in told.items() if key in one]


def paints(told: list[tuple[float, str]], painted: list[Painted]) -> tuple[list[float], int]:
    """From the host's word to each browser's next frame with the new text, in seconds; and how many never
    came, for the next step was there before."""
    found, missed = [], 0
    for browser in painted:
        for number, (at, words) in enumerate(told):
            again = next((when for when, told_words in told[number + 1 :] if told_words == words), inf)
            first = next((when for when, seen in browser if at <= when < again and seen == words), None)
            if first is None:
                missed += 1
            else:
                found.append(first - at)
    return found, missed


async def measure(address: str, seconds: float, followers: int, browsers: int) -> dict[str, Any]:
    """Fill a room of the lab at ``address``, lead it, and tell how it went."""
    async with Host(address) as host:
        await host.step(sample=samples.titles()[0])
        real = Browsers(address, host.code, browsers)
        await asyncio.to_thread(real.start)
        async with seated(address, host.code, followers) as learners:
            host.steps.clear()  # what was said before they sat there
            told = await lesson(host, seconds)
            await heard_all(host, learners)
            painted = await asyncio.to_thread(real.stop, told[-1][1])
            dropped = sum(one.dropped for one in learners)
            await host.close()
    steps = delays(host.steps, [one.steps for one in learners])
    paint, unpainted = paints(told, painted)
    return {
        "seconds": seconds,
        "followers": followers,
        "browsers": browsers,
        "steps": len(host.steps),
        "host_reloads": host.reloads,
        "dropped": dropped,
        "undelivered": len(host.steps) * followers - len(steps),
        "step_ms": spread(steps),
        "playhead_ms": spread(delays(host.looks, [one.looks for one in learners])),
        "paint_ms": spread(paint),
        "unpainted": unpainted,
        "behind": sum(words != told[-1][1] for (*_, (_, words)) in painted),
        "load_average_after": [round(load, 2) for load in os.getloadavg()],
    }


def main() -> None:
    """Measure, keep the result, and fail where a step came late or somebody was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.room", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long the class lasts (default: 600)")
    parser.add_argument("--browsers", type=int, default=5, help="real browsers beside the 49 (default: 5)")
    given = parser.parse_args()
    machine = describe("streamlit", "uvicorn", "websockets")
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state  # no rooms of this run are left behind
        with running_app() as address:
            result = asyncio.run(measure(address, given.seconds, FOLLOWERS, given.browsers))
    path = keep("room", {"machine": machine} | result)
    for name, value in result.items():
        print(f"{name}: {value}")
    print(f"kept as {path.name}")
    step = result["step_ms"]
    lost = result["dropped"] or result["undelivered"] or result["behind"]
    if lost or step is None or step["p95"] >= AIM:
        raise SystemExit("Somebody was lost, or a step came late.")


if __name__ == "__main__":
    main()
