"""The sample texts in ``assets/texts``."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "texts"
FIRST = "the-red-key"  # what the page opens with


def titles() -> list[str]:
    """The samples' titles, the one to open with first."""
    return [title(path) for path in sorted(FOLDER.glob("*.txt"), key=lambda path: (path.stem != FIRST, path))]


def text(name: str) -> str:
    """The text of the sample with this title. Raises KeyError where there is none."""
    return {title(path): path for path in FOLDER.glob("*.txt")}[name].read_text(encoding="utf-8").rstrip("\n")


def title(path: Path) -> str:
    """``the-red-key.txt`` is titled “The red key”."""
    return path.stem.replace("-", " ").capitalize()
