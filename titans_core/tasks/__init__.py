"""A story world: documents made from a seed, every token tagged, every answer told before it is asked."""

from titans_core.tasks.corpus import corpus
from titans_core.tasks.document import Example, Tag
from titans_core.tasks.facts import ALL_KINDS, MAIN_KINDS, Fact, Kind
from titans_core.tasks.haystack import filler
from titans_core.tasks.needle import needle
from titans_core.tasks.story import UPDATES, Batch, batch, story

__all__ = [
    "ALL_KINDS",
    "Batch",
    "Example",
    "Fact",
    "Kind",
    "MAIN_KINDS",
    "Tag",
    "UPDATES",
    "batch",
    "corpus",
    "filler",
    "needle",
    "story",
]
