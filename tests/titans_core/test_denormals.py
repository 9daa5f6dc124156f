"""A memory that only forgets comes to zero, not to numbers that a processor is slow with."""

from __future__ import annotations

import threading

import pytest

from tests.titans_core.conftest import speaker
from titans_core.denormals import are_zero
from titans_core.stream import Stream
from titans_core.together import read_together

SLOWLY, LONG = 0.06, 1600  # α, and tokens after which 0.94 ** n is no normal number


@pytest.mark.parametrize("kind", [("mac", 1, 1), ("lmm", 1, 1), ("mag", 1, 8)])
def test_a_memory_that_only_forgets_comes_to_zero(kind: tuple[str, int, int]) -> None:
    stream = Stream(speaker(kind))
    stream.feed([i % 90 for i in range(64)])
    assert any(weights.any() for weights in stream.weights().values())
    stream = stream.override(alpha=SLOWLY, theta=0.0)
    stream.feed([i % 90 for i in range(LONG)])
    for name, weights in stream.weights().items():
        assert not weights.any(), name


def test_reading_leaves_the_thread_as_it_was_and_holds_in_others() -> None:
    seen = []

    def read() -> None:
        before = are_zero()
        stream = Stream(speaker(("lmm", 1, 1))).override(alpha=SLOWLY, theta=0.0)
        stream.feed([i % 90 for i in range(LONG)])
        seen.append((before, are_zero(), any(w.any() for w in stream.weights().values())))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert seen == [(False, False, False)] and not are_zero()


def test_streams_read_together_come_to_zero_too() -> None:
    model = speaker(("lmm", 1, 1))
    streams = [Stream(model) for _ in range(2)]
    read_together(streams, [[i % 90 for i in range(64)]] * 2)
    assert all(any(w.any() for w in stream.weights().values()) for stream in streams)
    streams = [stream.override(alpha=SLOWLY, theta=0.0) for stream in streams]
    read_together(streams, [[i % 90 for i in range(LONG)]] * 2)
    assert not any(w.any() for stream in streams for w in stream.weights().values())
