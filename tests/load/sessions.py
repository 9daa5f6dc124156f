"""Many sessions on one server, each having texts of 200 tokens read, with real browsers beside them.

`make load` keeps the result in ``benchmarks/results/sessions.json``. Where there are more sessions than the
server has places for, the others queue, and whoever has read three texts leaves for another to come.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from app.settings import settings
from benchmarks.machine import RESULTS, describe, keep
from tests.load.painters import Painter, Painters
from tests.load.room import spread
from tests.load.server import Server, serving
from tests.load.texts import TOKENS
from tests.load.visitors import THINK, Visit, coming_and_going, crowd

AIM = 2_000.0  # milliseconds within which 95 % of the texts must be there
GROWTH = 0.1  # by which the server's memory may grow after the first minute
WARM = 60.0  # seconds after which it is warm
STAY = 3  # texts that somebody reads before leaving for others
BROWSERS = 2


async def measure(
    server: Server, seconds: float, sessions: int, browsers: int, places: int
) -> dict[str, Any]:
    """Let so many sessions read for so long on a running server with ``places``, and tell how it went."""
    painters = Painters(server.address, browsers)
    await asyncio.to_thread(painters.start)
    started, memory = perf_counter(), list[tuple[float, float]]()
    watching = asyncio.create_task(server.watch(started, memory))
    until = started + seconds
    if sessions + browsers > places:
        visits = await coming_and_going(server.address, sessions, until, STAY)
    else:
        visits = await crowd(server.address, sessions, until)
    watching.cancel()
    painted = await asyncio.to_thread(painters.stop)
    return {
        "seconds": seconds,
        "sessions": sessions,
        "browsers": browsers,
        "places": places,
        "tokens": TOKENS,
        "think_seconds": THINK,
        **of_visits(visits),
        **of_browsers(painted),
        "server_errors": server.said().count("Traceback (most recent call last)"),
        "server_up": server.running,
        **of_memory(memory),
        "load_average_after": [round(load, 2) for load in os.getloadavg()],
    }


def of_visits(visits: list[Visit]) -> dict[str, Any]:
    """How it went for those without browsers."""
    first = [seconds for visit in visits for seconds in visit.first]
    queued = [visit.queued for visit in visits if visit.queued is not None]
    return {
        "visits": len(visits),
        "texts": len(first),
        "megabytes": round(sum(visit.megabytes for visit in visits), 1),
        "dropped": sum(visit.dropped for visit in visits),
        "refused": sum(visit.refused for visit in visits),
        "late": sum(visit.late for visit in visits),
        "problems": sorted({problem for visit in visits for problem in visit.problems}),
        "open_ms": spread([visit.opened for visit in visits if visit.opened is not None]),
        "first_data_ms": spread(first),
        "whole_ms": spread([seconds for visit in visits for seconds in visit.whole]),
        "queued": len(queued),
        "queued_ms": spread(queued),
        "longest_queue": max((place for visit in visits for place in visit.places), default=0),
        "still_queued": sum(bool(visit.places) and visit.queued is None for visit in visits),
    }


def of_browsers(painters: list[Painter]) -> dict[str, Any]:
    """How it went for those with."""
    return {
        "paint_ms": spread([seconds for painter in painters for seconds in painter.paints]),
        "paints": sum(len(painter.paints) for painter in painters),
        "unpainted": sum(painter.unpainted for painter in painters),
        "browser_problems": sorted({problem for painter in painters for problem in painter.problems}),
    }


def of_memory(seen: list[tuple[float, float]]) -> dict[str, Any]:
    """The server's memory in megabytes once it is warm (over half a minute), at most after that, and over the
    last half minute; and by which share the most is more. All None in a run too short to tell."""
    late = [megabytes for at, megabytes in seen if at >= WARM]
    warm = [megabytes for at, megabytes in seen if WARM <= at < WARM + 30]
    last = [megabytes for at, megabytes in seen if at >= seen[-1][0] - 30] if seen else []
    if not late:
        return {"rss_mb": None, "rss_growth": None, "rss": seen}
    base = sum(warm) / len(warm)
    return {
        "rss_mb": {"warm": round(base, 1), "most": max(late), "last": round(sum(last) / len(last), 1)},
        "rss_growth": round(max(late) / base - 1, 4),
        "rss": seen[:: max(1, len(seen) // 60)],
    }


def failures(result: dict[str, Any]) -> list[str]:
    """What did not hold, a sentence each. Where people queue, they come and go, in crowds: how soon they read
    and how much memory that takes is told, and no failure."""
    queueing = result["sessions"] + result["browsers"] > result["places"]
    timed = () if queueing else ("first_data_ms", "paint_ms")
    p95 = {name: (result[name] or {"p95": 0.0})["p95"] for name in timed}
    growth = 0.0 if queueing else result["rss_growth"] or 0.0
    lost = {name: result[name] for name in ("dropped", "refused", "late", "unpainted", "server_errors")}
    wrong = [*result["problems"], *result["browser_problems"]]
    return [
        *(f"{name}: the 95th percentile is {value}." for name, value in p95.items() if value >= AIM),
        *(f"{count} {name}." for name, count in lost.items() if count),
        *(f"Shown: {problem}" for problem in wrong),
        *(["The server is gone."] if not result["server_up"] else []),
        *([f"Memory grew by {growth:.1%}."] if growth >= GROWTH else []),
        *(["Nobody came in from the queue."] if queueing and not result["queued"] else []),
        *(["No text was read."] if not result["texts"] else []),
    ]


def kept(sessions: int, result: dict[str, Any]) -> Path:
    """Keep the result beside those for other numbers of sessions."""
    path = RESULTS / "sessions.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return keep("sessions", before | {str(sessions): result})


def main() -> None:
    """Measure, keep the result, and fail where something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.sessions", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long they read (default: 600)")
    parser.add_argument("--sessions", type=int, default=50, help="how many at once (default: 50)")
    given = parser.parse_args()
    machine = describe("streamlit", "torch", "uvicorn", "websockets")
    with tempfile.TemporaryDirectory() as state, serving(Path(state)) as server:
        result = asyncio.run(measure(server, given.seconds, given.sessions, BROWSERS, settings().sessions))
    path = kept(given.sessions, {"machine": machine} | result)
    for name, value in result.items():
        if name != "rss":
            print(f"{name}: {value}")
    print(f"kept as {path.name}")
    if wrong := failures(result):
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
