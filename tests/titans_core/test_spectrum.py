"""Weights rebuilt from what was written are the stream's own; a rank says how many directions are used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.titans_core.conftest import WITH_MEMORY
from tests.titans_core.test_override import IDS, reader
from titans_core.spectrum import effective_rank, evenly_spaced, singular_values, weights_along
from titans_core.stream import Stream
from titans_core.trace import Trace

COUNTS = [0, 1, 7, 8, 9, 20, len(IDS)]


def check(stream: Stream, trace: Trace, counts: list[int]) -> None:
    """At every count, each layer and matrix rebuilt is the stream's as it was then."""
    for layer in range(len(trace.writes)):
        for count, rebuilt in zip(counts, weights_along(trace, layer, counts), strict=True):
            then = stream.at(trace.start + count).weights()
            for number, matrix in enumerate(rebuilt, 1):
                assert matrix.dtype == np.float32
                np.testing.assert_allclose(matrix, then[layer, f"W{number}"], atol=1e-4)


@pytest.fixture(params=WITH_MEMORY)
def stream(request: pytest.FixtureRequest) -> Stream:
    return reader(request.param)


def test_weights_rebuilt_at_a_token_are_the_streams_own_there(stream: Stream) -> None:
    check(stream, stream.feed(IDS, writes=True), COUNTS)


def test_a_trace_that_begins_later_is_rebuilt_from_where_it_begins(stream: Stream) -> None:
    stream.feed(IDS[:11])
    check(stream, stream.feed(IDS[11:], writes=True), [0, 3, len(IDS) - 11])


def test_what_an_override_does_is_in_the_weights() -> None:
    stream = reader().override(write=False, tokens=[3, 8]).override(alpha=0.5, heads=[1])
    trace = stream.feed(IDS, writes=True)
    check(stream, trace, COUNTS)
    before, after = weights_along(trace, 1, [3, 4])
    np.testing.assert_array_equal(before[0], after[0])  # token 3 wrote nothing


def test_the_singular_values_hold_the_norm_that_the_trace_tells() -> None:
    trace = reader(("lmm", 1, 1)).feed(IDS, writes=True)
    for layer in range(2):
        found = [singular_values(w[0]) for w in weights_along(trace, layer, range(1, len(IDS) + 1))]
        norms = np.sqrt(np.square(found).sum(-1))  # [T, H]
        np.testing.assert_allclose(norms, trace["memory_norm"][:, layer], rtol=1e-4)


def test_counts_that_do_not_ascend_or_lie_beyond_the_trace_are_refused() -> None:
    trace = reader().feed(IDS, writes=True)
    for counts in ([3, 2], [-1, 4], [len(IDS) + 1]):
        with pytest.raises(ValueError, match=f"between 0 and {len(IDS)}"):
            weights_along(trace, 0, counts)


def test_without_writes_or_without_a_memory_nothing_can_be_rebuilt() -> None:
    for trace in (reader().feed(IDS), reader(("attention", 1, 1)).feed(IDS, writes=True)):
        with pytest.raises(ValueError, match="no writes"):
            weights_along(trace, 0, [1])


def test_the_rank_of_matrices_that_are_known() -> None:
    line = np.outer(np.arange(1.0, 6.0), np.ones(4))
    two = np.diag([3.0, 3.0, 0.0, 0.0])
    known = {1.0: line, 2.0: two, 4.0: np.eye(4), 0.0: np.zeros((5, 4))}
    for rank, matrix in known.items():
        assert effective_rank(singular_values(matrix)) == pytest.approx(rank, abs=1e-4)
    uneven = effective_rank(np.array([3.0, 1.0]))  # p = ¾, ¼
    assert uneven == pytest.approx(4 / 3**0.75)


matrices = arrays(np.float64, st.tuples(*[st.integers(1, 6)] * 2), elements=st.floats(-100, 100, width=32))


@given(matrix=matrices, factor=st.sampled_from([-3.0, 0.01, 1e6]))
def test_the_rank_lies_between_one_and_full_and_no_scale_changes_it(
    matrix: np.ndarray, factor: float
) -> None:
    if np.linalg.norm(matrix) < 1e-3:
        return
    rank = effective_rank(singular_values(matrix))
    assert 1 - 1e-6 <= rank <= min(matrix.shape) + 1e-4
    assert effective_rank(singular_values(factor * matrix)) == pytest.approx(rank, rel=1e-3)


@given(tokens=st.integers(0, 20_000), most=st.integers(1, 300))
def test_counts_are_evenly_spaced_from_the_begin_to_the_end(tokens: int, most: int) -> None:
    counts = evenly_spaced(tokens, most)
    assert counts[0] == 0 and counts[-1] == tokens
    assert len(counts) == min(tokens, most) + 1
    gaps = np.diff(counts)
    assert not len(gaps) or gaps.max() - gaps.min() <= 1
