"""Claims about deploy/README.md: its table is the settings, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.settings import Settings
from deploy.table import MARKED, README, table, written

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = README.read_text("utf-8")


def test_the_table_is_the_settings() -> None:
    found = MARKED.search(TEXT)
    assert found is not None and found[0] == table(), "run `python -m deploy.table`"
    for name, field in Settings.model_fields.items():
        assert f"TITANS_{name.upper()}" in found[0] and (field.description or "?") in found[0]


def test_a_table_without_its_place_says_so() -> None:
    with pytest.raises(ValueError, match="no place"):
        written("# Deploy\n")
    assert written(TEXT) == TEXT


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
