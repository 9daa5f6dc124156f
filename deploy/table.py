"""The table of settings in `deploy/README.md`, from the settings themselves.

python -m deploy.table      writes it anew
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from app.settings import PREFIX, Settings
from benchmarks.machine import RESULTS
from benchmarks.report_speed import machine

README: Final[Path] = Path(__file__).resolve().parent / "README.md"
SETTINGS: Final[str] = "settings"
IMAGE: Final[str] = "image"
FOLDER: Final[str] = (
    "`~/.local/state/titans-lab`"  # what is made where the lab starts, not where this is written
)


def table() -> str:
    """Every setting: its variable, its default, what it is."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | what it is |", "| --- | --- | --- |", *rows])


def measured() -> str:
    """How large the image is, and how soon it answers."""
    result = json.loads((RESULTS / "image.json").read_text("utf-8"))
    found = result["image"]
    starts, stops = found["seconds_to_healthy"], found["seconds_to_stop"]
    return (
        f"Measured ({machine(result)}; {found['engine']}): the image for processors takes "
        f"{found['megabytes_unpacked']:,} MB unpacked and has neither CUDA nor Triton; it is healthy after "
        f"{min(starts):.1f} to {max(starts):.1f} s, and ends within {max(stops):.1f} s of being asked to."
    )


def default(field: FieldInfo) -> str:
    """A setting's default, for people; – where nothing is set."""
    if field.default_factory is not None:
        return FOLDER
    if field.default is None:
        return "–"
    return f"{field.default:,}" if isinstance(field.default, int) else f"{field.default}"


def written(readme: str) -> str:
    """``readme`` with both as they are now. Raises ValueError where it has no place for one."""
    for name, content in ((SETTINGS, table()), (IMAGE, measured())):
        begin, end = f"<!-- {name}: begin, written by python -m deploy.table -->", f"<!-- {name}: end -->"
        if readme.count(begin) != 1 or not 0 < readme.find(begin) < readme.find(end):
            raise ValueError(f"no place to write to: {begin} and, after it, {end}.")
        before, _, rest = readme.partition(begin)
        readme = f"{before}{begin}\n{content}\n{end}{rest.partition(end)[2]}"
    return readme


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), encoding="utf-8")
