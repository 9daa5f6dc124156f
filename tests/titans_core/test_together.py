"""Streams read together are what each would be alone, and share the model's calls; so is a recorded step."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import titans_core as tc
from kernels.gpu.limits import fits
from tests.titans_core.conftest import KINDS, TEXT, WITH_MEMORY, tiny
from tests.titans_core.test_stream import assert_same_state, assert_same_trace
from titans_core import together
from titans_core.captured import Phases, graph
from titans_core.layers import flatten_state, map_state
from titans_core.stream import SNAPSHOT_EVERY
from titans_core.tokenizer import Tokenizer

Kind = tuple[str, int, int]
PLACES = st.tuples(st.integers(0, 20), st.lists(st.integers(0, 12), max_size=3))  # and pieces from there
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def exact(kind: Kind) -> tc.TitansLM:
    """An untrained model in double precision that takes real text."""
    return tiny(*kind, vocab_size=Tokenizer.load().vocab_size)


def some(count: int, seed: int) -> list[int]:
    """Tokens of no meaning."""
    return np.random.default_rng(seed).integers(0, 1000, count).tolist()


def standing_at(model: tc.TitansLM, positions: Sequence[int]) -> list[tc.Stream]:
    streams = [tc.Stream(model) for _ in positions]
    for seed, (stream, position) in enumerate(zip(streams, positions, strict=True)):
        stream.feed(some(position, seed))
    return streams


@pytest.fixture
def calls() -> Iterator[Callable[[tc.TitansLM], list[int]]]:
    """``calls(model)`` is a list that every call of the model adds its batch to."""
    hooks = []

    def listen(model: tc.TitansLM) -> list[int]:
        heard: list[int] = []
        hooks.append(model.register_forward_pre_hook(lambda _, args: heard.append(len(args[0]))))
        return heard

    yield listen
    for hook in hooks:
        hook.remove()


def assert_alone(
    streams: Sequence[tc.Stream], texts: Sequence[Any], state: float = 1e-9, trace: float = 1e-5
) -> None:
    """Each of the streams reads its text as a fork of it alone does."""
    alone = [stream.fork() for stream in streams]
    expected = [stream.feed(text) for stream, text in zip(alone, texts, strict=True)]
    got = tc.read_together(streams, texts)
    for mine, theirs, one, other in zip(streams, alone, got, expected, strict=True):
        assert_same_trace(other, one, trace)
        assert_same_state(theirs, mine, state)
        assert mine.now.last == theirs.now.last and mine._ids == theirs._ids
        torch.testing.assert_close(mine.now.logits, theirs.now.logits, rtol=0, atol=10 * state)


@pytest.mark.parametrize("kind", KINDS)
def test_each_reads_as_it_would_alone_wherever_it_stands(kind: Kind) -> None:
    streams = standing_at(exact(kind), (0, 3, 3, 9, 20))
    assert_alone(streams, [TEXT, some(7, 1), some(7, 2), some(30, 3), "Tom likes soup."])
    assert_alone(streams, [some(1, seed) for seed in range(5)])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8)
@given(places=st.lists(PLACES, min_size=1, max_size=4))
def test_cuts_and_phases_change_nothing(kind: Kind, places: list[tuple[int, list[int]]]) -> None:
    streams = standing_at(exact(kind), [position for position, _ in places])
    for turn in range(max(len(lengths) for _, lengths in places)):
        lengths = [(*lengths, 0, 0, 0)[turn] for _, lengths in places]
        assert_alone(streams, [some(length, turn) for length in lengths])


@pytest.mark.parametrize("name", tc.available())
def test_a_trained_model_reads_a_class_as_it_reads_each(name: str) -> None:
    model = tc.load(name, device="cpu")
    streams = standing_at(model, (0, 40, 40, 70))
    assert_alone(streams, [TEXT, TEXT, "Where is the red key?", some(1, 0)], state=1e-5)


def test_one_phase_shares_every_call(calls: Callable[[tc.TitansLM], list[int]]) -> None:
    model = exact(("mac", 1, 1))
    streams = standing_at(model, (12, 12, 18, 12, 13))  # MAC's segment is of six tokens
    heard = calls(model)
    tc.read_together(streams, [some(1, seed) for seed in range(5)])
    assert sorted(heard) == [1, 4]
    heard.clear()
    tc.read_together(streams[:3], [some(n, 0) for n in (5, 5, 8)])
    assert heard == [3, 1]


def test_together_takes_never_more_calls_than_alone(calls: Callable[[tc.TitansLM], list[int]]) -> None:
    model = exact(("lmm", 1, 1))
    streams = standing_at(model, [SNAPSHOT_EVERY - 9 * n for n in range(8)])
    heard = calls(model)
    tc.read_together(streams, [some(80, seed) for seed in range(8)])
    assert heard == [8], "a snapshot that is due can wait for the end of a piece"


def test_a_call_takes_no_more_than_a_crowd(calls: Callable[[tc.TitansLM], list[int]]) -> None:
    model = exact(("attention", 1, 1))
    streams = standing_at(model, [0] * 20)
    heard = calls(model)
    traces = tc.read_together(streams, [some(256, row) for row in range(20)])
    assert heard == [together.CROWD // 256, 20 - together.CROWD // 256]
    assert [trace.ids for trace in traces] == [tuple(some(256, row)) for row in range(20)]


def test_models_may_be_mixed() -> None:
    vocabulary = Tokenizer.load().vocab_size
    models = [tiny("mac", vocab_size=vocabulary, seed=seed) for seed in (0, 1)] + [exact(("lmm", 2, 8))]
    assert_alone([tc.Stream(model) for model in models], [TEXT] * 3)


@pytest.mark.parametrize("kind", [("mag", 1, 1), ("mac", 2, 8)])
def test_the_past_of_a_stream_read_together_is_its_own(kind: Kind) -> None:
    model = exact(kind)
    streams, alone = standing_at(model, (0, 7)), standing_at(model, (0, 7))
    texts = [some(2 * SNAPSHOT_EVERY + 90, seed) for seed in (5, 6)]
    for start in range(0, len(texts[0]), 100):
        tc.read_together(streams, [text[start : start + 100] for text in texts])
    for stream, other, text in zip(streams, alone, texts, strict=True):
        other.feed(text)
        assert len(stream._snapshots) == 3
        for position in (0, 5, 300, SNAPSHOT_EVERY * 2 + 7, stream.position):
            assert_same_state(other.at(position), stream.at(position), 1e-9)
        fork = stream.fork()
        assert_same_trace(other.fork().feed(TEXT), fork.feed(TEXT), 1e-5)
        assert fork.position > stream.position
        assert_same_trace(other.past(), stream.past(), 1e-5)
        mine, theirs = stream.ask("Where is the red key?"), other.ask("Where is the red key?")
        assert mine.text == theirs.text
        np.testing.assert_allclose(*([p for _, p in a.candidates] for a in (mine, theirs)), atol=1e-6)


def test_a_snapshot_does_not_hold_on_to_the_others_rows() -> None:
    streams = standing_at(exact(("mag", 1, 1)), [0] * 6)
    tc.read_together(streams, [some(SNAPSHOT_EVERY, seed) for seed in range(6)])
    one = sum(t.nbytes for t in flatten_state(streams[0].now).values() if isinstance(t, torch.Tensor))
    begun = tc.Stream(streams[0].model).nbytes
    assert streams[0]._snapshots[-1] is streams[0].now and streams[0].nbytes <= begun + one


def test_a_long_text_leaves_snapshots_on_its_way() -> None:
    streams = standing_at(exact(("lmm", 1, 1)), (0, 100, 255))
    tc.read_together(streams, [some(5 * SNAPSHOT_EVERY, seed) for seed in range(3)])
    for stream in streams:
        positions = [snapshot.position for snapshot in stream._snapshots]
        assert max(np.diff([*positions, stream.position])) < 2 * SNAPSHOT_EVERY


@pytest.mark.parametrize("kind", [k for k in WITH_MEMORY if k.id in ("mac-linear", "mag-deep", "lmm-linear")])
def test_overridden_streams_share_calls_with_those_overridden_alike(
    kind: Kind, calls: Callable[[tc.TitansLM], list[int]]
) -> None:
    model = exact(kind)
    plain = standing_at(model, [24] * 6)
    plain[1:4] = [stream.override(alpha=0.5, layers=[1]) for stream in plain[1:4]]
    plain[4] = plain[4].override(write=False, tokens=range(26, 29))
    heard = calls(model)
    tc.read_together([stream.fork() for stream in plain], [some(2, seed) for seed in range(6)])
    assert sorted(heard) == [3, 3]
    assert_alone(plain, [some(9, seed) for seed in range(6)])
    plain[5] = plain[5].override(alpha=0.5, layers=[1])
    heard.clear()
    tc.read_together(plain[1:4] + plain[5:], [some(1, 0)] * 4)
    assert heard == [4], "when an override began makes no difference"


def test_what_was_held_back_is_read_first() -> None:
    streams = standing_at(exact(("mal", 1, 1)), (0, 5))
    for stream in streams:
        stream.feed("Mara put the red k", more=True)
    assert_alone(streams, ["ey in the attic.", ""])
    assert not any(stream._held for stream in streams)


def test_nothing_to_read_leaves_a_stream_as_it_was() -> None:
    streams = standing_at(exact(("lmm", 1, 1)), (3, 4))
    before = streams[1].fork()
    traces = tc.read_together(streams, [TEXT, ""])
    assert len(traces[1]) == 0 and traces[1].quantities == traces[0].quantities
    assert_same_state(before, streams[1], 0)
    assert tc.read_together([], []) == []


def test_a_mistake_in_one_text_leaves_every_stream_as_it_was() -> None:
    streams = standing_at(exact(("lmm", 1, 1)), (3, 4))
    streams[0].feed("Mara pu", more=True)
    before = [stream.position for stream in streams]
    for texts, error in ((["a", [10**9]], "token id"), (["a", "\ud800"], "surrogate"), (["a"], "one text")):
        with pytest.raises(ValueError, match=error):
            tc.read_together(streams, texts)
    with pytest.raises(ValueError, match="twice"):
        tc.read_together([streams[0], streams[0]], ["a", "b"])
    assert [stream.position for stream in streams] == before
    assert "".join(streams[0].feed("t").tokens) == " put"


def rehearse(run: Callable[[], Any]) -> Callable[[], Any]:
    """A recording on the CPU: outputs stand at the same places after every replay, as those of a graph."""
    places = map_state(torch.clone, run())
    flat = flatten_state(places)

    def replay() -> Any:
        for name, value in flatten_state(run()).items():
            if isinstance(value, torch.Tensor):
                flat[name].copy_(value)  # type: ignore[union-attr]
        return places

    return replay


@pytest.mark.parametrize("kind", KINDS)
def test_a_recorded_step_is_the_step(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    model = exact(kind)
    steps = Phases(partial(together.step, model), rehearse)
    monkeypatch.setattr(together, "step_of", lambda *_: steps)
    streams = standing_at(model, (0, 0, 5))
    kept = []
    for turn in range(30):
        assert_alone(streams, [some(1, 3 * turn + row) for row in range(3)])
        kept.append((streams[0].fork(), flatten_state(map_state(torch.clone, streams[0].state))))
    assert any(steps._known.values())
    for stream, state in kept:  # what a replay left behind is not written over by the next
        for name, value in flatten_state(stream.state).items():
            assert (
                torch.equal(value, state[name]) if isinstance(value, torch.Tensor) else value == state[name]
            )


def test_a_phase_is_recorded_when_it_comes_again_and_the_last_met_are_kept() -> None:
    recorded = []

    def record(run: Callable[[], Any]) -> Callable[[], Any]:
        recorded.append(run)
        return run

    steps = Phases(lambda inputs: (inputs[0] + inputs[1],), record, kept=2)
    ones = torch.ones(2)
    for number, count in ((1, 0), (1, 1), (1, 1), (2, 1), (2, 2), (1, 2), (3, 2), (1, 2), (2, 2)):
        assert torch.equal(steps((ones, number))[0], ones + number)
        assert len(recorded) == count
    assert torch.equal(steps((torch.full((2,), 5.0), 1))[0], torch.full((2,), 6.0))
    steps((torch.ones(3), 1))
    assert len(recorded) == 2, "another shape is another phase"


class Blind(TorchDispatchMode):
    """Under it nothing is made of what Python holds, and nothing stands on another device than the rest."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func is not torch.ops.aten.lift_fresh.default, "a tensor of Python's numbers"
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves((args, kwargs, out)):
            assert not isinstance(leaf, torch.Tensor) or leaf.device.type == self.device, func
        return out


def bounded_caches() -> list[Any]:
    """What may be dropped one day, while a graph goes on reading it."""
    modules = [m for name, m in sys.modules.items() if name.split(".")[0] in ("kernels", "titans_core")]
    found = [x for module in modules for x in vars(module).values() if hasattr(x, "cache_parameters")]
    return [cached.cache_info() for cached in found if cached.cache_parameters()["maxsize"]]


@pytest.mark.parametrize("backend", ["torch", "triton"])
@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_a_step_looks_at_no_value_and_brings_none_from_the_host(
    kind: Kind, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)  # it knows no device without values
    for user in ("kernels.api", "titans_core.segments", "titans_core.rowwise"):  # of the loops of a CPU
        monkeypatch.setattr(f"{user}.preferred", lambda *_: False)

    def usual(*memory: Any) -> str:
        return backend if fits(*memory[:3]) else "torch"

    model = exact(kind).float()
    stream, shape = tc.Stream(model), copy.deepcopy(model).to("meta")
    for position in range(10):
        if position == 7 and model.has_memory:
            stream = stream.override(alpha=0.2, write=False, read=False, heads=[0])
        now = together.Given(torch.tensor([[5]]), stream.now.logits, stream.state, stream.edits(position))
        none = map_state(lambda t: t.to("meta"), now)  # to look at these is an error
        passes = (
            (("cpu", model, now), ("meta", shape, none)) if backend == "torch" else (("meta", shape, none),)
        )
        for device, reader, inputs in passes:
            with monkeypatch.context() as patch:
                patch.setattr("kernels.backends.usual_backend", usual)
                together.step(reader, inputs)  # fills what is kept for every later step, as a warm-up does
                asked = bounded_caches()
                with Blind(device):
                    found = together.step(reader, inputs)
                assert bounded_caches() == asked
        assert found.columns.is_meta
        stream.feed([5])


@on_gpu
@pytest.mark.parametrize("name", tc.available())
def test_a_graph_says_what_the_step_says(name: str) -> None:
    model = tc.load(name, device="cuda")
    stream, alone = tc.Stream(model), tc.Stream(model)
    for token in some(100, 0):
        (got,) = tc.read_together([stream], [[token]])
        assert_same_trace(alone.feed([token]), got, 1e-4)
    assert_same_state(alone, stream, 1e-3)
    assert any(together.recorded_steps(model)._known.values())


@on_gpu
@pytest.mark.parametrize("name", tc.available())
def test_a_class_of_fifty_reads_on_a_gpu_as_each_alone(name: str) -> None:
    model = tc.load(name, device="cuda")
    streams = standing_at(model, [row % 5 for row in range(50)])
    for turn in range(40):
        assert_alone(streams, [some(1, 50 * turn + row) for row in range(50)], state=1e-3, trace=1e-4)
    assert_alone(streams, [some(64, row) for row in range(50)], state=1e-3, trace=1e-4)


@on_gpu
def test_what_is_recorded_is_replayed_with_new_values() -> None:
    device, pool = torch.device("cuda"), torch.cuda.graph_pool_handle()
    place = torch.zeros(3, device=device)
    twice, thrice = (graph(device, pool, lambda n=n: (place * n,)) for n in (2, 3))
    for value in (4, 5):
        place.fill_(value)
        assert twice()[0].tolist() == [2 * value] * 3
        assert thrice()[0].tolist() == [3 * value] * 3
