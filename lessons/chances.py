"""What a model would answer where it stands, as probabilities: the stream stays as it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import titans_core as tc


def chances(stream: tc.Stream, question: str, values: Sequence[str]) -> tuple[float, ...]:
    """The probability of each bare value after ``question``: the product over its tokens."""
    asked = stream.fork()
    asked.feed(f" {question}")
    return tuple(
        float(np.exp(-asked.fork().feed(f" {value}")["nll"].sum(dtype=np.float64))) for value in values
    )
