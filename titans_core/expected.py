"""What a model expects next: after each token it read, and how likely that was what did come next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from titans_core import rowwise
from titans_core.finite import uneven
from titans_core.model import TitansLM
from titans_core.trace import Floats, Guesses, to_numpy

GUESSES = 5


class Expected(NamedTuple):
    """Of each of T tokens: chosen, log p of the token that came next, in nats, of as many as were told;
    guesses, the likeliest tokens. logits after the last token, [1, vocab]; wrong, the first token after which
    the logits make no probabilities, None where all do."""

    chosen: Floats
    guesses: Guesses
    logits: Tensor
    wrong: int | None


def expect(model: TitansLM, hidden: Tensor, following: Sequence[int] = (), guesses: int = 0) -> Expected:
    """What is expected after tokens whose last layer's output is hidden [T, width], by the output embedding;
    ``following`` are the tokens that came next after the first of them, T at most."""
    if len(hidden) and rowwise.able(model.norm, model.embedding.weight, hidden[None]):
        return compiled(model, hidden, following, guesses)
    logits = model.predict(hidden)
    expected = logits.float().log_softmax(-1)  # log p of every token, [T, vocab]
    right = torch.tensor(following, dtype=torch.long, device=logits.device)[:, None]
    chosen = to_numpy(expected[: len(right)].gather(1, right)[:, 0])
    likeliest, ids = expected.topk(guesses)
    return Expected(
        chosen, Guesses(ids.cpu().numpy(), to_numpy(likeliest.exp())), logits[-1:], uneven(logits)
    )


def compiled(model: TitansLM, hidden: Tensor, following: Sequence[int], guesses: int) -> Expected:
    """What ``expect`` does, of one token or more, by the compiled loops."""
    right = np.full(len(hidden), -1)
    right[: len(following)] = following
    found = rowwise.expected(model, hidden, right, guesses)
    wrong = np.flatnonzero(~np.isfinite(found.spans))
    chosen, probabilities = (x.astype(np.float32, copy=False) for x in (found.chosen, found.probabilities))
    return Expected(
        chosen[: len(following)],
        Guesses(found.ids, probabilities),
        torch.from_numpy(found.last[None]),
        int(wrong[0]) if len(wrong) else None,
    )


def surprisal(before: Tensor, ids: Sequence[int], expected: Expected) -> Floats:
    """−log p of each of ids, in nats [T]: of the first by the logits ``before`` [1, vocab], of the others by
    what was expected after the one before it."""
    first = before.float().log_softmax(-1)[0, list(ids[:1])]
    return -np.concatenate([to_numpy(first), expected.chosen])
