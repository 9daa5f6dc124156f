"""Models of any sizes, for the tests that hold compiled loops against operations on tensors."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

from titans_core.config import MemoryConfig, ModelConfig
from titans_core.model import TitansLM


def configs(*variants: str) -> st.SearchStrategy[ModelConfig]:
    """One layer of one of these variants, whose memory the loops can be taken for."""
    return st.builds(
        ModelConfig,
        variant=st.sampled_from(variants),
        vocab_size=st.just(60),
        width=st.sampled_from((5, 16)),
        layers=st.just(1),
        heads=st.integers(1, 3),
        head_width=st.sampled_from((2, 6, 8)),
        window=st.sampled_from((1, 3, 6, 40)),
        persistent=st.sampled_from((0, 3)),
        feed_forward=st.just(4),
        memory=st.builds(
            MemoryConfig,
            convolution=st.sampled_from((1, 2, 8)),
            read=st.sampled_from(("after", "before")),
            silu=st.sampled_from(((), ("value",), ("query", "key", "value"))),
            eta_max=st.sampled_from((0.0, 0.9)),
            step_max=st.sampled_from((0.3, 1.0)),
        ),
    )


def built(config: ModelConfig) -> TitansLM:
    """A model in double precision, its gates well open and its memory not empty."""
    torch.manual_seed(1)
    model = TitansLM(config).double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.add_((0.3 if "initial" in name else 0.05) * torch.randn_like(parameter))
            if "gate_projection.weight" in name:
                parameter.mul_(10)
    return model
