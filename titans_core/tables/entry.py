"""One model of a table: how its recipe differs from that of all, a file in ``configs/tables``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from titans_core.config import MemoryConfig, Variant
from titans_core.family import FAMILY
from titans_core.places import CONFIGS
from titans_core.recipe import TrainConfig, read_config
from titans_core.tokenizer import Tokenizer

RECIPES: Final[Path] = CONFIGS / "tables"
FEED_FORWARD: Final[dict[Variant, int]] = {"lmm": 407, "mac": 192, "mag": 192, "mal": 236}  # equal parameters


@dataclass(frozen=True)
class Entry:
    """A model that is trained for a table, by ``base``, one of RECIPES. What it is called is also the name of
    its checkpoints."""

    name: str
    title: str
    variant: Variant = "lmm"
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    persistent: int = 4
    base: str = "stories"

    def recipe(self, seed: int) -> TrainConfig:
        """What it is trained by, from this seed."""
        base = read_config(RECIPES / f"{self.base}.toml", Tokenizer.load().vocab_size)
        model = replace(
            base.model,
            variant=self.variant,
            feed_forward=FEED_FORWARD[self.variant],
            memory=self.memory,
            persistent=self.persistent,
        )
        return replace(base, seed=seed, model=model)


def relative(name: str) -> Entry:
    """A member of the family, as it is trained for the tables."""
    return Entry(name, FAMILY[name].title, memory=FAMILY[name].memory)


LMM: Final[Entry] = Entry("lmm", "Titans (LMM)")
VARIANTS: Final[tuple[Entry, ...]] = (
    Entry("mac", "Titans (MAC)", "mac"),
    Entry("mag", "Titans (MAG)", "mag"),
    Entry("mal", "Titans (MAL)", "mal"),
)


def trained_on(base: str, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The same models, by another recipe, which their names tell."""
    return tuple(replace(entry, name=f"{entry.name}-{base}", base=base) for entry in entries)
