"""What would be expected without memory, all tokens at once: as if the stream had been wiped before each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.titans_core.conftest import TEXT, WITH_MEMORY, speaker
from titans_core.stream import Stream
from titans_core.trace import Trace


@pytest.fixture(params=WITH_MEMORY)
def remembering(request: pytest.FixtureRequest) -> Stream:
    """A stream of every kind of model that has a memory."""
    return Stream(speaker(request.param))


def one_by_one(stream: Stream, start: int, ids: tuple[int, ...]) -> torch.Tensor:
    """Logits [T, vocab] after each token, from a stream wiped just before it: the definition."""
    found, reader = [], stream.at(start)
    for token in ids:
        wiped = reader.wipe()
        wiped.feed([token])
        reader.feed([token])
        found.append(wiped.now.logits[0])
    return torch.stack(found)


def check_guesses(trace: Trace, probabilities: torch.Tensor) -> None:
    """What the trace says would be expected are the likeliest of probabilities [T, vocab]."""
    assert trace.guesses_without is not None
    ids, shares = (torch.from_numpy(part) for part in trace.guesses_without)
    torch.testing.assert_close(shares, probabilities.gather(1, ids), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(shares[:, 0], probabilities.max(1).values, atol=1e-5, rtol=1e-4)


def test_it_equals_a_stream_that_is_wiped_before_each_token(stream: Stream) -> None:
    stream.feed("Ivy has a pet owl. ")
    start = stream.position
    trace = stream.feed(TEXT, without=True)
    probabilities = one_by_one(stream, start, trace.ids).softmax(-1)
    check_guesses(trace, probabilities)
    costs = -probabilities[:-1].log()[range(len(trace) - 1), list(trace.ids[1:])]
    torch.testing.assert_close(torch.from_numpy(trace["nll_without"][1:]), costs, atol=1e-4, rtol=1e-4)
    assert np.isnan(trace["nll_without"][0])  # what stood before was read without being asked


def test_a_memory_that_reads_before_its_write(remembering: Stream) -> None:
    stream = remembering
    for mixer in stream.model.mixers:
        mixer.memory.config = replace(mixer.memory.config, read="before")  # type: ignore[union-attr,arg-type,type-var]
    start = stream.position
    trace = stream.feed(TEXT, without=True)
    check_guesses(trace, one_by_one(stream, start, trace.ids).softmax(-1))


def test_from_the_first_token_on_it_is_finite_and_any_cut_gives_the_same(stream: Stream) -> None:
    pieces, whole = stream.fork(), stream.feed(TEXT, without=True)
    assert np.isfinite(whole["nll_without"]).all()

    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.integers(0, len(whole)), max_size=5))
    def check(cuts: list[int]) -> None:
        borders, reader = [0, *sorted(cuts), len(whole)], pieces.fork()
        parts = [
            reader.feed(whole.ids[a:b], without=True) for a, b in zip(borders, borders[1:], strict=False)
        ]
        joined = Trace.join(parts)
        np.testing.assert_allclose(joined["nll_without"], whole["nll_without"], atol=1e-4)
        assert joined.guesses_without is not None and whole.guesses_without is not None
        np.testing.assert_allclose(
            joined.guesses_without.probabilities, whole.guesses_without.probabilities, atol=1e-4
        )

    check()


def test_a_model_without_memory_expects_the_same(stream: Stream) -> None:
    trace = stream.feed(TEXT, writes=True, without=True)
    same = np.allclose(trace["nll_without"], trace["nll"], atol=1e-6)
    assert same == (stream.model.config.variant == "attention")


def test_interventions_hold_without_memory_too(remembering: Stream) -> None:
    start = remembering.feed("Tom likes soup. ", without=True)
    edited = (
        remembering.override(alpha=0.3, layers=0)
        .override(write=False, heads=1)
        .override(theta=0.5, scale=True)
    )
    trace = edited.feed(TEXT, without=True)
    check_guesses(trace, one_by_one(edited, len(start), trace.ids).softmax(-1))


def test_the_trace_keeps_it_when_cut_and_joined(stream: Stream) -> None:
    trace = stream.feed(TEXT, without=True)
    first = trace.first(7)
    assert first.guesses_without is not None and len(first.guesses_without.ids) == 7
    assert "nll_without" in first and "nll_without" in trace.to_frame().columns
    empty = stream.feed([], without=True)
    assert len(empty) == 0 and empty["nll_without"].shape == (0,)
    with pytest.raises(ValueError, match="traces with other columns cannot be joined"):
        Trace.join([trace, stream.feed("More.")])
