"""Mixed precision, as training on a GPU uses it, ends at the memory's door."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.titans_core.conftest import KINDS, tiny
from titans_core.layers import flatten_state


@pytest.mark.parametrize("kind", KINDS)
def test_a_memory_keeps_full_precision_where_the_rest_has_less(
    kind: tuple[str, int, int], ids: Tensor
) -> None:
    model = tiny(*kind).float()
    full = model(ids, telemetry=True)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model(ids, telemetry=True)
    assert mixed.logits.dtype == torch.bfloat16
    for name, value in flatten_state(mixed.state).items():
        if ".memory." in name and isinstance(value, Tensor):
            assert value.dtype == torch.float32, name
    # eight bits of mantissa: half a percent a step, over two layers
    error = (mixed.logits.float() - full.logits).norm() / full.logits.norm()
    assert 1e-4 < error < 0.1

    mixed.logits.float().logsumexp(-1).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name


def test_gates_are_computed_in_full_precision(ids: Tensor) -> None:
    model = tiny("lmm").float()
    with torch.autocast("cpu", torch.bfloat16):
        (report, *_) = model(ids, telemetry=True).telemetry
    alpha = report.columns["alpha"]
    assert alpha.dtype == torch.float32
    assert not torch.equal(alpha, alpha.bfloat16().float())
