"""What models are asked that are trained on questions or on pairs: the rows of BABILong and of MQAR."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

import numpy as np
import torch

from titans_core.evaluate.recall import TOKENS_AT_ONCE, answered, groups
from titans_core.evaluate.suite import SEED
from titans_core.model import TitansLM
from titans_core.tasks import Example, Tag
from titans_core.tasks.babi import babi
from titans_core.tasks.mqar import mqar
from titans_core.tokenizer import Tokenizer

FACTS: Final[tuple[int, ...]] = (1, 2, 3)
LENGTHS: Final[tuple[int, ...]] = (256, 512, 1024, 2048)  # of stories; the longest of training has 256 tokens
STORIES: Final[int] = 60  # a cell
PAIRS: Final[tuple[int, ...]] = (4, 8, 16, 32, 64)  # at most 32 in training
PAIRS_LENGTH: Final[int] = 512
QUERIES: Final[int] = 512  # a cell


def facts(model: TitansLM) -> list[dict[str, Any]]:
    """Right answers to questions that need one, two and three facts, by the story's length; ``guess``: of
    whoever answers with the place that was told last."""
    return [questions(model, needed, length) for needed in FACTS for length in LENGTHS]


def questions(model: TitansLM, needed: int, length: int) -> dict[str, Any]:
    """One cell: stories that are no training's."""
    tokenizer = Tokenizer.load()
    right = guessed = 0
    for numbers in groups(STORIES, TOKENS_AT_ONCE // length):
        rngs = [Random(f"evaluation {SEED} {needed} {length} {number}") for number in numbers]
        examples = [babi(rng, tokenizer, length, needed) for rng in rngs]
        right += sum(answered(model, examples))
        guessed += sum(map(told_last, examples))
    task = f"{needed} fact{'s' * (needed > 1)}"
    return {"task": task, "length": length, "right": right, "asked": STORIES, "guess": guessed}


def told_last(example: Example) -> bool:
    """Whether the answer is the last place that anybody went to."""
    places = example.ids[np.isin(example.tags, (Tag.VALUE, Tag.UPDATE_VALUE))]
    return bool(places[-1] == example.ids[example.answer_start])


def pairs(model: TitansLM) -> list[dict[str, Any]]:
    """Right answers, of all queries, by the number of pairs."""
    tokenizer, rows = Tokenizer.load(), []
    for count in PAIRS:
        rngs = [Random(f"evaluation {SEED} {count} {number}") for number in range(QUERIES // count)]
        right = 0
        for numbers in groups(len(rngs), TOKENS_AT_ONCE // PAIRS_LENGTH):
            right += values_right(model, [mqar(rngs[i], tokenizer, PAIRS_LENGTH, count) for i in numbers])
        rows.append({"task": f"{count} pairs", "length": PAIRS_LENGTH, "right": right, "asked": QUERIES})
    return rows


@torch.inference_mode()
def values_right(model: TitansLM, examples: Sequence[Example]) -> int:
    """How many of the answers' tokens are foretold, in examples of one length."""
    ids = torch.from_numpy(np.stack([example.ids for example in examples])).to(model.device)
    asked = torch.from_numpy(np.stack([example.tags for example in examples]) == Tag.ANSWER)[:, 1:]
    hidden, _, _ = model.read(ids)
    guess = model.predict(hidden[:, :-1][asked.to(hidden.device)]).argmax(-1)
    return int((guess == ids[:, 1:][asked.to(ids.device)]).sum())
