"""What a model answers at the end of a question, with its memory and without."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from titans_core.denormals import flushed
from titans_core.finite import NotFinite
from titans_core.layers import map_state
from titans_core.source import influence
from titans_core.stepping import step

if TYPE_CHECKING:
    from titans_core.stream import Stream

CANDIDATES = 5
LONGEST = 16  # tokens an answer may take
STOPS = (".", "\n")
BESIDE = " .\n"  # what stands around a value and is no part of it

Candidates = list[tuple[str, float]]


@dataclass(frozen=True)
class Answer:
    """``text`` is the bare value, decoded greedily, and ``probability`` its own; "…" ends one that was not at
    its end after 16 tokens. ``candidates`` are what the five likeliest first tokens lead to, with their
    probabilities, the likeliest first, what is the same told once; ``candidates_without`` the same with the
    memory wiped before the question (M₀, zero momentum, attention caches kept)."""

    text: str
    probability: float
    candidates: Candidates
    candidates_without: Candidates
    _before: Stream = field(repr=False, compare=False)
    _asked: Stream = field(repr=False, compare=False)
    _without: Stream = field(repr=False, compare=False)
    _question: tuple[int, ...] = field(repr=False, compare=False)
    _first: int = field(repr=False, compare=False)  # token of the answer

    @property
    def known(self) -> bool:
        """Whether ``text`` is a value, and likelier than all others together. A model that does not know says
        something, too: what is the likeliest word by word, little as that may be."""
        return self.text != "" and self.probability > 0.5

    def chances(self, value: str) -> tuple[float, float]:
        """The probability of any bare value with the memory, and with it wiped, counted as that of a
        candidate: the product over the value's tokens, the stop that ends it left out. Raises ValueError for
        a value of nothing but stops and spaces, and as ``Stream.feed`` does."""
        tokenizer = self._asked.tokenizer
        tokenizer.encode(value)  # what is no text is told by its own type and place
        ids = tokenizer.encode(f" {value.strip(BESIDE)}.", opening=False)
        while ids and not tokenizer.token_bytes[ids[-1]].strip(BESIDE.encode()):
            ids.pop()
        if not ids:
            raise ValueError("there is no value to look for")
        with_memory, without = (
            float(np.exp(-stream.fork().feed(ids)["nll"].sum(dtype=np.float64)))
            for stream in (self._asked, self._without)
        )
        return with_memory, without

    @cached_property
    def source(self) -> int | None:
        """The position whose write raised the answer's probability most (`titans_core.source`), summed over
        layers and heads. None where no write raised it, where the answer is not known, or there is no memory,
        nothing before the question or nothing of it kept (a stream loaded without its past), or a gradient
        that overflows.

        The text is read again for it, once.
        """
        if not self.known or not self._before.model.has_memory or not self._before.reach:
            return None
        given = influence(self._before, self._question, self._first).sum((0, 1))
        if not np.isfinite(given).all() or given.max() <= 0:
            return None
        return self._before.position - len(given) + int(given.argmax())


def answer(before: Stream, asked: Stream, without: Stream, question: tuple[int, ...]) -> Answer:
    """Answer at the end of two streams that read the same question after ``before``, the second with its
    memory wiped before it.

    Each of the five likeliest first tokens is completed greedily until a full stop, a newline or 16 tokens; a
    value's probability is the product over its tokens.
    """
    greedy = complete(asked)
    first = int(asked.now.logits[0].argmax())
    known, unknown = likeliest_first(greedy), likeliest_first(complete(without))
    text = greedy[0][0]
    return Answer(text, dict(known)[text], known, unknown, before, asked, without, question, first)


def likeliest_first(candidates: Candidates) -> Candidates:
    """Candidates by probability; that of a value which several first tokens lead to is their sum."""
    total: dict[str, float] = {}
    for value, probability in candidates:
        total[value] = total.get(value, 0.0) + probability
    return sorted(total.items(), key=lambda pair: -pair[1])


@torch.inference_mode()
@flushed()
def complete(stream: Stream) -> Candidates:
    """The five likeliest first tokens, each completed greedily, in the order of those first tokens. Raises
    NotFinite where the model's numbers overflow on the way."""
    now, model = stream.now, stream.model
    probability, token = now.logits[0].softmax(-1).topk(CANDIDATES)  # [5] each
    state = map_state(lambda t: t.expand(CANDIDATES, *t.shape[1:]), now.state)
    decoders = [copy.copy(now.decoder) for _ in range(CANDIDATES)]
    texts, totals, open_rows = [""] * CANDIDATES, [1.0] * CANDIDATES, [True] * CANDIDATES
    for number in range(LONGEST):
        for row, (i, p) in enumerate(zip(token.tolist(), probability.tolist(), strict=True)):
            if not open_rows[row]:
                continue
            piece = decoders[row].feed([i])[0]
            texts[row] += piece
            open_rows[row] = not any(stop in piece for stop in STOPS)
            # a stop ends a value and is no part of it; where it comes first it is all there is
            counts = number == 0 or open_rows[row] or piece.strip(BESIDE)
            totals[row] *= p if counts else 1.0
        if not any(open_rows):
            break
        logits, state = step(model, token, state, stream.edits(now.position + number))
        if not logits[open_rows].isfinite().all():
            raise NotFinite(now.position + number + 1, bool(stream.overrides))
        probability, token = logits.softmax(-1).max(-1)
    ends = ("…" if unfinished else "" for unfinished in open_rows)
    return [(bare(text) + end, total) for text, end, total in zip(texts, ends, totals, strict=True)]


def bare(text: str) -> str:
    """A value without the space before it and the stop after it."""
    for stop in STOPS:
        text = text.split(stop)[0]
    return text.strip()
