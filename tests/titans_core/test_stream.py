"""A stream holds all state: fed in any pieces, forked, gone back in, saved and loaded, it says the same."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.titans_core.conftest import KINDS, TEXT, speaker
from titans_core import header as headers
from titans_core.checkpoint import read_tensors, write_tensors
from titans_core.layers import flatten_state
from titans_core.stream import SNAPSHOT_EVERY, Stream
from titans_core.thinned import Thinned
from titans_core.tokenizer import Tokenizer
from titans_core.trace import Trace


def assert_same_trace(one: Trace, other: Trace, tolerance: float = 1e-4) -> None:
    assert (one.start, one.ids, one.tokens, one.quantities) == (
        other.start,
        other.ids,
        other.tokens,
        other.quantities,
    )
    for name in one.quantities:
        scale = max(1.0, float(np.abs(one[name]).max(initial=0)))
        np.testing.assert_allclose(other[name], one[name], atol=tolerance * scale, rtol=0, err_msg=name)


def assert_same_state(one: Stream, other: Stream, tolerance: float = 1e-4) -> None:
    mine, theirs = flatten_state(one.state), flatten_state(other.state)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        if isinstance(value, torch.Tensor):
            scale = max(1.0, float(value.detach().abs().max())) if value.numel() else 1.0
            torch.testing.assert_close(theirs[name], value, rtol=0, atol=tolerance * scale, msg=name)
        else:
            assert theirs[name] == value, name


def test_what_a_notebook_shows_of_a_long_text_is_one_short_line() -> None:
    stream, thin = Stream(speaker(("mac", 1, 1))), Thinned()
    trace = stream.feed([1] * 1_200, writes=True)
    thin.add(trace)
    assert repr(stream) == "Stream(mac, 1,200 tokens read)"
    assert repr(stream.override(alpha=0.5)) == "Stream(mac, 1,200 tokens read, overrides: 1)"
    assert repr(trace) == "Trace(1,200 tokens, 2 layers, 2 heads)"
    assert repr(thin) == "Thinned(1,200 tokens, near: 4,096)"
    assert repr(Stream(speaker(("attention", 1, 1))).feed([1])) == "Trace(1 token)"


def test_pieces_with_more_equal_feeding_at_once(stream: Stream) -> None:
    pieces = stream.fork()
    whole = stream.feed(TEXT)
    assert "".join(whole.tokens) == TEXT
    parts = [pieces.feed(c, more=True) for c in TEXT] + [pieces.feed("")]
    assert_same_trace(whole, Trace.join(parts))
    assert_same_state(stream, pieces)


@pytest.mark.parametrize("kind", KINDS[:5])
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60), cut=st.integers(0, 60))
def test_any_text_cut_anywhere_equals_feeding_at_once(
    kind: tuple[str, int, int], text: str, cut: int
) -> None:
    whole, pieces = Stream(speaker(kind)), Stream(speaker(kind))
    expected = whole.feed(text)
    got = Trace.join([pieces.feed(text[:cut], more=True), pieces.feed(text[cut:])])
    assert "".join(expected.tokens) == text
    assert_same_trace(expected, got)


def test_token_ids_may_be_cut_inside_a_character(stream: Stream) -> None:
    expected = stream.fork().feed(TEXT)
    parts = [stream.feed([i]) for i in expected.ids]
    assert_same_trace(expected, Trace.join(parts))


def test_an_empty_text_leaves_everything_as_it_was(stream: Stream) -> None:
    before = stream.fork()
    trace = stream.feed("")
    assert len(trace) == 0 and trace.tokens == [] and trace["nll"].shape == (0,)
    assert stream.position == 0
    assert_same_state(before, stream, 0)
    assert trace.quantities == stream.feed("Mara").quantities


def test_the_trace_has_the_documented_columns(stream: Stream) -> None:
    trace = stream.feed(TEXT)
    config = stream.model.config
    assert trace["nll"].dtype == np.float32 and np.isfinite(trace["nll"]).all()
    if config.variant == "attention":
        assert trace.quantities == ("nll",) and "alpha" not in trace
    else:
        names = "loss surprise write momentum memory_norm eta theta alpha retrieval gate".split()
        assert set(names) <= set(trace.quantities)
        assert ("readout" in trace) == (config.variant == "mac")
        for name in names:
            assert (
                trace[name].shape == (len(trace), config.layers, config.heads)
                and trace[name].dtype == np.float32
            )
        np.testing.assert_allclose(trace["write"], trace["theta"] * trace["surprise"], rtol=1e-5)
    frame = trace.to_frame()
    rows = len(trace) * (1 if config.variant == "attention" else config.layers * config.heads)
    assert len(frame) == rows and list(frame.columns[:4]) == ["position", "token", "layer", "head"]
    assert frame["layer"].isna().all() == (config.variant == "attention")
    with pytest.raises(KeyError, match="it has"):
        trace["courage"]


def test_traces_are_compared_as_what_they_are_and_not_by_their_arrays(stream: Stream) -> None:
    one, other = stream.fork().feed("Tom likes soup."), stream.feed("Tom likes soup.")
    assert one == one and one != other and len({one, other}) == 2


def test_nll_is_the_models_own_log_probability(stream: Stream) -> None:
    trace = stream.feed(TEXT)
    ids = torch.tensor([[stream.tokenizer.begin, *trace.ids]])
    with torch.no_grad():
        log_p = stream.model(ids).logits[0, :-1].log_softmax(-1)
    np.testing.assert_allclose(trace["nll"], -log_p[range(len(trace)), list(trace.ids)].numpy(), atol=1e-4)


def test_guesses_are_what_the_model_expects_next(stream: Stream) -> None:
    pieces = stream.fork()
    trace = stream.feed(TEXT, writes=True)
    assert trace.guesses is not None and trace.guesses.ids.shape == (len(trace), 5)
    ids = torch.tensor([[stream.tokenizer.begin, *trace.ids]])
    with torch.no_grad():
        expected = stream.model(ids).logits[0, 1:].softmax(-1)
    given = expected.gather(1, torch.from_numpy(trace.guesses.ids))
    np.testing.assert_allclose(trace.guesses.probabilities, given, atol=1e-4)
    np.testing.assert_allclose(given[:, 0], expected.max(1).values, atol=1e-4)
    parts = Trace.join([pieces.feed(trace.ids[:9], writes=True), pieces.feed(trace.ids[9:], writes=True)])
    np.testing.assert_allclose(parts.guesses.probabilities, trace.guesses.probabilities, atol=1e-4)
    for one, other in zip(trace.writes, parts.writes, strict=True):
        np.testing.assert_allclose(one.lens.probabilities, other.lens.probabilities, atol=1e-4)
        np.testing.assert_allclose(one.queries, other.queries, atol=1e-4)


def test_writes_rebuild_the_weights_after_every_token(stream: Stream) -> None:
    stream.feed("Mara put ")
    trace = stream.fork().feed(TEXT, writes=True)
    assert len(trace.writes) == (0 if stream.model.config.variant == "attention" else 2)
    for stop in (1, 7, len(trace)):
        then = stream.fork()
        then.feed(trace.ids[:stop])
        for layer, writes in enumerate(trace.writes):
            eta, theta, alpha = (trace[n][:, layer, :, None, None] for n in ("eta", "theta", "alpha"))
            for m, start in enumerate(writes.initial):
                weights, momentum = writes.weights[m], writes.momentum[m]
                for t in range(stop):
                    gradient = writes.inputs[m][t][:, :, None] * writes.deltas[m][t][:, None, :]
                    momentum = eta[t] * momentum - theta[t] * gradient
                    weights = start + (1 - alpha[t]) * (weights - start) + momentum
                np.testing.assert_allclose(weights, then.weights()[layer, f"W{m + 1}"], atol=1e-4)


def test_going_back_gives_the_stream_that_was_there() -> None:
    stream = Stream(speaker(("mac", 1, 1)))
    first = stream.feed("Tom likes soup. " * 40)
    then = stream.fork()
    stream.feed("Ivy has a pet owl. " * 60)
    assert stream.position > 2 * SNAPSHOT_EVERY
    back = stream.at(len(first))
    assert back.position == then.position
    assert_same_state(then, back)
    assert_same_trace(then.feed(TEXT), back.feed(TEXT))
    assert stream.at(0).feed(TEXT).tokens[0] == "Mara"
    with pytest.raises(ValueError, match="out of reach"):
        stream.at(stream.position + 1)


def test_going_back_to_the_present_keeps_the_text_held_back(stream: Stream) -> None:
    stream.feed("Mara put the red k", more=True)
    before, now = stream.at(stream.position - 1), stream.at(stream.position)
    assert now.feed("ey in").ids == stream.fork().feed("ey in").ids
    assert not before._held


def test_what_is_kept_of_the_past_is_small() -> None:
    stream = Stream(speaker(("mag", 1, 1)))
    begun = stream.nbytes
    stream.feed([i % 90 for i in range(4 * SNAPSHOT_EVERY - 1)])
    one = sum(t.nbytes for t in flatten_state(stream.now).values() if isinstance(t, torch.Tensor))
    assert stream.nbytes <= begun + 4 * one, "a state must not hold on to what it is a view of"


def test_history_is_bounded_and_says_so() -> None:
    stream = Stream(speaker(("lmm", 1, 1)), history=300)
    stream.feed("Tom likes soup. " * 300)
    reach = stream.position - 300
    assert stream.at(reach).position == reach
    assert len(stream._ids) < 300 + 2 * SNAPSHOT_EVERY
    with pytest.raises(ValueError, match="out of reach"):
        stream.at(0)


def test_a_fork_goes_its_own_way(stream: Stream) -> None:
    stream.feed("Mara put the red key")
    fork, before = stream.fork(), flatten_state(stream.state)
    fork.feed(" in the cellar.")
    assert stream.position < fork.position
    for name, value in flatten_state(stream.state).items():
        assert value is before[name] or value == before[name]


def test_a_saved_stream_goes_on_bit_for_bit(stream: Stream, tmp_path: Path) -> None:
    stream.feed("Mara put the red key in the att", more=True)
    stream.feed(Tokenizer.load().encode("🗝️", opening=False)[:2])  # inside a character
    stream.save(tmp_path / "stream.safetensors")
    loaded = Stream.load(tmp_path / "stream.safetensors", stream.model)
    assert_same_state(stream, loaded, 0)
    rest = TEXT[31:]
    one, other = stream.feed(rest), loaded.feed(rest)
    assert_same_trace(one, other, 0)
    assert_same_state(stream.at(5), loaded.at(5))


def test_a_stream_saved_far_from_its_beginning_goes_on_bit_for_bit(tmp_path: Path) -> None:
    stream = Stream(speaker(("mac", 1, 1)))
    ids = [i % 90 for i in range(SNAPSHOT_EVERY + 44)]
    stream.feed(ids * 2)
    stream.save(tmp_path / "stream.safetensors")
    loaded = Stream.load(tmp_path / "stream.safetensors", stream.model)
    one, other = stream.feed(ids), loaded.feed(ids)
    assert len(other) == len(ids)
    assert_same_trace(one, other, 0)
    assert_same_state(stream.at(SNAPSHOT_EVERY), loaded.at(SNAPSHOT_EVERY), 0)


def test_a_damaged_or_foreign_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    stream = Stream(speaker(("mac", 1, 1)))
    path = tmp_path / "stream.safetensors"
    stream.save(path)
    other = speaker(("mac", 1, 1))
    with torch.no_grad():
        other.norm.scale.mul_(2)
    with pytest.raises(ValueError, match="another checkpoint"):
        Stream.load(path, other)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match="cannot be read"):
        Stream.load(path, stream.model)
    with pytest.raises(ValueError, match="there is no file"):
        Stream.load(tmp_path / "nothing.safetensors", stream.model)


@pytest.mark.parametrize(
    "wrong", [{"position": 1.5}, {"history": "x"}, {"held": 3}, {"history": -1}, {"position": None}]
)
def test_a_file_that_says_what_cannot_be_is_refused(wrong: dict[str, object], tmp_path: Path) -> None:
    stream = Stream(speaker(("mac", 1, 1)))
    path = tmp_path / "stream.safetensors"
    stream.save(path)
    tensors, header = read_tensors(path)
    facts = json.loads(header["stream"])
    write_tensors(path, tensors, {"stream": json.dumps(facts | wrong)})
    with pytest.raises(ValueError, match="damaged"):
        Stream.load(path, stream.model)
    write_tensors(path, tensors | {"ids": torch.tensor([10**6])}, {"stream": json.dumps(facts)})
    with pytest.raises(ValueError, match="damaged"):
        Stream.load(path, stream.model)


def test_a_stream_of_a_model_that_is_not_shipped_asks_for_it(tmp_path: Path) -> None:
    stream = Stream(speaker(("mac", 1, 1)))
    stream.model.name = "mine"
    stream.save(tmp_path / "stream.safetensors")
    with pytest.raises(ValueError, match="give it as model="):
        Stream.load(tmp_path / "stream.safetensors")


def test_a_mistake_leaves_the_stream_as_it_was(stream: Stream) -> None:
    stream.feed("Mara put", more=True)
    before = stream.position
    with pytest.raises(ValueError, match="surrogate"):
        stream.feed(" the \ud800 key")
    with pytest.raises(ValueError, match="surrogate"):
        stream.feed(" the \ud800", more=True)
    with pytest.raises(ValueError, match="token id"):
        stream.feed([0, 10**9])
    assert stream.position == before
    assert "".join(stream.feed(" the key").tokens) == " put the key"


def test_wiping_clears_memory_and_momentum_alone(stream: Stream) -> None:
    stream.feed(TEXT)
    wiped = stream.wipe()
    fresh = Stream(stream.model)
    kept, gone, start = flatten_state(stream.state), flatten_state(wiped.state), flatten_state(fresh.state)
    for name, value in gone.items():
        if ".weights." in name or ".frozen." in name or ".block_start." in name:
            assert torch.equal(value, stream.model.get_parameter(parameter_of(name)).expand_as(value)), name  # type: ignore[arg-type]
        elif ".momentum." in name:
            assert not value.any(), name  # type: ignore[union-attr]
        else:
            assert value is kept[name] or value == kept[name], name
    assert start.keys() >= {n for n in gone if ".block_start." not in n}


def parameter_of(name: str) -> str:
    """The learned start M₀ of a state's matrix."""
    layer, matrix = name.split(".")[0], name.split(".")[-1]
    return f"mixers.{layer}.memory.initial.{matrix}"


def test_asking_leaves_the_stream_as_it_was(stream: Stream) -> None:
    stream.feed("Mara put the red key in the attic.")
    before = stream.fork()
    answer = stream.ask("Where is the red key?")
    assert_same_state(before, stream, 0)
    assert stream.position == before.position
    for candidates in (answer.candidates, answer.candidates_without):  # their first tokens differ
        values, chances = zip(*candidates, strict=True)
        assert len(set(values)) == len(values) <= 5
        assert sorted(chances, reverse=True) == list(chances)
        assert min(chances) >= 0 and sum(chances) <= 1 + 1e-5
    assert answer.probability == dict(answer.candidates)[answer.text]
    if stream.model.config.variant == "attention":
        assert answer.candidates == answer.candidates_without


def test_a_tampered_state_is_refused_when_loaded_not_when_read_on(tmp_path: Path) -> None:
    stream = Stream(speaker(("mag", 1, 1)))
    stream.feed(TEXT)
    path = tmp_path / "stream.safetensors"
    stream.save(path)
    tensors, header = read_tensors(path)
    matrix = next(name for name in tensors if ".weights." in name)
    write_tensors(path, tensors | {matrix: torch.zeros(3, 3)}, header)
    with pytest.raises(ValueError, match="damaged"):
        Stream.load(path, stream.model)
    write_tensors(path, tensors, {"stream": "{}"})
    with pytest.raises(ValueError, match="damaged"):
        Stream.load(path, stream.model)


def test_only_text_and_whole_numbers_are_fed() -> None:
    stream = Stream(speaker(("lmm", 1, 1)))
    for wrong in (b"Mara", [1.5], [None], 7, None):
        with pytest.raises(TypeError):
            stream.feed(wrong)  # type: ignore[arg-type]
    assert stream.feed(np.array([3, 4])).ids == (3, 4)


def test_what_is_no_model_and_no_text_is_told_in_words() -> None:
    with pytest.raises(TypeError, match=r"as load\('mac'\) gives it, not with 'mac'"):
        Stream("mac")  # type: ignore[arg-type]
    stream = Stream(speaker(("lmm", 1, 1)))
    with pytest.raises(TypeError, match="feed takes text or token ids, not int"):
        stream.feed(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a text is a str, not NoneType"):
        stream.ask(None)  # type: ignore[arg-type]
    for nothing in ("", " \n"):
        with pytest.raises(ValueError, match="there is no question"):
            stream.ask(nothing)


def test_a_question_right_after_a_word_gets_its_space_even_when_wiped_or_loaded(tmp_path: Path) -> None:
    stream = Stream(speaker(("lmm", 1, 1)))
    stream.feed("Mara put the red key in the attic.")
    spaced = stream.fork()
    spaced.feed(" ")
    stream.save(tmp_path / "stream.safetensors")
    for told in (stream, stream.wipe(), Stream.load(tmp_path / "stream.safetensors", stream.model)):
        assert told.ask("Where is it?").candidates == told.ask(" Where is it?").candidates
    assert spaced.now.last == " " and stream.wipe().now.last == "."


@given(count=st.integers(0, 40))
@settings(max_examples=20)
def test_the_first_tokens_of_a_trace_and_the_rest_join_to_the_whole(count: int) -> None:
    stream = Stream(speaker(("mag", 1, 1))).override(write=False, read=False, tokens=range(0, 90, 3))
    first = stream.feed(TEXT[:20], writes=True)
    whole = Trace.join([first, stream.feed(TEXT[20:], writes=True)])
    part = whole.first(min(count, len(first)))
    assert_same_trace(part, first.first(count), 0.0)
    assert part.guesses is not None and not whole.writes[0].reading.all()
    for name in ("queries", "writing", "reading"):
        one, all_of_them = (getattr(trace.writes[0], name) for trace in (part, whole))
        np.testing.assert_array_equal(one, all_of_them[: len(part)], err_msg=name)
    assert_same_trace(whole.first(len(whole) + count), whole, 0.0)


def test_a_stream_wiped_before_its_first_token_is_loaded_with_the_past_it_has(tmp_path: Path) -> None:
    stream = Stream(speaker(("lmm", 1, 1))).wipe()
    stream.feed(TEXT)
    path = tmp_path / "stream.safetensors"
    stream.save(path)
    again = Stream.load(path, stream.model)
    assert again.position == stream.position and again.reach == 0
    whole = Stream(stream.model)
    whole.feed(TEXT)
    whole.save(path)
    assert Stream.load(path, whole.model).reach == whole.position


@pytest.mark.parametrize("cut", ["wiped", "dropped"])
def test_a_past_that_is_not_whole_is_not_saved_and_a_new_one_begins(cut: str, tmp_path: Path) -> None:
    stream, path = Stream(speaker(("lmm", 1, 1)), history=0 if cut == "dropped" else 16_384), tmp_path / "it"
    stream.feed(TEXT * 12)
    stream = stream.wipe() if cut == "wiped" else stream
    stream.feed(TEXT)
    assert 0 < stream.reach < stream.position
    stream.save(path)
    again = Stream.load(path, stream.model)
    assert again.reach == 0
    with pytest.raises(ValueError, match="out of reach"):
        again.at(stream.position - 1)
    with pytest.raises(ValueError, match="none of the .* read is kept"):
        again.attribution()
    again.feed(TEXT[:20])
    assert again.at(stream.position + 1).reach == 1 and again.attribution().shape[-1] == again.position + 1


def test_a_stream_wiped_and_saved_before_its_first_token_goes_back_to_what_it_was(tmp_path: Path) -> None:
    stream, path = Stream(speaker(("lmm", 1, 1))).wipe(), tmp_path / "stream.safetensors"
    stream.save(path)
    again = Stream.load(path, stream.model)
    for each in (stream, again):
        each.feed(TEXT)
    assert_same_state(stream.at(6), again.at(6))


def test_a_model_that_no_file_holds_is_known_by_its_weights(tmp_path: Path) -> None:
    stream, path = Stream(speaker(("lmm", 1, 1))), tmp_path / "stream.safetensors"
    stream.feed(TEXT)
    stream.save(path)
    other = copy.deepcopy(stream.model)
    assert Stream.load(path, other).position == stream.position
    with torch.no_grad():
        next(other.parameters()).add_(0.1)
    with pytest.raises(ValueError, match="was saved with another checkpoint"):
        Stream.load(path, other)


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, path = Stream(speaker(("lmm", 1, 1))), tmp_path / "stream.safetensors"
    with pytest.raises(ValueError, match="over the limit of 8,388,608, so .* change fewer tokens"):
        stream.override(alpha=0.0, tokens=range(1_200_000)).save(path)
    monkeypatch.setattr(headers, "LARGEST", 2000)
    with pytest.raises(ValueError, match="over the limit of 2,000, so .* take a smaller model"):
        stream.save(path)
    assert not list(tmp_path.iterdir())
