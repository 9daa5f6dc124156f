"""Small untrained models of every kind, in double precision so that equality means equality."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from titans_core.config import VARIANTS, MemoryConfig, ModelConfig
from titans_core.model import TitansLM
from titans_core.stream import Stream
from titans_core.tokenizer import Tokenizer

TEXT = (
    "Mara put the red key in the attic.\n"
    '"Tom likes soup," she said — don’t ask 4071 times 🗝️!  Where is the red key?'
)

KINDS = [
    *(pytest.param((v, 1, 1), id=f"{v}-linear") for v in VARIANTS),
    pytest.param(("mac", 1, 4), id="mac-linear-block4"),
    pytest.param(("mag", 1, 8), id="mag-linear-chunk"),
    *(pytest.param((v, 2, 8), id=f"{v}-deep") for v in VARIANTS if v != "attention"),
    pytest.param(("lmm", 3, 1), id="lmm-deep3-online"),
]
WITH_MEMORY = [kind for kind in KINDS if kind.values[0][0] != "attention"]


def tiny(variant: str, depth: int = 1, block_size: int = 1, vocab_size: int = 60, seed: int = 0) -> TitansLM:
    """A model of two layers whose window (6) and chunk (8) do not divide one another, with every gate well
    open."""
    memory = MemoryConfig(
        depth=depth, hidden=6, chunk_size=8, block_size=block_size, step_max=0.1 if depth > 1 else 1.0
    )
    config = ModelConfig(
        variant=variant,  # type: ignore[arg-type]
        vocab_size=vocab_size,
        width=16,
        layers=2,
        heads=2,
        head_width=8,
        window=6,
        persistent=3,
        feed_forward=12,
        memory=memory,
    )
    torch.manual_seed(seed)
    model = TitansLM(config).double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "initial" in name:  # a linear memory starts at zero; anything else shows more
                parameter.add_(0.3 * torch.randn_like(parameter))
            if "gate_projection.weight" in name:
                parameter.mul_(10)
    return model


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> TitansLM:
    """Every variant, with linear and deep memory, exact and chunk-wise gradients."""
    return tiny(*request.param)


@pytest.fixture
def ids() -> torch.Tensor:
    """Two sequences of 29 tokens: no multiple of window, chunk or gradient block."""
    return torch.randint(0, 60, (2, 29), generator=torch.Generator().manual_seed(3))


def speaker(kind: tuple[str, int, int]) -> TitansLM:
    """An untrained model that takes real text."""
    return tiny(*kind, vocab_size=Tokenizer.load().vocab_size).float()


@pytest.fixture(params=KINDS)
def stream(request: pytest.FixtureRequest) -> Stream:
    """A stream of every kind of model, untrained."""
    return Stream(speaker(request.param))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As many threads as the command line takes: sums over more are other bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
