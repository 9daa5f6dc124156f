"""The numbers that a step reveals, from what the model did while it read the exhibit's text."""

from __future__ import annotations

from itertools import accumulate

import numpy as np

import titans_core as tc
from lessons.lesson import Estimate, Mention, Predict


def at_mention(trace: tc.Trace, quantity: str, mention: Mention) -> float:
    """``quantity`` at a mention: the mean over its tokens of the mean over layers and heads.

    Raises ValueError where the trace's text does not hold the mention.
    """
    span = mention.span("".join(trace.tokens))
    if span is None:
        raise ValueError(f"{mention.word!r} does not stand {mention.telling} times in this text")
    ends = list(accumulate(len(token) for token in trace.tokens))
    begins = [0, *ends[:-1]]
    rows = [n for n, (b, e) in enumerate(zip(begins, ends, strict=True)) if b < span[1] and e > span[0]]
    return float(np.mean(trace[quantity][rows]))


def greatest(trace: tc.Trace, step: Predict) -> Mention:
    """The mention that a right prediction names."""
    return max(step.mentions, key=lambda mention: at_mention(trace, step.quantity, mention))


def share(trace: tc.Trace, step: Estimate) -> float:
    """What is left at the later mention, in percent of the earlier one."""
    before, after = (at_mention(trace, step.quantity, mention) for mention in (step.before, step.after))
    return 100 * after / before
