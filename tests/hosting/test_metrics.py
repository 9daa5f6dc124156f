"""Metrics: what is served is what was counted, at a port of its own, and only where one is set."""

from __future__ import annotations

import urllib.request

import pytest

from app.hosting import metrics
from app.hosting.lately import KEPT, Lately
from app.reading import read
from app.settings import BadSettings, Settings
from benchmarks.browser import free_port
from titans_core import load


def fetch(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_what_was_counted_is_served_at_a_port_of_its_own() -> None:
    port = free_port()
    metrics.serve(Settings(metrics_port=port))
    counted = metrics.total(metrics.TOKENS)
    metrics.TOKENS.labels("mac").inc(7)
    metrics.HELD_BYTES.set(3)
    told = fetch(port)
    assert "\ntitans_held_bytes 3.0\n" in told and 'titans_tokens_total{model="mac"}' in told
    assert metrics.total(metrics.TOKENS) == counted + 7
    assert "process_resident_memory_bytes" in told


def test_a_port_that_is_taken_is_told() -> None:
    port = free_port()
    metrics.serve(Settings(metrics_port=port))
    with pytest.raises(BadSettings, match=rf"TITANS_METRICS_PORT={port} cannot be had at .*in use\): take"):
        metrics.serve(Settings(metrics_port=port))


@pytest.mark.parametrize("address", ["nowhere.invalid", "x" * 64, "192.0.2.77"])
def test_an_address_that_is_none_of_this_machine_is_told(address: str) -> None:
    with pytest.raises(BadSettings, match=f"cannot be had at TITANS_METRICS_ADDRESS='{address}'"):
        metrics.serve(Settings(metrics_port=free_port(), metrics_address=address))


def test_without_a_port_nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[object] = []
    monkeypatch.setattr(metrics, "start_http_server", lambda *given: served.append(given))
    metrics.serve(Settings(metrics_port=0))
    assert served == []
    metrics.serve(Settings(metrics_port=1))
    assert served == [(1, "127.0.0.1", metrics.REGISTRY)]


def test_every_token_that_is_read_is_counted_for_its_model() -> None:
    def counted() -> float:
        return metrics.REGISTRY.get_sample_value("titans_tokens_total", {"model": "lmm"}) or 0.0

    before = counted()
    reading = read(load("lmm"), "Mara put the red key in the attic.")
    assert counted() - before == len(reading.ids) > 0


def test_lately_is_what_was_gained_in_the_last_minute() -> None:
    now = [0.0]
    lately = Lately(lambda: now[0])
    assert lately.gained() == (0, 0, 0, 0)
    for _ in range(3 * KEPT):
        now[0] += 5
        metrics.TOKENS.labels("mac").inc(10)
        metrics.COMPUTE.inc(1.5)
        lately.look()
    gained = lately.gained()
    assert gained.time == 60
    assert (gained.tokens, gained.compute, gained.errors) == pytest.approx((120, 18, 0))
