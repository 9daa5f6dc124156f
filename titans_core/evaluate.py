"""What a checkpoint remembers, measured on stories that training never saw."""

from __future__ import annotations

import math
import random
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from titans_core.model import TitansLM
from titans_core.tasks import Example, needle
from titans_core.tokenizer import Tokenizer
from titans_core.wipe import without_memory

SEED = 1  # of the evaluation, whose stories are drawn apart from training's


class Cell(NamedTuple):
    """Answers right out of those asked: ``facts`` told, the question ``distance`` tokens after the fact."""

    facts: int
    distance: int
    right: int
    asked: int

    @property
    def recall(self) -> float:
        """Share of right answers."""
        return self.right / self.asked

    @property
    def margin(self) -> float:
        """Half the 95 % Wilson interval's width."""
        p, n, z = self.recall, self.asked, 1.96
        return z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)


def recall(
    model: TitansLM,
    facts: tuple[int, ...],
    distances: tuple[int, ...],
    asked: int = 100,
    seed: int = SEED,
    wipe: bool = False,
    progress: bool = True,
) -> list[Cell]:
    """Needle stories: ``facts`` facts, filler until ``distance`` tokens after one of them, then its question.

    An answer counts where every token of the value is the likeliest (greedy decoding). ``wipe=True`` clears
    the memory before the question's last token, as the without-memory control.
    """
    tokenizer = Tokenizer.load()
    cells = [(f, d) for f in facts for d in distances]
    found = []
    for count, distance in tqdm(cells, desc=f"recall of {model.name}", unit="cell", disable=not progress):
        right = 0
        for start in range(0, asked, 25):
            rngs = [
                random.Random(f"evaluation {seed} {count} {distance} {i}")
                for i in range(start, min(start + 25, asked))
            ]
            right += int(
                sum(answered(model, [needle(rng, tokenizer, count, distance) for rng in rngs], wipe))
            )
        found.append(Cell(count, distance, right, asked))
    return found


@torch.inference_mode()
def answered(model: TitansLM, examples: list[Example], wipe: bool = False) -> list[bool]:
    """Whether each example's answer is decoded right. Shorter ones are padded at the end, where nothing
    looks back."""
    if wipe:
        return [answered_without(model, example) for example in examples]
    longest = max(len(e.ids) for e in examples)
    ids = np.stack([np.pad(e.ids, (0, longest - len(e.ids))) for e in examples])
    guess = model(torch.from_numpy(ids).to(model.device)).logits.argmax(-1).cpu().numpy()
    return [all_right(guess[row], example) for row, example in enumerate(examples)]


def answered_without(model: TitansLM, example: Example) -> bool:
    """The same with the memory at M₀ when the answer begins."""
    first = int(np.flatnonzero(example.distance)[0])
    ids = torch.from_numpy(example.ids[None]).to(model.device)
    state = without_memory(model, model(ids[:, : first - 1]).state)
    guess = model(ids[:, first - 1 :], state).logits.argmax(-1)[0].cpu().numpy()
    return all_right(np.concatenate([np.zeros(first - 1, dtype=guess.dtype), guess]), example)


def all_right(guess: np.ndarray[Any, Any], example: Example) -> bool:
    """Every token of the value foretold; guess[t] is the prediction of token t + 1."""
    at = np.flatnonzero(example.distance)
    return bool((guess[at - 1] == example.ids[at]).all())


def report(model: TitansLM, asked: int = 100) -> dict[str, Any]:
    """The scores half of the model card: recall by facts and distance, and with the memory wiped."""
    window = model.config.window
    far = 8 * window
    return {
        "window": window,
        "asked": asked,
        "seed": SEED,
        "recall": [row(c) for c in recall(model, (1, 6), (2 * window, far, 4 * far), asked)],
        "recall_wiped": [row(c) for c in recall(model, (1,), (far,), asked, wipe=True)]
        if model.has_memory
        else [],
    }


def row(cell: Cell) -> dict[str, float]:
    """A cell as JSON."""
    return {**cell._asdict(), "recall": round(cell.recall, 4), "margin": round(cell.margin, 4)}
