"""Claims about deploy/README.md: its table is the settings, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.settings import Settings
from deploy.table import README, default, written

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = README.read_text("utf-8")


def test_its_table_is_the_settings_and_its_figures_are_the_measured() -> None:
    assert written(TEXT) == TEXT, "run `python -m deploy.table`"
    for name, field in Settings.model_fields.items():
        assert f"| `TITANS_{name.upper()}` | {default(field)} | {field.description} |" in TEXT


def test_a_readme_without_a_place_for_them_says_so() -> None:
    for broken in ("# Deploy\n", TEXT + TEXT, TEXT.replace("<!-- image: end -->", "")):
        with pytest.raises(ValueError, match="no place"):
            written(broken)


def test_every_file_that_is_named_is_there() -> None:
    names = re.findall(r"`((?:deploy|benchmarks|tests|app)/[\w./-]*)`", TEXT)
    assert len(names) > 8
    for name in names:
        assert (ROOT / name).exists() or name == "deploy/.env", name


def test_every_variable_that_is_named_is_a_setting() -> None:
    named = {name.lower() for name in re.findall(r"TITANS_([A-Z_]+)", TEXT)}
    assert named <= set(Settings.model_fields)


def test_both_readmes_start_one_container_alike() -> None:
    start = re.compile(r"^docker run .*$", re.MULTILINE)
    (line,) = start.findall((ROOT / "README.md").read_text("utf-8"))
    assert line in start.findall(TEXT)
    assert "--read-only" in line and ":/data" in line
