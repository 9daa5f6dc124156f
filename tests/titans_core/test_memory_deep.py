"""A deep memory, as the layer uses it: it stays small whatever it reads."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from titans_core.config import MemoryConfig, ModelConfig
from titans_core.model import TitansLM
from titans_core.stream import Stream

TEXTS = {
    "one word": "the " * 1000,
    "two words": "the and " * 500,
    "nothing but noise": "".join(chr(97 + n) for n in np.random.default_rng(0).integers(26, size=1000)),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("depth,block", [(2, 1), (2, 32), (3, 32)])
def test_it_stays_bounded_at_the_largest_step(depth: int, block: int, text: str) -> None:
    torch.manual_seed(0)
    memory = MemoryConfig(depth=depth, block_size=block)
    trace = Stream(TitansLM(ModelConfig(variant="lmm", memory=memory)).eval()).feed(text)
    assert trace["memory_norm"].max() < 200
    assert (trace["theta"] <= (1 - trace["eta"]) / 2 + 1e-6).all()


def test_it_answers_little_before_it_has_read_and_its_hidden_units_are_awake() -> None:
    torch.manual_seed(0)
    model = TitansLM(ModelConfig(variant="mac", memory=MemoryConfig(depth=2, block_size=32)))
    first, last = model.mixers[0].memory.initial  # type: ignore[union-attr,misc]
    key = torch.nn.functional.normalize(torch.randn(100, 1, 32), dim=-1)
    hidden = torch.nn.functional.silu(key @ first[:1])
    assert 0.2 < hidden.square().mean() < 0.6
    assert (hidden @ last[:1]).norm(dim=-1).mean() < 1
