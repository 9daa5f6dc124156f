"""What a server counts and measures, for Prometheus: numbers alone, under names from fixed sets.

Whoever does the work tells the objects below; nothing here knows of sessions or streams.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from app.settings import WRONG, BadSettings, Settings

disable_created_metrics()  # type: ignore[no-untyped-call]  # nobody asks when each began to count
REGISTRY: Final = CollectorRegistry()
WAITS: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)  # seconds, borders of the histogram


def counter(name: str, tells: str, *labels: str) -> Counter:
    """What only grows."""
    return Counter(name, tells, labels, "titans", registry=REGISTRY)


def gauge(name: str, tells: str) -> Gauge:
    """What goes up and down."""
    return Gauge(name, tells, (), "titans", registry=REGISTRY)


# who is in
SESSIONS: Final = gauge("sessions", "sessions that have a place")
WAITING: Final = gauge("sessions_waiting", "sessions that queue for a place")
QUEUED: Final = Histogram(
    "queue_wait_seconds",
    "seconds from asking for a place to having it",
    (),
    "titans",
    buckets=WAITS,
    registry=REGISTRY,
)
CONNECTED: Final = gauge("room_connections", "browsers connected to class rooms")

# what is computed
TOKENS: Final = counter("tokens", "tokens read", "model")
COMPUTE: Final = counter("compute_seconds", "seconds spent computing for sessions")
JOBS_RUNNING: Final = gauge("jobs_running", "computations that go on")
JOBS_WAITING: Final = gauge("jobs_waiting", "computations that wait for a free thread or for their budget")

# what is held and kept
HELD_BYTES: Final = gauge("held_bytes", "bytes that all sessions hold")
SAVED: Final = counter("sessions_saved", "sessions put into the store")
RESTORED: Final = counter("sessions_restored", "sessions that went on from the store")
REFUSED: Final = counter("sessions_refused", "saved sessions that were damaged, and refused")
EVICTED: Final = counter("sessions_evicted", "idle sessions put away to free memory")
STORE_PROBLEMS: Final = counter("store_problems", "times that the store could not be read or written")

# what went wrong
ERRORS: Final = counter("errors", "errors of ours, by the class of the exception", "kind")

ProcessCollector(registry=REGISTRY)  # resident memory, processor time, open files, under the usual names


def serve(settings: Settings) -> None:
    """Serve the metrics from a thread, at a port of their own, where the settings name one. Raises
    BadSettings where that port cannot be had."""
    port, address = settings.metrics_port, settings.metrics_address
    if not port:
        return
    try:
        start_http_server(port, address, REGISTRY)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no address"
        raise BadSettings(
            f"{WRONG}TITANS_METRICS_PORT={port} cannot be had at TITANS_METRICS_ADDRESS={address!r} "
            f"({reason}): take another."
        ) from None


def total(metric: Counter | Gauge) -> float:
    """Its value, summed over its labels."""
    return sum(sample.value for family in metric.collect() for sample in family.samples)
