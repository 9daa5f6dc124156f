"""What is measured of deeper memories: recall and time by length, and whether they still learn."""

from __future__ import annotations

import statistics
import time
from typing import Final

import torch

from titans_core.evaluate.recall import Probe
from titans_core.evaluate.suite import SEED
from titans_core.model import TitansLM
from titans_core.stream import Stream
from titans_core.tables.entry import LMM
from titans_core.tables.needles import ASKED, LENGTHS, Row, filler_ids, share

TURNS: Final[int] = 9  # of a measured time
PIECE: Final[int] = 128  # tokens


def lengths(model: TitansLM) -> list[Row]:
    """By length: recall, how many times as long as with a linear memory it takes to read, and what is left of
    the surprise at filler."""
    recalls = [share(model, {"task": "recall", "length": n}, [Probe(8, n)], ASKED) for n in LENGTHS]
    times = [{"task": "time", "length": n, "value": times_as_long(model, n)} for n in LENGTHS]
    return recalls + times + surprise_left(model)


def surprise_left(model: TitansLM) -> list[Row]:
    """The mean surprise of a layer's heads at the last PIECE tokens of so much filler, beside that at the
    first ones, in the layer where least is left: a memory that is never surprised learns nothing more."""
    surprise = Stream(model).feed(filler_ids(LENGTHS[-1]))["surprise"].mean(2)  # [T, layers]
    first = surprise[:PIECE].mean(0)
    return [
        {
            "task": "surprise left",
            "length": n,
            "value": float((surprise[n - PIECE : n].mean(0) / first).min()),
        }
        for n in LENGTHS
    ]


@torch.inference_mode()
def times_as_long(model: TitansLM, length: int) -> float:
    """A reading's time beside that of a model with a linear memory: medians of turns taken one after
    another, on a processor of its time alone, since a machine is not equally busy at all times."""
    clock = time.perf_counter if model.device.type == "cuda" else time.process_time
    linear = TitansLM(LMM.recipe(SEED).model).to(model.device).eval()
    ids = torch.arange(length, device=model.device)[None] % model.config.vocab_size
    taken: dict[TitansLM, list[float]] = {model: [], linear: []}
    for turn in range(TURNS):
        for one in (model, linear)[:: 1 - 2 * (turn % 2)]:
            done(model.device)
            begun = clock()
            one(ids)
            done(model.device)
            taken[one].append(clock() - begun)
    return round(statistics.median(taken[model]) / statistics.median(taken[linear]), 3)


def done(device: torch.device) -> None:
    """Wait until all that was begun on a card is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
