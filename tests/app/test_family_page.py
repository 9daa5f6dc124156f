"""The Family page without a browser: relatives side by side, their switches, tables as their files tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import models
from app.family import tables
from titans_core.family import FAMILY
from titans_core.tables import SUITES
from titans_core.tables.summary import score

PAGE = Path(__file__).parents[2] / "app" / "views" / "family.py"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the tables are looked for."""
    monkeypatch.setattr(tables, "path_of", lambda suite: tmp_path / f"{suite}.json")
    return tmp_path


def shown(part: str) -> AppTest:
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.query_params["family"] = part
    page.run()
    assert not page.exception
    return page


def text(page: AppTest) -> str:
    return " ".join(element.value for element in (*page.markdown, *page.caption)) + " ".join(
        element.proto.body for element in page.get("html")
    )


def result(model: str, seed: int, right: int) -> dict[str, Any]:
    rows = [
        {"task": task, "length": length, "right": right, "asked": 60}
        for task in ("passkey", "number", "word")
        for length in (512, 4096)
    ]
    about = {"tokens": 1000, "seconds": 120, "device": "a processor", "torch": "2.0"}
    return {"model": model, "seed": seed, **about, "rows": rows}


def test_every_relative_has_its_rule_and_its_source() -> None:
    told = text(shown("Switches"))
    for relative in FAMILY.values():
        assert relative.title in told and relative.rule in told and relative.source in told


def test_a_table_that_is_not_made_says_how_it_is(folder: Path) -> None:
    told = text(shown("Tables"))
    assert all(f"evaluate --suite {name}" in told for name in SUITES)


def test_a_damaged_table_costs_itself_alone(folder: Path) -> None:
    (folder / "niah.json").write_text("{}")
    page = shown("Tables")
    assert [warning.value for warning in page.warning if "niah" in warning.value]
    assert sum("Not made yet" in caption.value for caption in page.caption) == 1


def test_the_figures_are_those_of_the_file(folder: Path) -> None:
    results = [result("lmm", 1, 54), result("lmm", 2, 60), result("ttt-linear", 1, 6)]
    (folder / "niah.json").write_text(json.dumps({"results": results}))
    told = text(shown("Tables"))
    lmm = score([0.9, 1.0], 120)
    assert (
        f"{100 * lmm.mean:.0f} ± {100 * lmm.margin:.0f} (80.2)" in told
    )  # the paper's number at eight times
    assert f"10 ± {100 * score([0.1], 60).margin:.0f} (4.4)" in told
    assert "Titans (LMM) over TTT-Linear" in told and "the same way" in told
    assert "3 trainings of 0.0 M tokens, 2 to 2 minutes each on a processor" in told
    assert "still to come: Mamba-2, 1" in told


def test_the_relatives_read_side_by_side() -> None:
    names = models.relatives()
    page = shown("One playhead")
    assert list(page.button_group(key="relatives").value) == names
    comparison = page.session_state.session.held.comparison
    assert [read.stream.model.name for read in comparison.columns] == [name.split("/")[1] for name in names]
    assert comparison.complete


def test_without_its_checkpoints_the_page_says_how_to_make_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "relatives", lambda: [])
    assert "make family" in shown("One playhead").warning[0].value
