"""What a checkpoint remembers, measured on stories that training never saw."""

from titans_core.evaluate.compare import agreement
from titans_core.evaluate.recall import Cell, Probe, answered, recall
from titans_core.evaluate.suite import SEED, report, table

__all__ = ["SEED", "Cell", "Probe", "agreement", "answered", "recall", "report", "table"]
