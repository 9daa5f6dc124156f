"""What filler does to a memory: why a needle is lost, which of a memory's parts had to do with it, and what
of a needle that was lost is still known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import Tensor

from titans_core.evaluate.answers import all_right, places, said
from titans_core.evaluate.reading import by_mention
from titans_core.evaluate.recall import Probe
from titans_core.evaluate.suite import SEED
from titans_core.model import ModelState, TitansLM
from titans_core.override import Override, edits
from titans_core.stream import Stream
from titans_core.tables.needles import ASKED, LENGTHS, NEEDLES, Row, at_depths, filler_ids, share
from titans_core.tasks import Example, Tag

LENGTH: Final[int] = LENGTHS[-1]
KIND, HAYSTACK = NEEDLES["number"]  # the needle that most of this is measured on
PASSKEY, REPEATED = NEEDLES["passkey"]
STORIES: Final[int] = 20  # whose gates are looked at
KEPT: Final[int] = 1000  # tokens of filler
MOST: Final[float] = 0.9
OTHERS: Final[dict[str, str]] = {  # what the needle is hidden in instead; two of these no training had
    "repeated sentences": REPEATED,
    "prose of other words": "unseen",
    "words in no order": "words",
}


def filler(model: TitansLM) -> list[Row]:
    """The number hidden at five depths of 4,096 tokens: as it is, without a part of the memory, with filler
    that is not written, and in other filler; before these what the gates do while filler is read, and after
    them the passkey, its end aside, and in the number's filler."""
    memory = model.config.memory
    parts = {"no forgetting": memory.forgetting != "none", "no momentum": memory.eta_max > 0}
    probes = at_depths(LENGTH, KIND, HAYSTACK)
    each = ASKED // len(probes)
    write = by_mention(model, STORIES, SEED)["write"]
    return [
        {"task": "write of filler beside a fact's", "value": write["filler"] / write["first"]},
        {"task": f"heads that keep nine tenths over {KEPT:,} tokens of filler", "value": keeping(model)},
        share(model, {"task": "number"}, probes, each),
        *(
            share(model, {"task": f"with {part}"}, [replace(probe, ablation=part) for probe in probes], each)
            for part, there in parts.items()
            if there
        ),
        unwritten(model, probes, each),
        *(
            share(model, {"task": f"in {title}"}, at_depths(LENGTH, KIND, haystack), each)
            for title, haystack in OTHERS.items()
        ),
        *digits(model, at_depths(LENGTH, PASSKEY, REPEATED), each),
        share(model, {"task": "passkey in mixed prose"}, at_depths(LENGTH, PASSKEY, HAYSTACK), each),
    ]


def keeping(model: TitansLM) -> float:
    """The share of all layers' heads that forgetting alone leaves at least MOST of what was written before
    KEPT tokens of filler: Π (1 − α)."""
    alpha = Stream(model).feed(filler_ids(KEPT))["alpha"].astype(np.float64)  # [T, layers, heads]
    return float((np.prod(1 - alpha, axis=0) >= MOST).mean())


def unwritten(model: TitansLM, probes: Sequence[Probe], each: int) -> Row:
    """How often the answers are right where filler is read and never written: what the writing of filler
    costs."""
    right = sum(
        said(model, only_facts(model, example)[places(example)], example).right
        for example in stories(probes, each)
    )
    return {"task": "filler not written", "right": right, "asked": each * len(probes)}


@torch.inference_mode()
def digits(model: TitansLM, probes: Sequence[Probe], each: int) -> list[Row]:
    """How often the answers are right, and how often all of them but their end is: an answer that goes on
    where it should end is wrong."""
    right = begun = 0
    for example in stories(probes, each):
        hidden, _, _ = model.read(torch.from_numpy(example.ids[None]).to(model.device))
        guess = model.predict(hidden[0, places(example)]).argmax(-1).cpu().numpy()
        target = example.ids[example.tags == Tag.ANSWER]
        right += all_right(guess, example)
        begun += bool((guess[:-1] == target[:-1]).all())
    told = {"passkey": right, "passkey, its end aside": begun}
    return [{"task": task, "right": count, "asked": each * len(probes)} for task, count in told.items()]


def stories(probes: Sequence[Probe], each: int) -> Iterator[Example]:
    """Those in which `recall` asks."""
    return (probe.story(number, SEED) for probe in probes for number in range(each))


@torch.inference_mode()
def only_facts(model: TitansLM, example: Example) -> Tensor:
    """Hidden [T, width] of who reads all and writes everything but filler."""
    frozen = edits([Override(0, write=False)], 0, model.config, model.device)
    ids = torch.from_numpy(example.ids[None]).to(model.device)
    filled = example.tags == Tag.FILLER
    borders = [0, *(np.flatnonzero(np.diff(filled)) + 1).tolist(), len(filled)]
    state: ModelState | None = None
    parts = []
    for start, end in pairwise(borders):
        hidden, state, _ = model.read(ids[:, start:end], state, edits=frozen if filled[start] else None)
        parts.append(hidden[0])
    return torch.cat(parts)
