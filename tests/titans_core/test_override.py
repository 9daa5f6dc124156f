"""Interventions do what they say, where they say it, and nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import titans_core as tc
from tests.titans_core.conftest import TEXT, WITH_MEMORY, speaker, tiny
from tests.titans_core.test_stream import assert_same_state, assert_same_trace
from titans_core.checkpoint import read_tensors, write_tensors
from titans_core.override import Override, next_border
from titans_core.stream import Stream
from titans_core.trace import Trace
from titans_core.wipe import memories

IDS = list(range(20, 49))


def reader(kind: tuple[str, int, int] = ("mag", 1, 1)) -> Stream:
    """A stream in double precision that takes small ids; its words are never looked at."""
    return Stream(tiny(*kind, vocab_size=1794))


@pytest.fixture(params=WITH_MEMORY)
def stream(request: pytest.FixtureRequest) -> Stream:
    return reader(request.param)


@pytest.mark.parametrize("gate", ["eta", "theta", "alpha"])
def test_a_clamped_gate_is_what_it_was_clamped_to(gate: str) -> None:
    changed = reader().override(**{gate: 0.04})  # at η ≤ 0.9 no θ is too large
    assert changed.feed(IDS)[gate] == pytest.approx(0.04, abs=1e-6)


@pytest.mark.parametrize("kind", [("mag", 1, 1), ("lmm", 1, 1)])
def test_the_other_gates_of_the_first_layer_are_as_ever(kind: tuple[str, int, int]) -> None:
    plain, changed = reader(kind).feed(IDS), reader(kind).override(alpha=0.5, layers=[0]).feed(IDS)
    for name in ("eta", "theta"):
        np.testing.assert_allclose(changed[name][:, 0], plain[name][:, 0], atol=1e-6)
    assert np.abs(changed["memory_norm"][:, 0] - plain["memory_norm"][:, 0]).max() > 0.01


def test_scaling_multiplies_and_stays_in_bounds(stream: Stream) -> None:
    plain = stream.fork().feed(IDS)
    halved = stream.override(alpha=0.5, layers=0, scale=True).feed(IDS)
    first = slice(0, 5), 0  # in MAC the next segment's gates see what was retrieved
    np.testing.assert_allclose(halved["alpha"][first], plain["alpha"][first] / 2, rtol=1e-5)
    most = stream.override(eta=1e6, theta=1e6, alpha=1e6, scale=True).feed(IDS)
    memory = stream.model.config.memory
    assert np.isfinite(most["nll"]).all() and most["alpha"].max() <= 1
    assert most["eta"].max() <= memory.eta_max + 1e-6 and most["theta"].max() <= memory.step_max / 2 + 1e-6


def test_theta_never_exceeds_what_eta_leaves_it() -> None:
    trace = reader().override(eta=0.8, theta=0.5).feed(IDS)
    np.testing.assert_allclose(trace["theta"], 0.5 * (1 - 0.8), rtol=1e-5)


def test_overriding_by_nothing_changes_nothing(stream: Stream) -> None:
    same = stream.override(eta=1, theta=1, alpha=1, scale=True)
    assert_same_trace(stream.feed(IDS), same.feed(IDS), tolerance=0)
    assert_same_state(stream, same, tolerance=0)


def test_without_writing_memory_and_momentum_stay_bit_for_bit(stream: Stream) -> None:
    stream.feed(IDS[:11])
    stopped = stream.override(write=False)
    trace = stopped.feed(IDS[11:])
    for before, after in zip(memories(stream.state), memories(stopped.state), strict=True):
        for a, b in zip(before.weights + before.momentum, after.weights + after.momentum, strict=True):
            assert torch.equal(a, b)
    assert np.ptp(trace["momentum"], 0).max() < 1e-6 and not trace["write"].any()
    assert np.ptp(trace["memory_norm"], 0).max() < 1e-5


def test_writing_goes_on_where_it_was_left(stream: Stream) -> None:
    """One head of one layer rests for three tokens; the recurrence by hand, from the trace, gives its M."""
    if stream.model.config.memory.depth > 1:
        stream.feed(IDS[:8])
    changed = stream.override(write=False, layers=[1], heads=[1], tokens=range(12, 15))
    trace = changed.feed(IDS, writes=True)
    layer, config = trace.writes[1], stream.model.config.memory
    for number, (inputs, deltas) in enumerate(zip(layer.inputs, layer.deltas, strict=True)):
        memory, momentum = layer.weights[number][1], layer.momentum[number][1]
        origin = layer.initial[number][1] if config.depth > 1 else 0 * memory
        for t in range(len(trace)):
            if 12 <= trace.start + t < 15:
                continue
            eta, theta, alpha = (trace[gate][t, 1, 1] for gate in ("eta", "theta", "alpha"))
            momentum = eta * momentum - theta * np.outer(inputs[t, 1], deltas[t, 1])
            memory = origin + (1 - alpha) * (memory - origin) + momentum
        np.testing.assert_allclose(changed.weights()[1, f"W{number + 1}"][1], memory, atol=1e-4)


def test_without_reading_the_memory_is_as_at_first(stream: Stream) -> None:
    """Reading M₀ is reading a memory that was wiped and is never written."""
    stream.feed(IDS[:11])
    blind = stream.override(read=False).feed(IDS[11:])
    empty = stream.wipe().override(write=False).feed(IDS[11:])
    np.testing.assert_allclose(blind["nll"], empty["nll"], atol=1e-5)
    np.testing.assert_allclose(blind["retrieval"], empty["retrieval"], atol=1e-5)


def test_without_reading_it_is_written_as_ever() -> None:
    plain, blind = reader(), reader().override(read=False, layers=[1])
    plain.feed(IDS), blind.feed(IDS)
    for name, matrix in plain.weights().items():
        np.testing.assert_allclose(blind.weights()[name], matrix, atol=1e-6)


def test_only_the_tokens_named_are_overridden(stream: Stream) -> None:
    plain = stream.fork().feed(IDS)
    trace = stream.override(alpha=0.5, tokens=[3, 4, 17]).feed(IDS)
    at = np.isin(np.arange(len(IDS)), [3, 4, 17])
    assert trace["alpha"][at] == pytest.approx(0.5, abs=1e-6)
    assert not np.isclose(trace["alpha"][~at], 0.5).any()
    np.testing.assert_allclose(trace["nll"][:3], plain["nll"][:3], atol=1e-5)
    assert np.abs(trace["nll"][4:] - plain["nll"][4:]).max() > 1e-5


def test_tokens_in_a_row_are_read_in_one_go() -> None:
    stream = reader().override(alpha=0.5, tokens=[3, 4, 5, 6, 17])
    stretches, position = [], 0
    while position < len(IDS):
        stretches.append(stream.unchanged(position, len(IDS) - position))
        position += stretches[-1]
    assert stretches == [3, 4, 10, 1, len(IDS) - 18]


def test_only_the_heads_named_are_overridden() -> None:
    trace = reader().override(alpha=0.5, layers=[0], heads=[1]).feed(IDS)
    clamped = np.isclose(trace["alpha"], 0.5).all(0)
    assert clamped.tolist() == [[False, True], [False, False]]


def test_later_overrides_work_upon_earlier_ones() -> None:
    twice = reader().override(alpha=0.5).override(alpha=0.5, scale=True).feed(IDS)
    assert twice["alpha"] == pytest.approx(0.25, abs=1e-6)
    again = reader().override(alpha=0.5).override(alpha=0.1, heads=0).feed(IDS)
    assert again["alpha"][:, :, 0] == pytest.approx(0.1) and again["alpha"][:, :, 1] == pytest.approx(0.5)


@settings(max_examples=12)
@given(
    cuts=st.sets(st.integers(1, 28)),
    tokens=st.none() | st.sets(st.integers(0, 28), min_size=1),
    write=st.booleans(),
    kind=st.sampled_from([("mac", 1, 1), ("mag", 1, 8), ("lmm", 2, 8), ("mal", 1, 1)]),
)
def test_any_cut_of_an_overridden_stream_says_the_same(
    cuts: set[int], tokens: set[int] | None, write: bool, kind: tuple[str, int, int]
) -> None:
    whole = reader(kind).override(alpha=0.3, write=write, heads=[0], tokens=tokens)
    pieces = whole.fork()
    edges = [0, *sorted(cuts), len(IDS)]
    parts = [pieces.feed(IDS[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    assert_same_trace(whole.feed(IDS), Trace.join(parts))
    assert_same_state(whole, pieces)


@given(st.none() | st.sets(st.integers(3, 20), min_size=1), st.integers(0, 25))
def test_an_override_ends_and_begins_where_it_no_longer_or_newly_holds(
    tokens: set[int] | None, position: int
) -> None:
    override = Override(3, alpha=0.5, tokens=None if tokens is None else tuple(tokens))
    held = [override.holds(each) for each in range(30)]
    assert held == [each >= 3 and (tokens is None or each in tokens) for each in range(30)]
    changes = [each for each in range(position + 1, 30) if held[each] != held[each - 1]]
    assert next_border([override], position) == next_border([override] * 2, position)
    assert next_border([override], position) == (changes[0] if changes else math.inf)
    assert next_border([], position) == math.inf


def test_many_listed_tokens_are_sorted_once_and_not_for_every_token_that_is_read() -> None:
    override = Override(0, alpha=0.5, tokens=tuple(range(0, 1000, 2)))
    assert override.borders is override.borders and override.listed is override.listed


def test_an_overridden_stream_is_a_new_one_that_travels_and_is_saved(tmp_path: Path) -> None:
    model = tc.load("mag", device="cpu")
    stream = Stream(model)
    stream.feed("Mara put the red key in the attic. ")
    before = stream.position
    changed = stream.override(theta=0.0, layers=[1]).override(read=False, tokens=[before + 2])
    assert not stream.overrides and len(changed.overrides) == 2
    told = "Tom moved the red key to the cellar."
    trace = changed.feed(told)
    assert not trace["theta"][:, 1].any() and stream.feed(told)["theta"][:, 1].any()
    back = changed.at(before)
    assert_same_trace(trace, back.feed(told))
    changed.save(tmp_path / "changed.safetensors")
    loaded = Stream.load(tmp_path / "changed.safetensors")
    assert loaded.overrides == changed.overrides
    assert_same_trace(changed.feed(TEXT), loaded.feed(TEXT), tolerance=0)


def test_an_answer_is_given_under_the_overrides() -> None:
    stream = Stream(tc.load("mag", device="cpu"))
    stream.feed("Mara put the red key in the attic. Ivy has a pet owl.")
    question = "Where is the red key?"
    assert stream.ask(question).text == "attic"
    assert stream.override(read=False).ask(question).text != "attic"
    unwritten = Stream(stream.model).override(write=False)
    unwritten.feed("Mara put the red key in the attic. Ivy has a pet owl.")
    assert dict(unwritten.ask(question).candidates).get("attic", 0.0) < 0.5


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "say what to override"),
        ({"alpha": 1.5}, "alpha must lie between 0 and 1"),
        ({"alpha": float("nan")}, "alpha must lie"),
        ({"eta": 0.95}, "eta must lie between 0 and 0.9"),
        ({"theta": -0.1}, "theta must lie between 0 and 0.5"),
        ({"theta": float("inf"), "scale": True}, "theta must be a number of at least 0"),
        ({"alpha": 0.1, "layers": [2]}, "there is no layer 2: the model has layers 0 to 1"),
        ({"alpha": 0.1, "heads": -1}, "there is no head -1"),
        ({"alpha": 0.1, "tokens": [9, 4]}, "token 4 was read already"),
        ({"alpha": 0.1, "layers": []}, "an empty list .* changes nothing: None is all of them"),
        ({"alpha": 0.1, "heads": ()}, "an empty list"),
        ({"write": False, "tokens": range(7, 7)}, "an empty list"),
        ({"alpha": 10**400, "scale": True}, "alpha must be a number of at least 0, not inf"),
    ],
)
def test_what_cannot_be_overridden_is_said_in_one_sentence(given: dict[str, object], complaint: str) -> None:
    stream = reader()
    stream.feed(IDS[:5])
    with pytest.raises(ValueError, match=complaint):
        stream.override(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"alpha": "a"}, "eta, theta and alpha are numbers, not 'a'"),
        ({"eta": [0.1]}, "eta, theta and alpha are numbers, not .0.1."),
        ({"theta": torch.tensor([0.1, 0.2])}, "eta, theta and alpha are numbers, not tensor"),
        ({"eta": False}, "eta, theta and alpha are numbers, not False"),
        ({"theta": True, "scale": True}, "eta, theta and alpha are numbers, not True"),
        ({"alpha": True}, "eta, theta and alpha are numbers, not True"),
        ({"write": None}, "write must be True or False, not None"),
        ({"read": 0}, "read must be True or False, not 0"),
        ({"alpha": 0.1, "scale": "yes"}, "scale must be True or False, not 'yes'"),
        ({"alpha": 0.1, "layers": 0.5}, "layers, heads and tokens are whole numbers, not 0.5"),
        ({"alpha": 0.1, "layers": True}, "layers, heads and tokens are whole numbers, not True"),
        ({"alpha": 0.1, "heads": [None]}, "layers, heads and tokens are whole numbers, not .None."),
        ({"alpha": 0.1, "tokens": "ab"}, "layers, heads and tokens are whole numbers, not 'ab'"),
    ],
)
def test_what_is_of_another_type_is_said_in_one_sentence(given: dict[str, object], complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        reader().override(**given)  # type: ignore[arg-type]


def test_any_kind_of_number_clamps_and_is_saved(tmp_path: Path) -> None:
    changed = Stream(tc.load("lmm", device="cpu")).override(alpha=np.float32(0.5), layers=np.int64(1))  # type: ignore[arg-type]
    changed.save(tmp_path / "changed.safetensors")
    assert Stream.load(tmp_path / "changed.safetensors").overrides == changed.overrides
    tensors, header = read_tensors(tmp_path / "changed.safetensors")
    switched = header["stream"].replace('"alpha": 0.5', '"alpha": true')
    write_tensors(tmp_path / "switched.safetensors", tensors, {"stream": switched})
    with pytest.raises(ValueError, match="damaged"):
        Stream.load(tmp_path / "switched.safetensors")


def test_a_model_without_memory_has_nothing_to_override() -> None:
    with pytest.raises(ValueError, match="no memory"):
        Stream(speaker(("attention", 1, 1))).override(alpha=0.0)
