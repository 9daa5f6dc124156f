"""A model reads the same however the text is cut, never looks ahead, and keeps sequences apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels import retrieve
from tests.titans_core.conftest import KINDS, tiny
from titans_core.layers import flatten_state
from titans_core.model import Output, TitansLM

pytestmark = pytest.mark.usefixtures("no_gradients")


@pytest.fixture
def no_gradients() -> object:
    with torch.no_grad():
        yield


def read_in_pieces(
    model: TitansLM, ids: Tensor, lengths: list[int]
) -> tuple[Tensor, Output, dict[str, Tensor]]:
    """Logits and telemetry of consecutive pieces joined, and the last output."""
    state, logits, columns = None, [], []
    for piece in ids.split(lengths, 1):
        out = model(piece, state, telemetry=True)
        state = out.state
        logits.append(out.logits)
        columns.append({f"{n}.{k}": v for n, r in enumerate(out.telemetry) for k, v in r.columns.items()})
    return torch.cat(logits, 1), out, {k: torch.cat([c[k] for c in columns], 1) for k in columns[0]}


def assert_same_reading(model: TitansLM, ids: Tensor, lengths: list[int], tolerance: float = 1e-9) -> None:
    whole, last, telemetry = read_in_pieces(model, ids, [ids.shape[1]])
    pieces, last_piece, telemetry_pieces = read_in_pieces(model, ids, lengths)
    torch.testing.assert_close(pieces, whole, rtol=tolerance, atol=tolerance)
    assert telemetry_pieces.keys() == telemetry.keys()
    for name, column in telemetry.items():
        torch.testing.assert_close(telemetry_pieces[name], column, rtol=tolerance, atol=tolerance, msg=name)
    one, other = flatten_state(last.state), flatten_state(last_piece.state)
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, Tensor):
            torch.testing.assert_close(other[name], value, rtol=tolerance, atol=tolerance, msg=name)
        else:
            assert other[name] == value, name


def test_token_by_token_equals_at_once(model: TitansLM, ids: Tensor) -> None:
    assert_same_reading(model, ids, [1] * ids.shape[1])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.sets(st.integers(1, 28)))
def test_any_cut_equals_at_once(kind: tuple[str, int, int], cuts: set[int]) -> None:
    ids = torch.randint(0, 60, (2, 29), generator=torch.Generator().manual_seed(5))
    borders = [0, *sorted(cuts), 29]
    with torch.no_grad():
        assert_same_reading(tiny(*kind), ids, [b - a for a, b in zip(borders, borders[1:], strict=False)])


def test_single_precision_agrees_at_any_cut(model: TitansLM, ids: Tensor) -> None:
    single = model.float()
    whole, _, _ = read_in_pieces(single, ids, [29])
    pieces, _, _ = read_in_pieces(single, ids, [5, 1, 11, 12])
    assert (pieces - whole).abs().max() <= 1e-4 * whole.abs().max()


@pytest.mark.parametrize("changed", [0, 5, 6, 7, 11, 12, 15, 16, 23, 28], ids=lambda t: f"token{t}")
def test_no_token_changes_what_was_before_it(model: TitansLM, ids: Tensor, changed: int) -> None:
    other = ids.clone()
    other[:, changed] = (other[:, changed] + 7) % 60
    before, after = model(ids).logits, model(other).logits
    torch.testing.assert_close(after[:, :changed], before[:, :changed], rtol=0, atol=1e-12)
    assert not torch.allclose(after[:, changed], before[:, changed])


def test_sequences_of_a_batch_never_mix(model: TitansLM, ids: Tensor) -> None:
    other = ids.clone()
    other[1] = (other[1] + 11) % 60
    before, after = model(ids, telemetry=True), model(other, telemetry=True)
    torch.testing.assert_close(after.logits[0], before.logits[0], rtol=0, atol=1e-12)
    for mine, theirs in zip(before.telemetry, after.telemetry, strict=True):
        for name in mine.columns:
            torch.testing.assert_close(theirs.columns[name][0], mine.columns[name][0], rtol=0, atol=1e-12)
    alone = model(ids[:1]).logits
    torch.testing.assert_close(alone[0], before.logits[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("variant", ["mac", "mag", "mal", "lmm"])
def test_memory_is_the_only_bridge_beyond_attention(variant: str) -> None:
    """With attention's reach long past, a changed first token still changes the present — through memory."""
    ids = torch.randint(0, 60, (1, 60), generator=torch.Generator().manual_seed(1))
    other = ids.clone()
    other[0, 2] = (other[0, 2] + 7) % 60
    model = tiny(variant)
    assert not torch.allclose(model(ids).logits[0, -1], model(other).logits[0, -1], atol=1e-9)
    control = tiny("attention")
    torch.testing.assert_close(control(ids).logits[0, -1], control(other).logits[0, -1], rtol=0, atol=1e-12)


def test_segments_meet_only_through_memory() -> None:
    """MAC whose memory is never written: beyond the few segments that convolution tails link, nothing is
    known."""
    ids = torch.randint(0, 60, (1, 60), generator=torch.Generator().manual_seed(1))
    other = ids.clone()
    other[0, :6] = (other[0, :6] + 7) % 60
    model = tiny("mac")
    assert not torch.allclose(model(ids).logits[0, 48:], model(other).logits[0, 48:], atol=1e-9)
    for mixer in model.mixers:
        mixer.memory.gate_projection.weight.zero_()  # type: ignore[union-attr]
        mixer.memory.gate_bias.fill_(-1e4)  # type: ignore[union-attr]  # η = θ = α = 0
    torch.testing.assert_close(model(ids).logits[0, 48:], model(other).logits[0, 48:], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("ids", "kind", "complaint"),
    [
        (None, TypeError, "ids must be a tensor of token ids .*, not NoneType"),
        ([[1, 2]], TypeError, "ids must be a tensor of token ids .*, not list"),
        (torch.zeros(1, 3), ValueError, r"ids must be int64 \[B, T\], but these are float32 \[1, 3\]"),
        (torch.zeros(1, 3, dtype=torch.bool), ValueError, "but these are bool"),
        (torch.tensor([1, 2]), ValueError, r"but these are int64 \[2\]"),
        (torch.tensor([[[1, 2]]]), ValueError, r"but these are int64 \[1, 1, 2\]"),
        (torch.tensor([[1, 60]]), ValueError, "token id 60 is not in 0 … 59"),
        (torch.tensor([[1], [-1]]), ValueError, "token id -1 is not in 0 … 59"),
        (torch.zeros(0, 3, dtype=torch.int64), ValueError, "at least one sequence and one token"),
        (torch.zeros(1, 0, dtype=torch.int64), ValueError, "at least one sequence and one token"),
        (torch.zeros(1, 3, dtype=torch.int64, device="meta"), ValueError, "are on meta"),
    ],
)
def test_ids_that_are_none_are_refused_in_one_sentence(
    ids: Tensor, kind: type[Exception], complaint: str
) -> None:
    model = tiny("mac")
    for read in (model, model.read):
        with pytest.raises(kind, match=complaint):
            read(ids)


def test_a_state_that_is_none_of_these_sequences_is_refused_in_one_sentence(
    model: TitansLM, ids: Tensor
) -> None:
    with pytest.raises(ValueError, match="the ids are a batch of 2, but the state is one of 1"):
        model(ids, model.initial_state())
    with pytest.raises(TypeError, match="a state is what reading gave"):
        model(ids, "state")
    with pytest.raises(ValueError, match="one sequence or more, not of 0"):
        model.initial_state(0)


@pytest.mark.parametrize("variant", ["mag", "mal", "lmm"])
def test_persistent_tokens_are_written_first_in_a_gradient_block_of_their_own(variant: str) -> None:
    """Four of them, in blocks of eight: the next eight tokens' gradients are taken at what they left."""
    model = TitansLM(replace(tiny(variant, 2, 8).config, persistent=4)).double()
    mixer: Any = model.mixers[0]
    start = mixer.initial_state(1)
    state = start if variant == "lmm" else start.memory
    _, after, _ = mixer.memory(mixer.persistent_tokens()[None], mixer.memory.initial_state(1), False)
    told, _ = mixer.memory.project(torch.randn(1, 8, 16, dtype=torch.float64), state.tail)
    written, _ = mixer.memory.learn(told, state, True, None)
    with torch.enable_grad():
        held = [w.clone().requires_grad_() for w in after.weights]
        for t in range(8):
            loss = (retrieve(told.k[:, [t]], tuple(held)) - told.v[:, [t]]).square().sum()
            for (x, d), gradient in zip(written.factors, torch.autograd.grad(loss, held), strict=True):
                torch.testing.assert_close(x[:, t, :, :, None] * d[:, t, :, None], gradient)
