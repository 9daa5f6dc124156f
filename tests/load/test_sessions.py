"""Sessions on one server, for some seconds: everybody reads, nobody is lost, and who finds it full queues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.hosting.seats import GRACE
from tests.load import sessions, visitors
from tests.load.server import serving
from tests.load.shown import Cache
from tests.load.texts import TOKENS, text
from titans_core.tokenizer import Tokenizer

Result = dict[str, Any]


def alone(measure: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """In a thread of its own: the browser tests' Playwright has a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(measure())).result()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody thinks for long."""
    monkeypatch.setattr(visitors, "THINK", (0.5, 1.5))
    monkeypatch.setattr(visitors, "SPREAD", 2.0)


@pytest.mark.slow
def test_everybody_reads_and_nobody_is_lost(tmp_path: Path, hurried: None) -> None:
    with serving(tmp_path) as server:
        result = alone(lambda: sessions.measure(server, 10, 6, browsers=1, places=60))
    assert result["texts"] >= 6 and result["paints"] >= 1
    assert [wrong for wrong in sessions.failures(result) if "percentile" not in wrong] == []
    assert result["queued"] == 0


@pytest.mark.slow
def test_who_finds_the_lab_full_queues_and_comes_in_when_another_leaves(
    tmp_path: Path, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "STAY", 1)  # the first leave long before the end
    with serving(tmp_path, sessions=3) as server:
        result = alone(lambda: sessions.measure(server, 20 + GRACE, 6, browsers=0, places=3))
    assert result["longest_queue"] >= 2
    assert result["queued"] >= 1
    assert [wrong for wrong in sessions.failures(result) if "percentile" not in wrong] == []


def test_a_server_that_is_gone_loses_everybody_and_is_told(tmp_path: Path) -> None:
    lost = visitors.Visit(dropped=True, problems=["ValueError: no"], first=[0.5])
    result = sessions.of_visits([lost, visitors.Visit(refused=True)]) | sessions.of_browsers([])
    result |= {"sessions": 2, "browsers": 0, "places": 60}
    result |= {"server_errors": 0, "server_up": False} | sessions.of_memory([])
    assert sessions.failures(result) == [
        "1 dropped.",
        "1 refused.",
        "Shown: ValueError: no",
        "The server is gone.",
    ]


def test_delays_and_memory_are_failures_but_where_people_queue() -> None:
    slow = sessions.of_visits([visitors.Visit(first=[3.0], queued=1.0)]) | sessions.of_browsers([])
    slow |= {"browsers": 0, "places": 60, "server_errors": 0, "server_up": True, "rss_growth": 0.2}
    assert sessions.failures(slow | {"sessions": 60}) == [
        "first_data_ms: the 95th percentile is 3000.0.",
        "Memory grew by 20.0%.",
    ]
    assert sessions.failures(slow | {"sessions": 61}) == []
    assert sessions.failures(slow | {"sessions": 61, "queued": 0}) == ["Nobody came in from the queue."]


def test_memory_is_judged_from_the_first_minute_on() -> None:
    rising = [(float(second), 100.0 + (second > 60) * second / 10) for second in range(0, 200, 2)]
    judged = sessions.of_memory(rising)
    assert judged["rss_mb"]["most"] == 119.8
    assert judged["rss_growth"] == pytest.approx(119.8 / judged["rss_mb"]["warm"] - 1, abs=1e-4)
    assert sessions.of_memory(rising[:20])["rss_growth"] is None


def test_every_text_has_its_length_and_is_nobody_elses() -> None:
    texts = [text(person, number) for person in range(3) for number in range(3)]
    assert len(set(texts)) == 9
    assert {len(Tokenizer.load().encode(words)) for words in texts} == {TOKENS}
    assert texts[4] == text(1, 1)


def test_a_message_that_is_referred_to_is_found_until_it_is_too_old() -> None:
    large = ForwardMsg(hash="large")
    large.metadata.cacheable = True
    large.delta.new_element.text.body = "words"
    cache = Cache()
    cache.take(large.SerializeToString())
    reference = ForwardMsg(ref_hash="large")
    reference.metadata.delta_path.extend([0, 3])
    meant = cache.take(reference.SerializeToString())
    assert meant.delta.new_element.text.body == "words" and list(meant.metadata.delta_path) == [0, 3]
    for _ in range(3):
        assert cache.hashes() == ["large"]
        cache.ran(oldest=2, fragments=[])
    assert cache.hashes() == []
    with pytest.raises(KeyError):
        cache.take(reference.SerializeToString())
