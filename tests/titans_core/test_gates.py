"""The gates of the layer: bounded as promised, and a value is written under a key of what came before."""

from __future__ import annotations

import pytest
import torch

from tests.titans_core.conftest import tiny
from titans_core.config import MemoryConfig, ModelConfig
from titans_core.memory import NeuralMemory


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_no_gate_leaves_its_bounds_whatever_the_input(scale: float) -> None:
    """2θ ≤ (1 − η) step_max and η ≤ eta_max, however large the logits."""
    memory = tiny("lmm").mixers[0].memory
    assert isinstance(memory, NeuralMemory)
    x = scale * torch.randn(4, 200, 16, dtype=torch.float64)
    gates = memory.project(x, memory.initial_state(4).tail)[0].gates
    assert (gates.eta >= 0).all() and (gates.eta <= memory.config.eta_max).all()
    assert (gates.theta >= 0).all() and (
        2 * gates.theta <= (1 - gates.eta) * memory.config.step_max + 1e-12
    ).all()
    assert (gates.alpha >= 0).all() and (gates.alpha <= 1).all()
    assert gates.eta.shape == (4, 200, 2)


def test_keys_start_as_the_queries_of_one_token_before() -> None:
    torch.manual_seed(0)
    memory = NeuralMemory(ModelConfig(memory=MemoryConfig(convolution=5)))
    x = torch.randn(1, 12, 128)
    q, k, *_ = memory.project(x, memory.initial_state(1).tail)[0]
    torch.testing.assert_close(k[:, 1:], q[:, :-1])
    assert not k[:, 0].any(), "the first key has nothing before it"


def test_gates_see_the_tokens_before_and_none_after() -> None:
    memory = tiny("lmm").mixers[0].memory
    assert isinstance(memory, NeuralMemory)
    with torch.no_grad():
        memory.convolution.taps[:, -6:] = 1.0
    x = torch.randn(1, 16, 16, dtype=torch.float64)
    other = x.clone()
    other[0, 5] += 1
    tail = memory.initial_state(1).tail
    gates = memory.project(x, tail)[0].gates
    changed = memory.project(other, tail)[0].gates
    for one, two in zip(gates, changed, strict=True):
        differs = (one != two).any(-1)[0]
        after = 5 + memory.convolution.reach
        assert differs.nonzero().flatten().tolist() == [*range(5, after + 1)], "the token and all it reaches"


def test_the_first_zero_key_has_finite_gradients() -> None:
    memory = NeuralMemory(ModelConfig())
    x = torch.randn(1, 6, 128, requires_grad=True)
    y, _, _ = memory(x, memory.initial_state(1), telemetry=False)
    y.square().sum().backward()
    assert x.grad is not None and x.grad.abs().max() < 1e4
