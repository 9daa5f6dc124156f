"""The Family page without a browser: relatives side by side, their switches, tables as their files tell."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import models
from app.family import tables
from titans_core.family import FAMILY
from titans_core.tables import SUITES, path_of, read_results
from titans_core.tables.directions import DIRECTIONS, UNKNOWN, directions
from titans_core.tables.summary import Place, scores, wilson
from titans_core.tables.words import figure

PAGE = Path(__file__).parents[2] / "app" / "views" / "family.py"


TOLD = {"tokens": 1000, "seconds": 120, "parameters": 9, "device": "a processor", "torch": "2.0"}
MADE = TOLD | {"recipe": {}}


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
    """All of it, a command in one piece and not word by word, and a number's ends beside it."""
    told = " ".join(element.value for element in (*page.markdown, *page.caption)) + " ".join(
        element.proto.body for element in page.get("html")
    )
    return re.sub("</?span[^>]*>", "", told.replace("` `", " "))


@cache
def shipped() -> str:
    """What the page tells of all the tables that are shipped."""
    return text(shown("Tables"))


def result(model: str, seed: int, right: int) -> dict[str, Any]:
    rows = [
        {"task": task, "length": length, "right": right, "asked": 60}
        for task in ("passkey", "number", "word")
        for length in (512, 4096)
    ]
    return {"model": model, "seed": seed, **MADE, "rows": rows}


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
    results = [result("lmm", 1, 56), result("lmm", 2, 58), result("ttt-linear", 1, 6)]
    (folder / "niah.json").write_text(json.dumps({"results": results}))
    told = text(shown("Tables"))
    found = scores(results)
    lmm, ttt = (found[model, Place("number", 4096)] for model in ("lmm", "ttt-linear"))
    for (mean, low, high), paper in ((lmm, 80.2), (ttt, 4.4)):  # its number at eight times the length
        assert f"{100 * mean:.0f} [{100 * low:.0f}–{100 * high:.0f}] ({paper})" in told
    assert "Titans (LMM) over TTT-Linear" in told and "the same way" in told
    assert "3 trainings of 0.0 M tokens, 9 parameters, 2 to 2 minutes each on a processor" in told
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


@pytest.mark.parametrize("name", [name for name in SUITES if path_of(name).is_file()])
def test_a_shipped_table_is_shown_whole(name: str) -> None:
    """Every model's figure at every place, and every difference that the paper has."""
    results = read_results(path_of(name))
    for (model, place), one in scores(results).items():
        assert figure(SUITES[name], model, place, one) in shipped()
    judged = directions(results, DIRECTIONS[name]()) if name in DIRECTIONS else []
    assert all(f">{one.verdict}<" in shipped() for one in judged)


def test_a_columns_head_tells_which_length_the_papers_figures_are_of() -> None:
    for ours, papers in (("512", "2K"), ("1,024", "4K"), ("2,048", "8K"), ("4,096", "16K")):
        assert f">{ours} tokens ({papers})</th>" in shipped()


def test_a_caption_calls_only_shares_shares() -> None:
    assert "What each part brings, recall and long recall in percent;" in shipped()
    assert "What filler does to a memory, shares in percent;" in shipped()


def test_times_pairs_and_guesses_are_called_what_they_are(folder: Path) -> None:
    rows = {
        "depth": {"lmm-blocks": 1.0, "lmm-2": 2.5, "lmm-3": 3.5},
        "mqar": {"deltanet-mqar": 60, "mamba2-mqar": 6},
        "babilong": {"lmm-babi": 30},
    }
    make = {
        "depth": lambda value: [{"task": "time", "length": n, "value": value} for n in (512, 4096)],
        "mqar": lambda right: [
            {"task": "recall", "pairs": n, "length": 512, "right": right, "asked": 60} for n in (32, 64)
        ],
        "babilong": lambda right: [
            {"task": "1 fact", "length": n, "right": right, "asked": 60, "guess": 12} for n in (256, 2048)
        ],
    }
    for name, scored in rows.items():
        results = [{"model": m, "seed": 1, **MADE, "rows": make[name](value)} for m, value in scored.items()]
        (folder / f"{name}.json").write_text(json.dumps({"results": results}))
    told = text(shown("Tables"))
    assert "time, times a linear memory’s" in told and ">2.50<" in told and "+1.50" in told
    assert "32 pairs" in told and "DeltaNet over Mamba-2" in told
    low, high = wilson(0.2, 60)
    assert "a guess" in told and f">20 [{100 * low:.0f}–{100 * high:.0f}]<" in told
    assert told.count(">the same way<") == 2
    assert told.count(f">{UNKNOWN}<") == 2  # times
    assert "[-inf" not in told
