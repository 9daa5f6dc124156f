"""What a model answers, as the exhibits measure it."""

from __future__ import annotations

import math

import titans_core as tc


def chance(stream: tc.Stream, question: str, value: str) -> float:
    """The probability that ``value`` is answered now: the product over its tokens."""
    asked = stream.fork()
    asked.feed(f" {question}")
    return math.exp(-float(asked.feed(f" {value}")["nll"].sum()))
