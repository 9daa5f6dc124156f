"""Which tables there are: the models of each, and what they are asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch

from titans_core.config import MemoryConfig
from titans_core.evaluate.reading import perplexity
from titans_core.evaluate.recall import Probe, recall
from titans_core.evaluate.suite import SEED
from titans_core.model import TitansLM
from titans_core.tables import asked
from titans_core.tables.entry import LMM, VARIANTS, Entry, relative, trained_on

TRAINED_AT: Final[int] = 512  # tokens, the longest of training
LENGTHS: Final[tuple[int, ...]] = tuple(TRAINED_AT * times for times in (1, 2, 4, 8))
DEPTHS: Final[tuple[float, ...]] = (0.1, 0.3, 0.5, 0.7, 0.9)  # where the needle lies, as shares of the length
ASKED: Final[int] = 60  # questions a cell
STORIES: Final[int] = 25  # of a perplexity

Row = dict[str, Any]
NEEDLES: Final[dict[str, tuple[str, str]]] = {  # RULER's three: what is hidden, and in what
    "passkey": ("PASSKEY", "stock"),
    "number": ("CODE", "mixed"),
    "word": ("PASSWORD", "mixed"),
}


@dataclass(frozen=True)
class Suite:
    """A table: ``entries`` are trained with every seed and ``measured``; ``repeats`` names what of the paper
    it repeats."""

    name: str
    title: str
    repeats: str
    entries: tuple[Entry, ...]
    measured: Callable[[TitansLM], list[Row]]

    def chosen(self, names: Sequence[str]) -> tuple[Entry, ...]:
        """The entries of these names; all where none is given. Raises ValueError for an unknown one."""
        known = {entry.name: entry for entry in self.entries}
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"the suite {self.name} has no model {unknown[0]!r}: take {', '.join(known)}")
        return tuple(known[name] for name in names) if names else self.entries


def niah(model: TitansLM) -> list[Row]:
    """One needle at five depths of a text, in texts of one to eight times the training's length."""
    return [
        share(
            model, {"task": task, "length": length}, at_depths(length, kind, haystack), ASKED // len(DEPTHS)
        )
        for task, (kind, haystack) in NEEDLES.items()
        for length in LENGTHS
    ]


def at_depths(length: int, kind: str, haystack: str) -> list[Probe]:
    """A needle at every depth of a text of ``length`` tokens."""
    befores = [round(depth * length) for depth in DEPTHS]
    return [Probe(1, length - before, kind, haystack, before=before) for before in befores]


def share(model: TitansLM, about: Row, probes: Sequence[Probe], asked: int) -> Row:
    """How often the answers to all these probes together are right."""
    right = sum(recall(model, probe, asked, SEED).right for probe in probes)
    return {**about, "right": right, "asked": asked * len(probes)}


def abilities(model: TitansLM) -> list[Row]:
    """What the paper's ablation measures, as far as small models can be asked: perplexity, facts within the
    training's length, and facts far beyond it."""
    perplexities = perplexity(model, STORIES, SEED)
    return [
        {"task": "perplexity", "value": perplexities["all tokens"]},
        share(model, {"task": "recall", "length": TRAINED_AT}, [Probe(8, TRAINED_AT)], 2 * ASKED),
        share(model, {"task": "long recall", "length": LENGTHS[-1]}, [Probe(8, LENGTHS[-1])], ASKED),
    ]


def lengths(model: TitansLM) -> list[Row]:
    """Recall and pace by length."""
    return [
        {**share(model, {"task": "recall", "length": n}, [Probe(8, n)], ASKED), "pace": pace(model, n)}
        for n in LENGTHS
    ]


@torch.inference_mode()
def pace(model: TitansLM, length: int, times: int = 5) -> float:
    """Tokens a second that one text of ``length`` is read at: the median of several."""
    ids = torch.arange(length, device=model.device)[None] % model.config.vocab_size
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        model(ids)
        seconds.append(time.perf_counter() - begun)
    return round(length / sorted(seconds)[times // 2])


def deep(depth: int) -> Entry:
    """Titans with a memory of so many layers."""
    memory = MemoryConfig(depth=depth, hidden=64, block_size=8, chunk_size=8)
    return Entry(f"lmm-{depth}", f"LMM, {depth} layers", memory=memory)


SUITES: Final[dict[str, Suite]] = {
    suite.name: suite
    for suite in (
        Suite(
            "niah",
            "A needle in a haystack",
            "table 2, S-NIAH",
            (*map(relative, ("mamba2", "deltanet", "gated-deltanet", "ttt-linear")), LMM, *VARIANTS),
            niah,
        ),
        Suite(
            "ablation",
            "What each part brings",
            "table 5",
            (
                LMM,
                deep(2),
                Entry("no-convolution", "no convolution", memory=MemoryConfig(convolution=1)),
                Entry("no-momentum", "no momentum", memory=MemoryConfig(eta_max=0)),
                Entry("no-forgetting", "no forgetting", memory=MemoryConfig(forgetting="none")),
                Entry("no-persistent", "no persistent memory", persistent=0),
            ),
            abilities,
        ),
        Suite("depth", "Deeper memories", "figures 7 and 8", (LMM, *map(deep, (2, 3, 4))), lengths),
        Suite(
            "babilong",
            "Questions over one to three facts",
            "figure 6, BABILong",
            trained_on("babi", (LMM, *VARIANTS, *map(relative, ("deltanet", "gated-deltanet")))),
            asked.facts,
        ),
        Suite(
            "mqar",
            "Many pairs at once",
            "MQAR of Arora et al. 2023",
            trained_on("mqar", (*map(relative, ("mamba2", "deltanet", "gated-deltanet", "ttt-linear")), LMM)),
            asked.pairs,
        ),
    )
}
