"""The table of settings in `deploy/README.md`, from the settings themselves.

python -m deploy.table      writes it anew
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from app.settings import PREFIX, Settings

README: Final[Path] = Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- settings: begin, written by python -m deploy.table -->", "<!-- settings: end -->"
MARKED: Final[re.Pattern[str]] = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.DOTALL)
FOLDER: Final[str] = (
    "`~/.local/state/titans-lab`"  # what is made where the lab starts, not where this is written
)


def table() -> str:
    """Every setting: its variable, its default, what it is."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join([BEGIN, "| variable | default | what it is |", "| --- | --- | --- |", *rows, END])


def default(field: FieldInfo) -> str:
    """A setting's default, for people; – where nothing is set."""
    if field.default_factory is not None:
        return FOLDER
    if field.default is None:
        return "–"
    return f"{field.default:,}" if isinstance(field.default, int) else f"{field.default}"


def written(readme: str) -> str:
    """``readme`` with the table as it is now. Raises ValueError where it has no place for it."""
    text, places = MARKED.subn(lambda _: table(), readme)
    if places != 1:
        raise ValueError(f"the table has no place to be written to: {BEGIN!r} to {END!r}, once.")
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), encoding="utf-8")
