"""What a block does with each token by itself is the same by compiled loops and by operations on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.titans_core.conftest import tiny
from titans_core import rowwise
from titans_core.config import ModelConfig
from titans_core.expected import Expected, expect
from titans_core.layers import FeedForward, Gating
from titans_core.memory import NeuralMemory
from titans_core.model import TitansLM
from titans_core.stepping import installed

pytestmark = pytest.mark.skipif(not installed(), reason="numba is not installed: pip install numba")

sizes = st.sampled_from((1, 3, 4, 5, 8, 17))
tokens = st.sampled_from((1, 2, 7, 31, 32, 33, 65))
precisions = st.sampled_from((torch.float32, torch.float64))


def by_tensors(function: Any, *given: Any, **named: Any) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rowwise, "able", lambda *_: False)
        return function(*given, **named)


def some(*shape: int, kind: torch.dtype) -> Tensor:
    return 2 * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).to(kind)


def spread(part: nn.Module, kind: torch.dtype) -> nn.Module:
    """A part whose weights are all different from where they start."""
    torch.manual_seed(1)
    for parameter in part.to(kind).parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    return part


def close(found: Any, wanted: Any, kind: torch.dtype) -> None:
    bound = 1e-12 if kind == torch.float64 else 2e-5
    torch.testing.assert_close(found, wanted, rtol=bound, atol=bound)


def by_loops(function: Any, *given: Any, **named: Any) -> Any:
    """The same, and that the loops were taken for it."""
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rowwise, "loops", lambda: asked.append(1) or loops)
        found = function(*given, **named)
    assert asked
    return found


loops = rowwise.loops() if installed() else None


@torch.no_grad()
@settings(max_examples=40)
@given(sizes, sizes, st.integers(1, 3), st.sampled_from((2, 6, 8)), st.integers(1, 2), tokens, precisions)
def test_the_parts_of_a_block(
    width: int, hidden: int, heads: int, head_width: int, batch: int, count: int, kind: torch.dtype
) -> None:
    x, other = some(batch, count, width, kind=kind), some(batch, count, width, kind=kind).flip(1)
    read = some(batch, count, heads, head_width, kind=kind)
    config = ModelConfig("lmm", 60, width=width, heads=heads, head_width=head_width)
    for function, given_ in (
        (spread(FeedForward(width, hidden), kind), (x,)),
        (spread(Gating(width), kind), (x, other)),
        (spread(NeuralMemory(config), kind).handed, (x, read)),
    ):
        close(by_loops(function, *given_), by_tensors(function, *given_), kind)


@torch.no_grad()
@settings(max_examples=40)
@given(sizes, st.sampled_from((5, 6, 60)), tokens, st.integers(0, 65), st.sampled_from((0, 1, 5)), precisions)
def test_what_is_expected(
    width: int, vocabulary: int, count: int, told: int, guesses: int, kind: torch.dtype
) -> None:
    model, hidden, ids = speaking(width, vocabulary, kind), some(count, width, kind=kind), range(count)
    following = [i % vocabulary for i in ids][:told]
    found = by_loops(expect, model, hidden, following, guesses)
    wanted = by_tensors(expect, model, hidden, following, guesses)
    same(found, wanted, kind)
    assert found.chosen.dtype == found.guesses.probabilities.dtype == np.float32
    assert (found.chosen <= 0).all() and found.wrong is None


def speaking(width: int, vocabulary: int, kind: torch.dtype) -> TitansLM:
    config = ModelConfig(
        "attention", vocabulary, width=width, layers=1, heads=1, head_width=2, window=2, feed_forward=1
    )
    model = spread(TitansLM(config), kind)
    assert isinstance(model, TitansLM)
    return model


def same(found: Expected, wanted: Expected, kind: torch.dtype) -> None:
    np.testing.assert_allclose(found.chosen, wanted.chosen, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(found.guesses.ids, wanted.guesses.ids)
    np.testing.assert_allclose(
        found.guesses.probabilities, wanted.guesses.probabilities, rtol=1e-4, atol=1e-5
    )
    close(found.logits, wanted.logits, kind)
    assert found.wrong == wanted.wrong


@torch.no_grad()
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1.0])
@pytest.mark.parametrize("place", [0, 3, 40])
def test_the_first_token_after_which_logits_make_no_probabilities_is_told(value: float, place: int) -> None:
    model, hidden = speaking(8, 60, torch.float32), torch.zeros(41, 8)
    model.norm.scale.fill_(1)
    model.embedding.weight[:2] = torch.tensor([[4e37], [-4e37]])  # numbers, but too far apart
    hidden[place:] = value
    found, wanted = (way(expect, model, hidden, (), 0) for way in (by_loops, by_tensors))
    assert found.wrong == wanted.wrong == place


@torch.no_grad()
def test_they_are_taken_where_they_serve_and_nowhere_else() -> None:
    part, x = FeedForward(8, 4), torch.zeros(2, 3, 8)
    weight = part.up.weight
    assert rowwise.able(part, weight, x)
    for wrong in (x.double(), x[..., :7], x.half(), x.to("meta")):
        assert not rowwise.able(part, weight, wrong)
    assert not rowwise.able(part, weight, x, x[:, :2]) and not rowwise.able(part, weight, x, x.double())
    with torch.autocast("cpu"):
        assert not rowwise.able(part, weight, x)
    with torch.enable_grad():
        assert not rowwise.able(part, weight, x), "its parameters want gradients"
        part.requires_grad_(False)
        assert rowwise.able(part, weight, x)
        assert not rowwise.able(part, weight, x, x.clone().requires_grad_())


@torch.no_grad()
def test_many_tokens_are_left_to_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    part = FeedForward(8, 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert rowwise.able(part, part.up.weight, torch.zeros(1, 65, 8))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert not rowwise.able(part, part.up.weight, torch.zeros(1, 65, 8))
    assert rowwise.able(part, part.up.weight, torch.zeros(1, 1, 8)), "where a few tokens are read after it"


@torch.no_grad()
def test_weights_changed_in_place_or_replaced_are_seen() -> None:
    part, x = FeedForward(8, 4), some(1, 3, 8, kind=torch.float32)
    part(x)
    part.up.weight.data.mul_(2)
    close(part(x), by_tensors(part, x), torch.float32)
    part.down = nn.Linear(4, 8, bias=False)
    close(part(x), by_tensors(part, x), torch.float32)


@torch.no_grad()
@pytest.mark.parametrize("variant", ["mac", "mag", "mal", "lmm", "attention"])
def test_a_model_of_any_variant_says_the_same(variant: str) -> None:
    model, ids = tiny(variant), torch.arange(40)[None]
    found, wanted = by_loops(model, ids, None, True), by_tensors(model, ids, None, True)
    close(found.logits, wanted.logits, torch.float64)
    for report, other in zip(found.telemetry, wanted.telemetry, strict=True):
        close(report.columns, other.columns, torch.float64)


def test_exponentials_in_single_precision_are_exact_to_two_units_and_nan_stays() -> None:
    numba = pytest.importorskip("numba")
    from titans_core import chain, rows

    x = np.linspace(-87, 88, 200_001, dtype=np.float32)
    exact = np.exp(x.astype(np.float64))
    for part in (rows, chain):
        each = numba.njit(lambda values, e=part.exponential: [e(value) for value in values])
        found = np.array(each(x))
        assert np.abs(found / exact - 1).max() < 2 * np.finfo(np.float32).eps
        beyond = np.array(each(np.array([-1e30, -np.inf, 1e30, np.inf, np.nan], np.float32)))
        assert (beyond[:2] < 1e-37).all() and (beyond[2:4] > 1e38).all() and np.isnan(beyond[4])
