"""Answers are held against the right ones: many stories are read side by side, piece by piece."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from titans_core.model import ModelState, TitansLM
from titans_core.tasks.document import Example, Tag

T = TypeVar("T")


class Said(NamedTuple):
    """Whether the answer is decoded right, and the probability of the right one: the product over the value's
    tokens, the stop after it left out."""

    right: bool
    chance: float


def reading(
    model: TitansLM, examples: Sequence[Example], piece: int | None = None
) -> Generator[int, None, list[Said]]:
    """Read stories, each with an answer, in pieces of so many tokens of each, or all at once; yields how many
    were read since. Shorter ones are padded at the end, where nothing looks back."""
    longest = max(len(example.ids) for example in examples)
    ids = torch.from_numpy(np.stack([np.pad(e.ids, (0, longest - len(e.ids))) for e in examples]))
    kept: list[list[Tensor]] = [[] for _ in examples]
    state: ModelState | None = None
    for start in range(0, longest, piece or longest):
        end = min(start + (piece or longest), longest)
        with torch.inference_mode():
            hidden, state, _ = model.read(ids[:, start:end].to(model.device), state)
            for row, example in enumerate(examples):
                at = places(example)
                kept[row].append(hidden[row, at[(at >= start) & (at < end)] - start])
        yield len(examples) * (end - start)
    with torch.inference_mode():
        return [said(model, torch.cat(kept[row]), example) for row, example in enumerate(examples)]


def finished(steps: Generator[object, None, T]) -> T:
    """What a generator returns at its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value


def places(example: Example) -> NDArray[np.int64]:
    """The tokens at whose ends the answer's are foretold."""
    return np.flatnonzero(example.tags == Tag.ANSWER) - 1


def said(model: TitansLM, hidden: Tensor, example: Example) -> Said:
    """What is answered, from hidden [answer tokens, width]."""
    logits = model.predict(hidden).float().cpu()
    target = torch.from_numpy(example.ids[example.tags == Tag.ANSWER])
    logs = logits.log_softmax(-1).gather(-1, target[:, None])[:-1]
    return Said(all_right(logits.argmax(-1).numpy(), example), float(logs.double().sum().exp()))


def all_right(guess: NDArray[np.int64], example: Example) -> bool:
    """Every token of the answer foretold: ``guess`` holds one for each."""
    return bool((guess == example.ids[example.tags == Tag.ANSWER]).all())


def margin(right: float, asked: int) -> float:
    """Half the width of a share's 95 % Wilson interval."""
    p, n, z = right / asked, asked, 1.96
    return z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
