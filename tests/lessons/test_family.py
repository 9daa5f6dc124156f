"""Claims of the appendix on the family: each relative, written down by itself, is a setting of our rule."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize, silu

from lessons import words
from lessons.family import (
    ALPHAS,
    BETA,
    BETA_DEEP,
    BLOCKS,
    ETAS,
    TOKENS,
    Recall,
    Switches,
    empty,
    recall,
    relative,
    told,
    written,
)

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
ALPHA = ALPHAS[-1]


@pytest.fixture
def stream() -> tuple[Tensor, Tensor]:
    """Keys and values in one order of tokens, [TOKENS, HEADS, WIDTH]; the first pairs come again, changed."""
    keys, values, which = told()
    return keys[0, which], values[0]


def outer(k: Tensor, v: Tensor) -> Tensor:
    return k[..., :, None] * v[..., None, :]


def ask(k: Tensor, memory: Tensor) -> Tensor:
    return torch.einsum("hk,hkv->hv", k, memory)


def ours(switches: Switches, stream: tuple[Tensor, Tensor]) -> Tensor:
    keys, values = stream
    (weights,) = written(switches, keys[None], values[None], empty(deep=False))
    return weights[0]


def nothing(stream: tuple[Tensor, Tensor]) -> Tensor:
    keys, values = stream
    return torch.zeros(keys.shape[1], keys.shape[2], values.shape[2])


@pytest.mark.parametrize("alpha", ALPHAS)
def test_linear_attention_is_one_block_over_the_whole_text(
    stream: tuple[Tensor, Tensor], alpha: float
) -> None:
    """M_t = (1 − α) M_{t−1} + kᵀv: no error anywhere."""
    memory = nothing(stream)
    for k, v in zip(*stream, strict=True):
        memory = (1 - alpha) * memory + outer(k, v)
    torch.testing.assert_close(ours(Switches(alpha=alpha, block=TOKENS), stream), memory, **CLOSE)


@pytest.mark.parametrize("block", BLOCKS[:-1])
def test_linear_attention_is_no_setting_beyond_its_first_block(
    stream: tuple[Tensor, Tensor], block: int
) -> None:
    sums = torch.einsum("thk,thv->hkv", *stream)
    assert (ours(Switches(block=block), stream) - sums).norm() > 0.1 * sums.norm()


def test_deltanet_is_the_exact_rule_without_momentum_and_forgetting(stream: tuple[Tensor, Tensor]) -> None:
    """M_t = (I − β kᵀk) M_{t−1} + β kᵀv, with β = 2θ."""
    memory = nothing(stream)
    for k, v in zip(*stream, strict=True):
        memory = memory - BETA * (outer(k, k) @ memory) + BETA * outer(k, v)
    torch.testing.assert_close(ours(Switches(), stream), memory, **CLOSE)


def test_gated_deltanet_takes_its_error_at_what_is_left(stream: tuple[Tensor, Tensor]) -> None:
    """M_t = (I − β kᵀk) λ M_{t−1} + β kᵀv: ours with θ = λβ/2 and v/λ."""
    memory, kept = nothing(stream), 1 - ALPHA
    for k, v in zip(*stream, strict=True):
        memory = kept * (memory - BETA * (outer(k, k) @ memory)) + BETA * outer(k, v)
    torch.testing.assert_close(ours(Switches(alpha=ALPHA, decayed=True), stream), memory, **CLOSE)
    assert (ours(Switches(alpha=ALPHA), stream) - memory).norm() > 1e-3 * memory.norm()


@pytest.mark.parametrize("block", BLOCKS)
def test_ttt_linear_is_descent_by_mini_batches(stream: tuple[Tensor, Tensor], block: int) -> None:
    keys, values = stream
    memory = nothing(stream)
    for at in range(0, TOKENS, block):
        k, v = keys[at : at + block], values[at : at + block]
        error = torch.einsum("thk,hkv->thv", k, memory) - v
        memory = memory - BETA * torch.einsum("thk,thv->hkv", k, error)
    torch.testing.assert_close(ours(Switches(block=block), stream), memory, **CLOSE)


@pytest.mark.parametrize("block", BLOCKS)
def test_ttt_mlp_is_descent_by_mini_batches_on_two_layers(block: int) -> None:
    keys, values, which = told()
    keys = keys[:, which]
    first, second = (weight.clone() for weight in empty(deep=True))
    for at in range(0, TOKENS, block):
        k, v = (x[0, at : at + block].transpose(0, 1) for x in (keys, values))
        leaves = [weight[0].clone().requires_grad_() for weight in (first, second)]
        loss = (silu(k @ leaves[0]) @ leaves[1] - v).square().sum()
        steps = torch.autograd.grad(loss, leaves)
        first, second = (
            weight - BETA_DEEP / 2 * step for weight, step in zip((first, second), steps, strict=True)
        )
    got = written(Switches(block=block, deep=True), keys, values, empty(deep=True))
    for mine, theirs in zip(got, (first, second), strict=True):
        torch.testing.assert_close(mine, theirs, **CLOSE)


@pytest.mark.parametrize("eta, alpha", [(0.5, 0.0), (0.9, ALPHA)])
def test_titans_adds_momentum_and_forgetting(stream: tuple[Tensor, Tensor], eta: float, alpha: float) -> None:
    """Equations 8, 13 and 14, for a matrix."""
    memory, momentum = nothing(stream), nothing(stream)
    theta = BETA / 2 * (1 - eta)
    for k, v in zip(*stream, strict=True):
        momentum = eta * momentum - theta * 2 * outer(k, ask(k, memory) - v)
        memory = (1 - alpha) * memory + momentum
    torch.testing.assert_close(ours(Switches(eta=eta, alpha=alpha), stream), memory, **CLOSE)


def everyone() -> list[Switches]:
    return [
        Switches(eta, alpha, block, deep, decayed)
        for eta, alpha, block, deep, decayed in product(ETAS, ALPHAS, BLOCKS, (False, True), (False, True))
    ]


def test_whatever_is_switched_has_a_name_and_answers() -> None:
    say = words("appendix")
    for switches in everyone():
        name = relative(switches)
        assert say(name) and say(f"{name}_is")
        found = recall(switches)
        assert all(0 <= share <= 1 for share in vars(found).values()), switches
        assert 0 < found.once, switches  # and nothing has overflowed


def test_the_page_says_of_recall_what_is_found() -> None:
    """The family's prose: a sum keeps both values, an error leaves the newer one, and forgetting costs."""
    hebbian, delta = recall(Switches(block=TOKENS)), recall(Switches())
    assert abs(hebbian.new - hebbian.old) < 0.1 and hebbian.new + hebbian.old > 0.9
    assert delta.new > 0.95 and delta.old < 0.05
    assert hebbian.once > delta.once
    forgetting: Recall = recall(Switches(alpha=ALPHA, decayed=True))
    assert forgetting.once < delta.once - 0.2 and forgetting.new > 0.95
    slow = recall(Switches(eta=0.9))
    assert slow.old > 0.3 and slow.once > delta.once


def test_the_pairs_are_of_length_one_and_always_the_same() -> None:
    keys, values, _ = told()
    torch.testing.assert_close(keys, normalize(keys, dim=-1))
    torch.testing.assert_close(values, normalize(values, dim=-1))
    told.cache_clear()
    assert torch.equal(told()[0], keys) and torch.equal(told()[1], values)
