"""The source of an answer is the write that made it likely: checked against taking a little of it away."""

from __future__ import annotations

import copy
from random import Random

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import titans_core as tc
from tests.titans_core.test_override import IDS, reader
from titans_core import source
from titans_core.blocks import MACState
from titans_core.evaluate import Probe
from titans_core.layers import map_state
from titans_core.source import POINTS, influence, read
from titans_core.stream import Stream
from titans_core.tasks import Example, Tag, filler
from titans_core.tokenizer import Tokenizer
from titans_core.trace import Trace
from titans_core.wipe import memories

QUESTION, ANSWER = [5, 9, 30], 17


def left_by(trace: Trace, layer: int, number: int, token: int, seen: int) -> NDArray[np.float64]:
    """What one token left in a matrix [H, D_in, D_out] after ``seen`` tokens, kept apart by hand."""
    writes = trace.writes[layer]
    memory = np.zeros_like(writes.weights[number], dtype=np.float64)
    momentum = np.zeros_like(memory)
    for t in range(seen):
        eta, theta, alpha = (trace[gate][t, layer, :, None, None] for gate in ("eta", "theta", "alpha"))
        momentum = eta * momentum
        if t == token:
            gradient = writes.inputs[number][t][:, :, None] * writes.deltas[number][t][:, None]
            momentum = momentum - theta * gradient
        memory = (1 - alpha) * memory + momentum
    return memory


Changes = dict[int, list[tuple[NDArray[np.float64], ...]]]  # by layer: of its weights, and MAC's frozen ones


def log_p(stream: Stream, *changes: tuple[float, Changes]) -> float:
    """log p of the answer with so much of each of the changes added to the weights."""
    state = map_state(lambda t: t.clone(), stream.state)
    for layer, (part, memory) in enumerate(zip(state, memories(state), strict=True)):
        held = [memory.weights, *([part.frozen] if isinstance(part, MACState) else [])]
        for size, change in changes:
            for weights, matrices in zip(held, change[layer], strict=True):
                for weight, matrix in zip(weights, matrices, strict=True):
                    weight += size * torch.from_numpy(matrix)[None]
    with torch.inference_mode():
        logits = stream.model(torch.tensor([QUESTION]), state).logits[0, -1]
    return float(logits.log_softmax(-1)[ANSWER])


def told(kind: tuple[str, int, int]) -> tuple[Stream, list[Changes]]:
    """A stream that read 23 tokens, and what each of them left."""
    stream = reader(kind)
    trace = stream.feed(IDS[:23], writes=True)
    frozen = 23 - 24 % 6  # tokens before the open segment
    seen = (23, frozen) if kind[0] == "mac" else (23,)
    return stream, [
        {
            layer: [tuple(left_by(trace, layer, n, token, end) for n in range(kind[1])) for end in seen]
            for layer in range(2)
        }
        for token in range(23)
    ]


KINDS = [("mag", 1, 1), ("mal", 1, 8), ("lmm", 1, 1), ("mac", 1, 1), ("lmm", 2, 1)]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("token", [0, 12, 20])
def test_influence_is_the_mean_slope_along_what_a_token_left(kind: tuple[str, int, int], token: int) -> None:
    stream, left = told(kind)
    slopes = []
    for point in POINTS:
        taken = [(point - 1, change) for change in left]  # of what all tokens left
        up, down = (log_p(stream, *taken, (size, left[token])) for size in (1e-4, -1e-4))
        slopes.append((up - down) / 2e-4)
    found = influence(stream, QUESTION, ANSWER)
    assert found.shape == (2, 2, 23)
    mean = np.mean(slopes)
    assert found[:, :, token].sum() == pytest.approx(mean, rel=1e-3, abs=1e-7) and abs(mean) > 1e-6


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_over_the_whole_way_it_is_what_the_answer_owes_to_what_was_left(
    kind: tuple[str, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "POINTS", tuple(np.arange(0.5, 100) / 100))
    stream, left = told(kind)
    gained = log_p(stream) - log_p(stream, *((-1, change) for change in left))
    assert influence(stream, QUESTION, ANSWER).sum() == pytest.approx(gained, rel=0.01)
    assert abs(gained) > 1e-3


def asked_right(example: Example, model: tc.TitansLM, tokenizer: Tokenizer) -> tc.Answer | None:
    """What the model answers at an example's end; None where it is not known, or wrong."""
    asked = int(np.flatnonzero(example.tags == Tag.QUESTION)[0])
    stream = Stream(model)
    stream.feed(example.ids[1:asked].tolist())
    answer = stream.ask(tokenizer.decode(example.ids[asked : example.answer_start].tolist()).strip())
    value = tokenizer.decode([int(example.ids[example.answer_start])]).strip()
    return answer if answer.known and answer.text.startswith(value) else None


@pytest.mark.parametrize("distance", [36, 150])
@pytest.mark.parametrize("name", [name for name in tc.available() if name != "attention"])
def test_the_source_of_a_right_answer_is_where_it_was_told(name: str, distance: int) -> None:
    """However certain the answer: the slope at the weights as they are is flat there, and names anything."""
    model, tokenizer = tc.load(name, device="cpu"), Tokenizer.load()
    known = 0
    for seed in range(12):
        example = Probe(3, distance).example(Random(seed), tokenizer)
        if answer := asked_right(example, model, tokenizer):
            told = example.answer_start - int(example.distance[example.answer_start]) - 1  # no begin token
            assert answer.source == told, f"seed {seed}, token {answer.source}"
            known += 1
    assert known >= 8


def test_of_a_value_that_changed_the_last_telling_is_the_source() -> None:
    stream = Stream(tc.load("mac", device="cpu"))
    told = stream.feed(
        "Mara put the red key in the attic. " + filler(1) + " Tom moved the red key to the cellar."
    )
    stream.feed(" " + filler(2))
    answer = stream.ask("Where is the red key?")
    assert answer.text == "cellar" and answer.source is not None and told.tokens[answer.source] == " cellar"


def test_an_empty_answer_is_as_likely_as_its_stop() -> None:
    stream = Stream(tc.load("mal", device="cpu"))
    stream.feed("Mara put the red key in the attic. ")
    candidates = stream.ask("Where is the red key?").candidates
    assert candidates[0][0] == "attic" and sum(p for _, p in candidates) <= 1 + 1e-5


def test_an_override_inside_the_question_is_heeded() -> None:
    plain, stream = reader(), reader()
    plain.feed(IDS[:12]), stream.feed(IDS[:12])
    within = stream.override(read=False, tokens=[13])
    every = stream.override(read=False, tokens=[12, 13, 14])
    found = [influence(s, QUESTION, ANSWER) for s in (plain, within, every)]
    assert not np.allclose(found[0], found[1]) and not np.allclose(found[1], found[2])
    state = map_state(lambda t: t.clone(), within.state)
    with torch.no_grad():
        logits = read(within, state, QUESTION)
    within.feed(QUESTION)
    torch.testing.assert_close(logits, within.now.logits[0])


def test_an_answer_without_memory_has_no_source() -> None:
    stream = Stream(tc.load("attention", device="cpu"))
    stream.feed("Tom likes soup.")
    assert stream.ask("What does Tom like?").source is None
    assert Stream(tc.load("mag", device="cpu")).ask("What does Tom like?").source is None


def test_what_is_not_known_has_no_source() -> None:
    stream = Stream(tc.load("mac", device="cpu"))
    stream.feed("Tom likes soup.")
    answer = stream.ask("What is the weather on Mars?")
    assert not answer.known and answer.source is None


def test_asking_for_the_source_changes_neither_model_nor_stream() -> None:
    stream = reader()
    stream.feed(IDS[:9])
    before = copy.deepcopy(stream.model.state_dict())
    kept = map_state(lambda t: t.clone(), stream.state)
    influence(stream, QUESTION, ANSWER)
    assert all(torch.equal(before[name], value) for name, value in stream.model.state_dict().items())
    assert all(parameter.grad is None for parameter in stream.model.parameters())
    for one, other in zip(memories(kept), memories(stream.state), strict=True):
        assert torch.equal(one.weights[0], other.weights[0])
