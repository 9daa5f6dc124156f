"""Which tables there are: the models of each, and what they are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from titans_core.config import MemoryConfig
from titans_core.evaluate.reading import perplexity
from titans_core.evaluate.recall import Probe
from titans_core.evaluate.suite import SEED
from titans_core.model import TitansLM
from titans_core.tables import asked
from titans_core.tables.depths import lengths
from titans_core.tables.entry import LMM, VARIANTS, Entry, relative, trained_on
from titans_core.tables.filler import filler
from titans_core.tables.needles import ASKED, LENGTHS, TRAINED_AT, Row, niah, share

STORIES: Final[int] = 25  # of a perplexity
BLOCK: Final[int] = 8  # tokens that a deep memory takes its gradients for together


@dataclass(frozen=True)
class Suite:
    """A table: ``entries`` are trained with every seed and ``measured``; ``source`` says what of
    the paper it repeats."""

    name: str
    title: str
    source: str
    entries: tuple[Entry, ...]
    measured: Callable[[TitansLM], list[Row]]

    def chosen(self, names: Sequence[str]) -> tuple[Entry, ...]:
        """The entries of these names; all where none is given. Raises ValueError for an unknown one."""
        known = {entry.name: entry for entry in self.entries}
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"the suite {self.name} has no model {unknown[0]!r}: take {', '.join(known)}")
        return tuple(known[name] for name in dict.fromkeys(names)) if names else self.entries


def abilities(model: TitansLM) -> list[Row]:
    """What the paper's ablation measures, as far as small models can be asked: perplexity, facts within the
    training's length, and facts far beyond it; and how well answers alone are foretold."""
    perplexities = perplexity(model, STORIES, SEED)
    return [
        {"task": "perplexity", "value": perplexities["all tokens"]},
        {"task": "perplexity of answers", "value": perplexities["answers"]},
        share(model, {"task": "recall", "length": TRAINED_AT}, [Probe(8, TRAINED_AT)], 2 * ASKED),
        share(model, {"task": "long recall", "length": LENGTHS[-1]}, [Probe(8, LENGTHS[-1])], ASKED),
    ]


def deep(depth: int) -> Entry:
    """Titans with a memory of so many layers."""
    memory = MemoryConfig(depth=depth, hidden=64, block_size=BLOCK, chunk_size=BLOCK)
    return Entry(f"lmm-{depth}", f"LMM, {depth} layers", memory=memory)


BY_BLOCKS: Final[Entry] = Entry(  # as deep ones take their gradients
    "lmm-blocks", "LMM, a matrix, by blocks of 8", memory=MemoryConfig(block_size=BLOCK, chunk_size=BLOCK)
)
NIAH: Final[tuple[Entry, ...]] = (
    *map(relative, ("mamba2", "deltanet", "gated-deltanet", "ttt-linear")),
    LMM,
    *VARIANTS,
)
SUITES: Final[dict[str, Suite]] = {
    suite.name: suite
    for suite in (
        Suite("niah", "A needle in a haystack", "after the paper's table 2, S-NIAH", NIAH, niah),
        Suite("filler", "What filler does to a memory", "looking into the paper's table 2", NIAH, filler),
        Suite(
            "ablation",
            "What each part brings",
            "after the paper's table 5",
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
        Suite(
            "depth",
            "Deeper memories",
            "after the paper's figures 7 and 8",
            (LMM, BY_BLOCKS, *map(deep, (2, 3, 4))),
            lengths,
        ),
        Suite(
            "babilong",
            "Questions over one to three facts",
            "after the paper's figure 6, BABILong",
            trained_on("babi", (LMM, *VARIANTS, *map(relative, ("deltanet", "gated-deltanet")))),
            asked.facts,
        ),
        Suite(
            "mqar",
            "Many pairs at once",
            "after MQAR of Arora et al. 2023",
            trained_on("mqar", (*map(relative, ("mamba2", "deltanet", "gated-deltanet", "ttt-linear")), LMM)),
            asked.pairs,
        ),
    )
}
