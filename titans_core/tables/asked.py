"""What models are asked that are trained on questions or on pairs: the rows of BABILong and of MQAR."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from titans_core.evaluate.recall import TOKENS_AT_ONCE, answered, groups
from titans_core.evaluate.suite import SEED
from titans_core.model import TitansLM
from titans_core.tasks import Example, Tag
from titans_core.tasks.babi import babi
from titans_core.tasks.mqar import mqar
from titans_core.tokenizer import Tokenizer

FACTS: Final[dict[str, tuple[int, bool]]] = {  # how many, and whether about what was carried on since
    "1 fact": (1, False),
    "2 facts": (2, False),
    "2 facts, carried on": (2, True),
    "3 facts": (3, False),
}
LENGTHS: Final[tuple[int, ...]] = (256, 512, 1024, 2048)  # of stories; the longest of training has 256 tokens
STORIES: Final[int] = 60  # a cell
PAIRS: Final[tuple[int, ...]] = (4, 8, 16, 32, 48, 64)  # at most 32 in training
PAIRS_LENGTH: Final[int] = 512
QUERIES: Final[int] = 512  # a cell


def facts(model: TitansLM) -> list[dict[str, Any]]:
    """Right answers to questions that need one, two and three facts, by the story's length; ``guess``: of
    whoever answers with the place that was told last."""
    return [questions(model, task, length) for task in FACTS for length in LENGTHS]


def questions(model: TitansLM, task: str, length: int) -> dict[str, Any]:
    """One cell: stories that are no training's."""
    needed, carried_on = FACTS[task]
    tokenizer = Tokenizer.load()
    right = guessed = 0
    for numbers in groups(STORIES, TOKENS_AT_ONCE // length):
        rngs = [Random(f"evaluation {SEED} {needed} {length} {number}") for number in numbers]
        examples = [babi(rng, tokenizer, length, needed, carried_on=carried_on) for rng in rngs]
        right += sum(answered(model, examples))
        guessed += sum(map(told_last, examples))
    return {"task": task, "length": length, "right": right, "asked": STORIES, "guess": guessed}


def told_last(example: Example) -> bool:
    """Whether the answer is the last place that anybody went to."""
    places = example.ids[np.isin(example.tags, (Tag.VALUE, Tag.UPDATE_VALUE))]
    return bool(places[-1] == example.ids[example.answer_start])


def pairs(model: TitansLM) -> list[dict[str, Any]]:
    """Right answers, of all queries, by the number of pairs; of the most pairs also what of the quarter that
    was told first and of the one told last is known."""
    rows = []
    for count in PAIRS:
        right, quarter = pairs_right(model, count), count // 4
        parts = {"recall": right}
        if count == PAIRS[-1]:
            parts |= {"first quarter told": right[:, :quarter], "last quarter told": right[:, -quarter:]}
        about = {"pairs": count, "length": PAIRS_LENGTH}
        rows += [
            {"task": task, **about, "right": int(part.sum()), "asked": part.size}
            for task, part in parts.items()
        ]
    return rows


@torch.inference_mode()
def pairs_right(model: TitansLM, count: int) -> NDArray[np.bool_]:
    """[stories, pairs]: whether each pair's value is foretold where its key is asked, in the order in which
    the pairs were told."""
    tokenizer, rows = Tokenizer.load(), []
    for numbers in groups(QUERIES // count, TOKENS_AT_ONCE // PAIRS_LENGTH):
        rngs = [Random(f"evaluation {SEED} {count} {number}") for number in numbers]
        examples = [mqar(rng, tokenizer, PAIRS_LENGTH, count) for rng in rngs]
        ids = torch.from_numpy(np.stack([example.ids for example in examples])).to(model.device)
        hidden, _, _ = model.read(ids)
        for row, example in zip(hidden, examples, strict=True):
            at = np.flatnonzero(example.tags == Tag.ANSWER)
            at = at[np.argsort(at - example.distance[at])]
            guess = model.predict(row[at - 1]).argmax(-1).cpu().numpy()
            rows.append(guess == example.ids[at])
    return np.stack(rows)
