"""Tables: what is trained and measured once is not done again, and what they say follows from their rows."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from titans_core.evaluate import Cell, Probe
from titans_core.recipe import Stage, TrainConfig, same_recipe
from titans_core.tables import SUITES, Suite, path_of, read_results, run_suite
from titans_core.tables import run as running
from titans_core.tables.directions import UNKNOWN, Direction, directions
from titans_core.tables.entry import Entry
from titans_core.tables.summary import GUESS, Place, Score, difference, place, score, scores, wilson

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


def test_who_writes_a_table_waits_for_another_who_does(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, trained, make = path_of("small", tmp_path), Event(), running.make

    def told(*about: Any) -> running.Result:
        result = make(*about)
        trained.set()
        return result

    monkeypatch.setattr(running, "make", told)
    with ThreadPoolExecutor(1) as pool:
        with running.alone(path):
            other = pool.submit(lambda: list(run_suite(suite, ["a"], [1], tmp_path)))
            assert trained.wait(60)
            running.write_results(suite, path, [RESULT | {"model": "b", "rows": [ROW]}])
        assert [made["model"] for made in other.result(60)] == ["a"]
    assert [made["model"] for made in read_results(path)] == ["a", "b"]


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


@pytest.mark.parametrize("name", MADE)
def test_what_a_table_holds_was_asked_alike_of_every_seed(name: str) -> None:
    """A measurement that is changed makes no result anew by itself."""
    results = read_results(path_of(name))
    asked = {(place(row), row.get("asked")) for result in results for row in result["rows"]}
    assert len(asked) == len({where for where, _ in asked})
    rows = {(result["model"], tuple(map(place, result["rows"]))) for result in results}
    assert len(rows) == len({model for model, _ in rows})


def test_a_score_reaches_to_the_farthest_ends_of_any_seed() -> None:
    low, high = wilson(1.0, 60)
    assert high == pytest.approx(1) and low == pytest.approx(60 / (60 + 1.96**2))
    assert score([1.0], 60) == (1, low, high)
    assert score([1.0, 1.0], 60) == score([1.0], 60), "a second seed asks the same questions"
    apart = score([0.4, 0.8], 60)
    assert apart == (pytest.approx(0.6), wilson(0.4, 60)[0], wilson(0.8, 60)[1])
    assert wilson(0.4, 60)[1] - wilson(0.4, 60)[0] == pytest.approx(2 * Cell(Probe(), 24, 60).margin)


def test_of_one_training_and_no_questions_nothing_is_known() -> None:
    assert score([2.5], 0) == (2.5, -math.inf, math.inf) and not score([2.5], 0).known
    assert score([2.5, 2.75], 0) == (2.625, 2.375, 2.875) and score([0.25, 1.0], 0).low == 0


def test_a_guess_is_no_training() -> None:
    rows = [{"task": "1 fact", "length": 8, "right": 30, "asked": 60, "guess": 15}]
    found = scores([{"model": model, "rows": rows} for model in "aabb"])
    assert found[GUESS, Place("1 fact", 8)] == score([0.25], 60)
    assert found["a", Place("1 fact", 8)] == score([0.5], 60)


ROW = {"task": "word", "length": 512, "right": 1, "asked": 2}
TOLD = {"model": "a", "seed": 1, "tokens": 9, "seconds": 9, "parameters": 9, "device": "d", "torch": "2"}
RESULT = TOLD | {"recipe": {}}


@pytest.mark.parametrize(
    "told",
    [
        *(None, [], {}, "abc", {"results": 5}, {"results": [5]}, {"results": [{}]}, {"results": None}),
        {"results": [RESULT]},
        {"results": [RESULT | {"rows": []}]},
        {"results": [TOLD | {"rows": [ROW]}]},
        {"results": [RESULT | {"rows": [ROW], "recipe": "stories"}]},
        {"results": [RESULT | {"rows": [ROW], "seconds": "long"}]},
        {"results": [RESULT | {"rows": [ROW], "model": None}]},
        *(
            {"results": [RESULT | {"rows": [ROW | wrong]}]}
            for wrong in ({"asked": 0}, {"right": 3}, {"task": 1})
        ),
    ],
)
def test_a_table_that_cannot_be_is_called_damaged(told: Any, tmp_path: Path) -> None:
    (tmp_path / "fine.json").write_text(json.dumps({"results": [RESULT | {"rows": [ROW]}]}))
    assert len(read_results(tmp_path / "fine.json")) == 1
    (tmp_path / "small.json").write_text(json.dumps(told))
    with pytest.raises(ValueError, match="is damaged: remove it"):
        read_results(tmp_path / "small.json")


def test_a_folder_in_a_tables_place_is_no_table(suite: Suite, tmp_path: Path) -> None:
    path_of("small", tmp_path).mkdir()
    with pytest.raises(ValueError, match="is damaged: remove it"):
        next(run_suite(suite, ["a"], [1], tmp_path))


def result(model: str, *shares: float) -> dict[str, Any]:
    rows = [{"task": "word", "length": 8, "right": round(1000 * x), "asked": 1000} for x in shares]
    return {"model": model, "rows": rows}


def test_a_direction_is_told_only_beyond_its_margin() -> None:
    results = [result(model, share) for model, share in (("a", 0.9), ("b", 0.5), ("c", 0.89))]
    assert scores(results)["a", Place("word", 8)].mean == 0.9
    place = Place("word", 8)
    told = [("a", "b", place, 0.2), ("b", "a", place, 0.2), ("a", "c", place, 0.2), ("a", "d", place, 0.2)]
    verdicts = [one.verdict for one in directions(results, told)]
    assert verdicts == ["the same way", "the other way", "smaller here"]
    for paper, ends, verdict in (
        (-0.1, (-0.5, -0.3), "the same way"),
        (None, (-0.5, -0.3), "the other way"),
        (0.1, (-0.05, 0.15), "not told apart"),
        (-0.1, (-0.05, 0.15), "not told apart"),
        (-0.2, (-0.05, 0.15), "smaller here"),
        (0.02, (-0.25, 0.01), "not told apart"),
        (None, (-0.05, 0.15), "not told apart"),
        (0.1, (-math.inf, math.inf), UNKNOWN),
    ):
        assert Direction("a", "b", place, paper, Score(0.0, *ends)).verdict == verdict


def test_two_models_are_told_apart_by_the_ends_that_face_one_another() -> None:
    """That one seed of the worse is worse still leaves the better no less sure."""
    place = Place("word", 8)
    found = {("a", place): Score(0.9, 0.8, 0.95), ("b", place): Score(0.6, 0.1, 0.7)}
    apart = difference(found, "a", "b", place)
    assert apart == pytest.approx((0.3, 0.3 - math.hypot(0.1, 0.1), 0.3 + math.hypot(0.05, 0.5)))
    assert apart is not None
    assert difference(found, "b", "a", place) == pytest.approx((-0.3, -apart.high, -apart.low))
