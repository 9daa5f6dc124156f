"""What a model answers, as the exhibits measure it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import titans_core as tc


def chance(stream: tc.Stream, question: str, value: str) -> float:
    """The probability that ``value`` is answered now: the product over its tokens."""
    asked = stream.fork()
    asked.feed(f" {question}")
    return math.exp(-float(asked.feed(f" {value}")["nll"].sum()))


def chances(stream: tc.Stream, asked: Sequence[tuple[str, str]]) -> tuple[float, ...]:
    """The same of several questions, each with its value, read side by side."""
    encode = stream.tokenizer.encode
    values = [encode(f" {value}", opening=False) for _, value in asked]
    texts = [
        encode(f" {words}", opening=False) + value for (words, _), value in zip(asked, values, strict=True)
    ]
    traces = tc.read_together([stream.fork() for _ in asked], texts)
    costs = (trace["nll"][-len(value) :].sum() for trace, value in zip(traces, values, strict=True))
    return tuple(math.exp(-float(cost)) for cost in costs)
