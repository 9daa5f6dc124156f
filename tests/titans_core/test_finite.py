"""Numbers that overflow: told at the token where it happens, by all that reads, and nothing is lost."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import titans_core as tc
from tests.titans_core.conftest import TEXT, speaker
from titans_core.evaluate.reading import largest_norms
from titans_core.finite import NotFinite
from titans_core.stream import SNAPSHOT_EVERY, Stream
from titans_core.tokenizer import Tokenizer

SOME = [("attention", 1, 1), ("mac", 1, 1), ("mag", 2, 8), ("mal", 1, 1), ("lmm", 1, 1)]
POISON = Tokenizer.load().encode("x")[0]
CLEAN = [i for i in Tokenizer.load().encode(TEXT) if i != POISON]


def poison(model: tc.TitansLM, value: float = torch.nan) -> tc.TitansLM:
    """Let this model's numbers overflow at one token, wherever it reads it."""

    def spoil(module: torch.nn.Module, ids: tuple[Tensor], found: Tensor) -> Tensor:
        return found.masked_fill((ids[0] == POISON)[..., None], value)

    model.embedding.register_forward_hook(spoil)
    return model


def everything(stream: Stream) -> tuple[Any, ...]:
    """All that a stream holds."""
    snapshots = [id(moment) for moment in stream._snapshots]
    return id(stream.now), snapshots, list(stream._ids), stream._held, stream.overrides


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("kind", SOME)
def test_an_overflow_is_told_at_its_token_and_leaves_the_stream_as_it_was(
    kind: tuple[str, int, int], value: float
) -> None:
    stream = Stream(poison(speaker(kind), value))
    stream.feed("Tom likes so", more=True)
    before, position = everything(stream), stream.position
    ids = (CLEAN * 20)[: SNAPSHOT_EVERY + 20]
    held = len(stream.tokenizer.encode("so"))
    with pytest.raises(tc.NotFinite, match="another model") as told:
        stream.feed([*ids, POISON, *CLEAN])  # in several stretches, the first of which are sound
    assert told.value.token == position + held + len(ids) + 1
    assert f"at token {told.value.token:,} " in str(told.value)
    assert everything(stream) == before
    other = Stream(stream.model)
    other.feed("Tom likes so", more=True)
    assert np.array_equal(stream.feed(ids)["nll"], other.feed(ids)["nll"])


@pytest.mark.parametrize("ways", [{"writes": True}, {"without": True}])
def test_an_overflow_is_told_whatever_else_is_asked_of_the_trace(ways: dict[str, bool]) -> None:
    stream = Stream(poison(speaker(("mac", 1, 1))))
    with pytest.raises(tc.NotFinite):
        stream.feed([*CLEAN, POISON], **ways)
    assert stream.position == 0


def forever(stream: Stream, tokens: list[int] | None = None) -> Stream:
    """With θ times infinity, and that times zero: no number."""
    for factor in (1e308, 0.0):
        stream = stream.override(theta=factor, scale=True, tokens=tokens)
    return stream


@pytest.mark.parametrize("kind", SOME[1:])
def test_an_extreme_override_is_told_and_can_be_taken_back(kind: tuple[str, int, int]) -> None:
    stream = Stream(speaker(kind))
    stream.feed(TEXT)
    with pytest.raises(tc.NotFinite, match=rf"at token {stream.position + 1} .*take back what changes"):
        forever(stream).feed(TEXT)
    assert np.isfinite(stream.feed(TEXT)["nll"]).all()


@pytest.mark.parametrize("kind", SOME[1:])
def test_an_overflow_in_the_midst_of_an_answer_is_told(kind: tuple[str, int, int]) -> None:
    stream = Stream(speaker(kind))
    stream.feed(TEXT)
    asked = stream.fork()
    asked.feed(" Where is it?")
    place = asked.position
    wrong = forever(stream, [place])
    before = everything(wrong)
    with pytest.raises(tc.NotFinite, match=f"at token {place + 1} "):
        wrong.ask("Where is it?")
    assert everything(wrong) == before
    # …and in the question itself
    with pytest.raises(tc.NotFinite, match=f"at token {place} "):
        forever(stream, [place - 1]).ask("Where is it?")


def test_an_overflow_where_the_past_is_read_again_is_told() -> None:
    stream = Stream(speaker(("mac", 1, 1)))
    stream.feed([*CLEAN, POISON, *CLEAN])
    poison(stream.model)
    before, place = everything(stream), len(CLEAN) + 1
    readings: list[Callable[[], object]] = [
        stream.past,
        stream.attribution,
        lambda: stream.at(place + 1),
    ]
    for read in readings:
        with pytest.raises(tc.NotFinite, match=f"at token {place} "):
            read()
    assert everything(stream) == before and stream.at(place - 1).position == place - 1


def test_of_streams_read_together_one_that_overflows_leaves_all_as_they_were() -> None:
    model = poison(speaker(("mac", 1, 1)))
    streams = [Stream(model) for _ in range(3)]
    streams[1].feed(CLEAN)
    before = [everything(stream) for stream in streams]
    long = (CLEAN * 20)[: SNAPSHOT_EVERY + 20]
    with pytest.raises(tc.NotFinite, match=f"at token {len(CLEAN) + len(long) + 1:,} "):
        tc.read_together(streams, [long, [*long, POISON, *CLEAN], CLEAN])
    assert [everything(stream) for stream in streams] == before
    traces = tc.read_together(streams, [long, long, CLEAN])
    assert all(np.isfinite(trace["nll"]).all() for trace in traces)


def test_a_model_that_overflows_from_the_beginning_reads_nothing() -> None:
    model = speaker(("mag", 1, 1))
    with torch.no_grad():
        model.mixers[0].attention.qkv.weight.fill_(3e38)
    with pytest.raises(tc.NotFinite, match="before the first token .* choose another model"):
        Stream(model)


def test_the_largest_norm_of_a_text_that_overflows_is_no_number() -> None:
    model = poison(speaker(("lmm", 1, 1)))
    found = dict(largest_norms(model, {"sound": "Tom likes soup.", "not": "Tom likes x."}))
    assert np.isfinite(found["sound"]) and np.isnan(found["not"])


def test_an_overflow_is_told_the_same_by_another_process() -> None:
    for overridden in (False, True):
        told = NotFinite(3, overridden)
        again = copy.copy(told)  # made anew as what comes from another process is
        assert (str(again), again.token, type(again)) == (str(told), 3, NotFinite)
