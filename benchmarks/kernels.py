"""Where the time on a card goes: how long each kernel of a call is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

CALLS = 10


def kernels_of(work: Callable[[], Any]) -> dict[str, float]:
    """Microseconds of each kernel in one call, the longest first. Some run at the same time, so their sum is
    more than what the call takes."""
    work()  # compiled before it is watched
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        for _ in range(CALLS):
            work()
        torch.cuda.synchronize()
    return shares(seen.key_averages())


def shares(events: Iterable[Any]) -> dict[str, float]:
    """The same from what the profiler has seen."""
    times = {event.key: event.self_device_time_total / CALLS for event in events}
    return {name: round(time, 1) for name, time in sorted(times.items(), key=lambda one: -one[1]) if time}
