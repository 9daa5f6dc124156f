"""Training reaches every part: outer gradients exist, and equal those through the definition."""

from __future__ import annotations

import pytest
import torch

import titans_core.memory as layer
from kernels import memory as chunked
from tests.titans_core.conftest import KINDS, tiny

PARTS = ("qkv.weight", "gate_projection", "memory.initial", "persistent", "convolution.taps", "embedding")


@pytest.mark.parametrize("kind", KINDS)
def test_outer_gradients_equal_the_reference_and_are_not_zero(
    kind: tuple[str, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = torch.randint(0, 60, (2, 19), generator=torch.Generator().manual_seed(7))

    def gradients(backend: str) -> dict[str, torch.Tensor]:
        monkeypatch.setattr(layer, "memory", lambda *a, **k: chunked(*a, **k, backend=backend))
        model = tiny(*kind)
        loss = torch.nn.functional.cross_entropy(
            model(ids[:, :-1]).logits.flatten(0, 1), ids[:, 1:].flatten()
        )
        loss.backward()  # type: ignore[no-untyped-call]
        return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}

    mine, definition = gradients("torch"), gradients("reference")
    assert mine.keys() == definition.keys()
    for name, gradient in mine.items():
        torch.testing.assert_close(gradient, definition[name], rtol=1e-7, atol=1e-10, msg=name)
    for part in PARTS:
        found = [gradient for name, gradient in mine.items() if part in name]
        if kind[0] != "attention" or part in ("qkv.weight", "persistent", "embedding"):
            assert found and all(g.abs().max() > 0 for g in found), part
    keys = [g.chunk(3)[1] for name, g in mine.items() if name.endswith("qkv.weight")]
    assert all(g.abs().max() > 0 for g in keys), "W_K"


@pytest.mark.parametrize("variant", ["mac", "mag", "mal", "lmm"])
def test_each_gate_gets_its_own_gradient(variant: str) -> None:
    model = tiny(variant)
    ids = torch.randint(0, 60, (2, 19), generator=torch.Generator().manual_seed(7))
    model(ids).logits.square().mean().backward()
    for mixer in model.mixers:
        per_gate = mixer.memory.gate_bias.grad.chunk(3)  # type: ignore[union-attr]
        assert all(gate.abs().max() > 0 for gate in per_gate), "η, θ, α"
