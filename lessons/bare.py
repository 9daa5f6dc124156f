"""A memory on its own, as it is before it was told anything."""

from __future__ import annotations

import torch

from kernels.output import Weights


def start(heads: int, width: int, hidden: int | None = None) -> Weights:
    """M₀: nothing in a matrix; in two layers, with ``hidden`` units between, random weights."""
    if hidden is None:
        return (torch.zeros(1, heads, width, width),)
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(1, heads, width, hidden, generator=generator)
    return first, 0.6 / hidden * torch.randn(1, heads, hidden, width, generator=generator)
