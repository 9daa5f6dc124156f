"""The shipped models by their recipes, so that one whose checkpoint is missing is known all the same."""

from __future__ import annotations

from titans_core import checkpoint
from titans_core.places import CONFIGS


def known() -> list[str]:
    """Names of the models that are shipped, and after them of those that could be."""
    return [*checkpoint.available(), *missing()]


def missing() -> list[str]:
    """Names of the models that have a recipe and no checkpoint: `make train MODEL=NAME` makes one."""
    return sorted({path.stem for path in CONFIGS.glob("*.toml")} - {*checkpoint.available()})
