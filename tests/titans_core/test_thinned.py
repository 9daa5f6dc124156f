"""A thinned trace: however a stream is cut, no peak is lost, and nothing lies outside its envelope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.titans_core.conftest import tiny
from titans_core.stream import Stream
from titans_core.thinned import BLOCK, Thinned
from titans_core.tokenizer import Tokenizer
from titans_core.trace import Floats, Trace

NEAR, BUCKETS, STRETCHES, PEAKS = 100, 8, 4, 2


def trace(length: int, seed: int = 0, levels: int = 50) -> Trace:
    """Random columns, of which many values are equal."""
    rng = np.random.default_rng(seed)
    columns = {
        "surprise": rng.integers(-levels, levels, (length, 2, 2)).astype(np.float32) / 7,
        "nll": rng.integers(0, levels, length).astype(np.float32) / 3,
    }
    return Trace(0, tuple(range(length)), [f"t{t}" for t in range(length)], columns)


def pieces(whole: Trace, cuts: list[int]) -> list[Trace]:
    borders = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    return [
        Trace(a, whole.ids[a:b], whole.tokens[a:b], {name: c[a:b] for name, c in whole.columns.items()})
        for a, b in zip(borders, borders[1:], strict=False)
    ]


def thinned(parts: list[Trace]) -> Thinned:
    thin = Thinned(NEAR, BUCKETS, STRETCHES, PEAKS)
    for part in parts:
        thin.add(part)
    return thin


def per_bucket(column: Floats, edges: list[int]) -> list[Floats]:
    return [column[a:b] for a, b in zip(edges, edges[1:], strict=False)]


@settings(max_examples=60)
@given(
    length=st.integers(1, 3 * BUCKETS * BLOCK),
    cuts=st.lists(st.integers(0, 3 * BUCKETS * BLOCK), max_size=12),
    seed=st.integers(0, 2**32 - 1),
    levels=st.sampled_from([1, 3, 50, 10**6]),
)
def test_no_peak_is_lost_and_envelopes_bound_every_value_however_a_stream_is_cut(
    length: int, cuts: list[int], seed: int, levels: int
) -> None:
    whole = trace(length, seed, levels)
    thin = thinned(pieces(whole, cuts))
    assert len(thin) == length and thin.quantities == whole.quantities
    rows, columns = thin.peaks()
    places = {position: row for row, position in enumerate(rows.positions.tolist())}
    for name, column in whole.columns.items():
        flat, kept = column.reshape(length, -1), columns[name].reshape(len(places), -1)
        for number in range(flat.shape[1]):
            for place in np.argsort(-flat[:, number], kind="stable")[:PEAKS].tolist():
                assert kept[places[place], number] == flat[place, number]
        found = thin.envelope(name)
        edges = found.edges.tolist()
        assert edges[0] == 0 and edges[-1] == length and len(edges) <= BUCKETS + 1
        assert len(set(np.diff(edges)[:-1].tolist())) <= 1 and np.diff(edges).min() > 0
        for i, values in enumerate(per_bucket(column, edges)):
            assert (found.low[i] == values.min(0)).all() and (found.high[i] == values.max(0)).all()
            np.testing.assert_allclose(found.mean[i], values.mean(0, np.float64), rtol=1e-12, atol=1e-12)
    for row, position in enumerate(rows.positions.tolist()):  # peaks are kept whole
        assert rows.ids[row] == position and rows.tokens[row] == f"t{position}"
        assert all((columns[name][row] == column[position]).all() for name, column in whole.columns.items())
    near = thin.near
    assert near.start == max(0, length - NEAR) and near.ids == whole.ids[-NEAR:]
    assert near.tokens == whole.tokens[-NEAR:]
    assert all((near[name] == column[-NEAR:]).all() for name, column in whole.columns.items())


@settings(max_examples=30)
@given(
    length=st.integers(1, 3 * BUCKETS * BLOCK),
    cuts=st.lists(st.integers(0, 3 * BUCKETS * BLOCK), max_size=12),
)
def test_what_is_kept_does_not_depend_on_how_the_stream_was_cut(length: int, cuts: list[int]) -> None:
    whole = trace(length)
    cut, uncut = thinned(pieces(whole, cuts)), thinned([whole])
    for name in whole.quantities:
        for one, other in zip(cut.envelope(name), uncut.envelope(name), strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(cut.peaks()[0], uncut.peaks()[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_fork_goes_its_own_way() -> None:
    first, second = pieces(trace(900), [500])
    thin = thinned([first])
    thin.fork().add(second)
    alone = thinned([first])
    for name in first.quantities:
        np.testing.assert_array_equal(thin.envelope(name).mean, alone.envelope(name).mean)
    np.testing.assert_array_equal(thin.peaks()[0].positions, alone.peaks()[0].positions)
    thin.add(second)
    assert len(thin) == 900 and len(Thinned().fork()) == 0


def test_ten_times_the_tokens_take_no_more_memory() -> None:
    thin, sizes = Thinned(NEAR, BUCKETS, STRETCHES, PEAKS), []
    parts = pieces(trace(10 * 40 * BLOCK), list(range(0, 10 * 40 * BLOCK, 500)))
    for part in parts:
        thin.add(part)
        sizes.append(thin.nbytes)
    tenth = len(sizes) // 10
    assert max(sizes[tenth:]) <= 1.05 * max(sizes[:tenth])


def test_a_streams_thinned_trace_tells_what_its_full_trace_tells() -> None:
    model = tiny("mac", vocab_size=Tokenizer.load().vocab_size)
    ids = [t % 50 for t in range(700)]
    whole = Stream(model).feed(ids)
    stream, thin = Stream(model, history=0), Thinned(NEAR, BUCKETS, STRETCHES, PEAKS)
    for start in range(0, len(ids), 150):
        thin.add(stream.feed(ids[start : start + 150]))
    rows, columns = thin.peaks()
    peak = int(whole["surprise"].mean((1, 2)).argmax())
    assert int(whole["surprise"][:, 0, 0].argmax()) in rows.positions.tolist() and peak < len(thin)
    assert columns["surprise"].max() == pytest.approx(whole["surprise"].max(), rel=1e-6)
    mean = thin.envelope("alpha").mean
    assert mean[0] == pytest.approx(whole["alpha"][:128].mean(0), rel=1e-5)


def test_a_trace_that_does_not_follow_or_is_no_number_is_refused_and_changes_nothing() -> None:
    thin, whole = thinned([trace(70)]), trace(200)
    later = pieces(whole, [71])[1]
    with pytest.raises(ValueError, match="token 71 does not follow the 70"):
        thin.add(later)
    next_part = pieces(whole, [70])[1]
    with pytest.raises(ValueError, match="columns are not those"):
        thin.add(Trace(70, next_part.ids, next_part.tokens, {"nll": next_part["nll"]}))
    broken = {name: np.full_like(column, np.nan) for name, column in next_part.columns.items()}
    with pytest.raises(ValueError, match="not a number"):
        thin.add(Trace(70, next_part.ids, next_part.tokens, broken))
    assert len(thin) == 70 and thin.near.start == 0
    with pytest.raises(KeyError, match="it has surprise, nll"):
        thin.envelope("alpha")


def test_an_empty_thinned_trace_and_impossible_sizes_are_told() -> None:
    with pytest.raises(ValueError, match="no token yet"):
        Thinned().peaks()
    with pytest.raises(ValueError, match="no token yet"):
        _ = Thinned().near
    with pytest.raises(ValueError, match="joins buckets in pairs"):
        Thinned(buckets=7)


def test_columns_in_another_order_are_still_themselves() -> None:
    whole = trace(300)
    first, second = pieces(whole, [130])
    turned = replace(second, columns=dict(reversed(second.columns.items())))
    for name in whole.quantities:
        found, expected = thinned([first, turned]), thinned([first, second])
        assert np.array_equal(found.envelope(name).mean, expected.envelope(name).mean), name


@pytest.mark.parametrize("size", ["buckets", "stretches", "peaks"])
def test_more_than_there_is_room_for_is_refused_at_once(size: str) -> None:
    with pytest.raises(ValueError, match=f"at most 65,536 {size}"):
        Thinned(**{size: 10**12})
