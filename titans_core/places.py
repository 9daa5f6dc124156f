"""Where what is shipped stands: in a checkout beside the packages, when installed inside this package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HERE: Final[Path] = Path(__file__).resolve().parent


def place(name: str) -> Path:
    """The folder that a checkout calls ``name``: ``assets``, ``configs``."""
    installed = HERE / name
    return installed if installed.is_dir() else HERE.parent / name


ASSETS: Final[Path] = place("assets")
CONFIGS: Final[Path] = place("configs")
