"""The map of a needle: how often a fact is found by where it stands and how long its haystack is."""

from titans_core.sweep.measure import Found, Step, alone
from titans_core.sweep.plan import Cell, Haystack, Plan
from titans_core.sweep.report import as_table, read_haystack, report
from titans_core.sweep.spread import over_processes, over_ray

__all__ = [
    "Cell",
    "Found",
    "Haystack",
    "Plan",
    "Step",
    "alone",
    "as_table",
    "over_processes",
    "over_ray",
    "read_haystack",
    "report",
]
