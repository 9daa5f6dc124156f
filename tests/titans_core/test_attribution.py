"""A retrieval is the sum of what every write gave to it, and the strongest is where the answer was told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.titans_core.conftest import KINDS, WITH_MEMORY
from tests.titans_core.test_override import IDS, reader
from titans_core.stream import SNAPSHOT_EVERY, Stream
from titans_core.trace import Trace


@pytest.fixture(params=WITH_MEMORY)
def stream(request: pytest.FixtureRequest) -> Stream:
    return reader(request.param)


@pytest.mark.parametrize("tokens", [1, 4, 5, 6, 11, 29])
def test_the_parts_sum_to_the_retrieval(stream: Stream, tokens: int) -> None:
    trace = stream.feed(IDS[:tokens])
    parts = stream.attribution()
    assert parts.shape == (2, 2, tokens + 1) and parts.dtype == np.float32
    np.testing.assert_allclose(parts.sum(-1), trace["retrieval"][-1], atol=1e-5)


def by_hand(trace: Trace, layer: int, head: int, seen: int) -> NDArray[np.float64]:
    """A linear memory kept apart for every token: each has its own M and S, which only it writes to."""
    writes = trace.writes[layer]
    memory = np.zeros((len(trace), *writes.weights[0].shape[1:]))
    momentum = np.zeros_like(memory)
    for t in range(seen):
        eta, theta, alpha = (float(trace[gate][t, layer, head]) for gate in ("eta", "theta", "alpha"))
        momentum *= eta
        momentum[t] -= theta * np.outer(writes.inputs[0][t, head], writes.deltas[0][t, head])
        memory = (1 - alpha) * memory + momentum
    given = writes.queries[-1, head] @ memory  # [T, Dv]
    return given


@pytest.mark.parametrize("kind", [("mag", 1, 1), ("mal", 1, 1), ("lmm", 1, 1), ("mag", 1, 8)])
def test_each_part_is_what_that_token_alone_has_left_in_the_memory(kind: tuple[str, int, int]) -> None:
    stream = reader(kind)
    trace = stream.fork().feed(IDS, writes=True)
    stream.feed(IDS)
    parts = stream.attribution()
    then = stream.model.mixers[1].memory
    assert then.config.read == "after"
    for layer in range(2):
        for head in range(2):
            given = by_hand(trace, layer, head, len(trace))
            query, weights = trace.writes[layer].queries[-1, head], stream.weights()[layer, "W1"][head]
            y = query @ weights
            np.testing.assert_allclose(parts[layer, head, :-1], given @ y / np.linalg.norm(y), atol=1e-5)


@pytest.mark.parametrize("tokens", [4, 5, 10, 11, 12, 28])
def test_in_mac_only_what_lies_before_the_segment_is_read(tokens: int) -> None:
    stream = reader(("mac", 1, 1))  # segments of 6, of which the begin token opens the first
    stream.feed(IDS[:tokens])
    parts = stream.attribution()
    before = tokens // 6 * 6 - 1  # tokens in earlier segments
    assert not parts[:, :, max(before, 0) : -1].any()
    assert before < 1 or np.abs(parts[:, :, :before]).max() > 1e-3


def test_what_an_override_stops_has_no_part_in_it() -> None:
    stream = reader().override(write=False, tokens=[3, 8]).override(read=False, heads=[1], layers=[1])
    trace = stream.feed(IDS)
    parts = stream.attribution()
    np.testing.assert_allclose(parts.sum(-1), trace["retrieval"][-1], atol=1e-5)
    assert not parts[:, :, [3, 8]].any() and parts[0, :, 4].all()
    assert not parts[1, 1, :-1].any() and parts[1, 0, :-1].any()


@pytest.mark.parametrize("kind", KINDS[:4])
def test_what_history_no_longer_reaches_counts_as_the_beginning(kind: tuple[str, int, int]) -> None:
    long, short = (Stream(reader(kind).model, history=history) for history in (10_000, 1))
    ids = (IDS * 20)[: SNAPSHOT_EVERY + 90]
    snapshot = SNAPSHOT_EVERY - 1  # where the first is
    for tokens in (ids[: snapshot + 2], ids[snapshot + 2 :]):
        whole, kept = (s.feed(tokens) and s.attribution() for s in (long, short))
        assert whole.shape == kept.shape
        np.testing.assert_allclose(kept.sum(-1), whole.sum(-1), atol=1e-4)
        recent = slice(snapshot, -1)
        np.testing.assert_allclose(kept[..., recent], whole[..., recent], atol=1e-4)
        assert not kept[..., :snapshot].any()


def test_attribution_needs_a_token_and_a_memory() -> None:
    with pytest.raises(ValueError, match="feed one first"):
        reader().attribution()
    wiped = reader()
    wiped.feed(IDS[:9])
    with pytest.raises(ValueError, match="token, and none of the 9 read is kept to be read again: feed one"):
        wiped.wipe().attribution()
    control = reader(("attention", 1, 1))
    control.feed(IDS)
    with pytest.raises(ValueError, match="no memory"):
        control.attribution()


def test_attribution_leaves_the_stream_as_it_was() -> None:
    stream = reader()
    stream.feed(IDS[:9])
    untouched = stream.fork()
    stream.attribution()
    assert torch.equal(stream.now.logits, untouched.now.logits)
    assert stream.feed(IDS[9:])["nll"] == pytest.approx(untouched.feed(IDS[9:])["nll"], abs=0)
