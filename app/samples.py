"""The sample texts in ``assets/texts``."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "texts"


def titles() -> list[str]:
    """The samples' titles, in the order of their files' names."""
    return [title(path) for path in sorted(FOLDER.glob("*.txt"))]


def text(name: str) -> str:
    """The text of the sample with this title. Raises KeyError where there is none."""
    return {title(path): path for path in FOLDER.glob("*.txt")}[name].read_text(encoding="utf-8").rstrip("\n")


def title(path: Path) -> str:
    """``the-red-key.txt`` is titled “The red key”."""
    return path.stem.replace("-", " ").capitalize()
