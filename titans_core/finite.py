"""Where a model's numbers stop being numbers: seen as soon as a token was read, and told in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from titans_core.trace import Floats


class NotFinite(ValueError):
    """What a model computed is infinite, or no number; the message says at which token and what to do."""

    def __init__(self, token: int, overridden: bool) -> None:
        where = f"at token {token:,}" if token else "before the first token"
        remedy = (
            "weaken or take back what changes its gates"
            if overridden
            else "its weights are damaged or too large, so choose another model"
        )
        super().__init__(f"{where} this model's numbers are no longer finite: {remedy}")
        self.token, self.overridden = token, overridden

    def __reduce__(self) -> tuple[type[NotFinite], tuple[int, bool]]:
        """From one process to another it goes as what it was made of."""
        return NotFinite, (self.token, self.overridden)


def check(columns: Mapping[str, Floats], wrong: int | None, before: int, overridden: bool) -> None:
    """Raise NotFinite where what came of tokens, read after ``before`` others, is no numbers: the columns
    [T, …] of their trace, or the logits after one of them, ``wrong``, as ``uneven`` tells it."""
    check_columns(columns, before, overridden)
    if wrong is not None:
        raise NotFinite(before + wrong + 1, overridden)


def uneven(logits: Tensor) -> int | None:
    """The first of T tokens after which the logits [T, vocab] make no probabilities."""
    if not len(logits) or even(logits):
        return None
    return next((row for row, each in enumerate(logits) if not even(each)), None)


def even(logits: Tensor) -> bool:
    """Whether logits are numbers, so near to one another that log p are numbers too: one pass over them."""
    least, largest = logits.aminmax()
    return bool((largest - least).isfinite())


def check_columns(columns: Mapping[str, Floats], before: int, overridden: bool) -> None:
    """Raise NotFinite where a column [T, …] of a trace holds anything but numbers, at the first such
    token."""
    wrong = [column for column in columns.values() if not np.isfinite(column).all()]
    if wrong:
        rows = [np.flatnonzero(~np.isfinite(column).reshape(len(column), -1).all(1))[0] for column in wrong]
        raise NotFinite(before + int(min(rows)) + 1, overridden)
