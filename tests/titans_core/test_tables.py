"""Tables: what is trained and measured once is not done again, and what they say follows from their rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from titans_core.evaluate import Cell, Probe
from titans_core.recipe import Stage, TrainConfig, same_recipe
from titans_core.tables import SUITES, Suite, path_of, read_results, run_suite
from titans_core.tables import run as running
from titans_core.tables.entry import Entry
from titans_core.tables.summary import Direction, directions, score, scores

MADE = [name for name in SUITES if path_of(name).is_file()]


class Small(Entry):
    """A model of two steps."""

    def recipe(self, seed: int) -> TrainConfig:
        config = super().recipe(seed)
        model = replace(config.model, width=16, heads=2, head_width=4, layers=1, feed_forward=8)
        return replace(config, model=model, stages=(Stage(64, 2, (1,), 2),))


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Suite:
    monkeypatch.setattr(running, "RUNS", tmp_path / "runs")
    measured: list[str] = []

    def count(model: Any) -> list[dict[str, Any]]:
        measured.append(model.name)
        return [{"task": "counting", "value": len(measured)}]

    return Suite("small", "Small ones", "nothing", (Small("a", "A"), Small("b", "B")), count)


def test_a_table_is_made_once_and_goes_on_where_it_was(suite: Suite, tmp_path: Path) -> None:
    first = [(r["model"], r["seed"]) for r in run_suite(suite, ["b"], [1], tmp_path)]
    assert first == [("b", 1)]
    later = [(r["model"], r["seed"]) for r in run_suite(suite, (), [1, 2], tmp_path)]
    assert sorted(later) == [("a", 1), ("a", 2), ("b", 2)]
    kept = read_results(path_of("small", tmp_path))
    assert [(r["model"], r["seed"]) for r in kept] == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert [r["rows"][0]["value"] for r in kept] == [2, 3, 1, 4]
    assert list(run_suite(suite, (), [1, 2], tmp_path)) == []
    for result in kept:
        assert result["device"] and result["seconds"] >= 0 and result["tokens"] == 2 * 2 * 64


def test_a_model_of_another_recipe_is_measured_anew(suite: Suite, tmp_path: Path) -> None:
    list(run_suite(suite, ["a"], [1], tmp_path))
    path = path_of("small", tmp_path)
    told = json.loads(path.read_text())
    told["results"][0]["recipe"]["learning_rate"] = 0.5
    path.write_text(json.dumps(told))
    assert [r["model"] for r in run_suite(suite, ["a"], [1], tmp_path)] == ["a"]
    assert len(read_results(path)) == 1


def test_a_damaged_table_and_an_unknown_model_are_told(suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no model 'c': take a, b"):
        list(run_suite(suite, ["c"], [1], tmp_path))
    path_of("small", tmp_path).write_text("{")
    with pytest.raises(ValueError, match="is damaged: remove it"):
        list(run_suite(suite, ["a"], [1], tmp_path))


def test_models_of_one_name_are_one_model_in_every_table() -> None:
    """They share a run's folder."""
    entries = [entry for suite in SUITES.values() for entry in suite.entries]
    assert len({entry.name for entry in entries}) == len(set(entries))


@pytest.mark.parametrize("name", MADE)
def test_what_a_table_holds_was_trained_by_the_recipe_that_stands_here(name: str) -> None:
    entries = {entry.name: entry for entry in SUITES[name].entries}
    for result in read_results(path_of(name)):
        assert same_recipe(result["recipe"], entries[result["model"]].recipe(result["seed"]))


def test_a_margin_is_of_the_seeds_or_of_the_questions_whichever_is_wider() -> None:
    assert score([0.5, 0.7], 0) == (0.6, pytest.approx(2 * 0.1), 2)
    assert score([0.5, 0.5], 100).margin == pytest.approx(Cell(Probe(), 50, 100).margin)
    assert (
        score([1.0], 60).margin
        == pytest.approx(Cell(Probe(), 60, 60).margin)
        == pytest.approx(0.03, abs=1e-3)
    )


def result(model: str, *shares: float) -> dict[str, Any]:
    rows = [{"task": "word", "length": 8, "right": round(1000 * x), "asked": 1000} for x in shares]
    return {"model": model, "rows": rows}


def test_a_direction_is_told_only_beyond_its_margin() -> None:
    results = [result(model, share) for model, share in (("a", 0.9), ("b", 0.5), ("c", 0.89))]
    assert scores(results)["a", ("word", 8)].mean == 0.9
    place = ("word", 8)
    told = [("a", "b", place, 0.2), ("b", "a", place, 0.2), ("a", "c", place, 0.2), ("a", "d", place, 0.2)]
    verdicts = [one.verdict for one in directions(results, told)]
    assert verdicts == ["the same way", "the other way", "smaller here"]
    assert Direction("a", "b", place, -0.1, -0.4, 0.1).verdict == "the same way"
    assert Direction("a", "b", place, 0.1, 0.05, 0.1).verdict == "not told apart"
