"""The Needle page's map: it comes cell by cell, goes on where it stopped, and takes a text of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import limits, mapping, models
from app.charts.haystacks import losses
from app.mapping import Map
from app.needle import Needle, hide
from tests.app.pressing import held
from titans_core.sweep import alone
from titans_core.sweep.haystacks import TABLE, read_table
from titans_core.tokenizer import Tokenizer

PAGE = Path(__file__).parents[2] / "app" / "views" / "needle.py"
PLACE = Needle("Mara put the red key in the attic.", "Where is the red key?", "attic", 512, 0.0, 1)
BEES = "Grandfather kept bees. He spoke to every hive."


def opened(**fields: str) -> AppTest:
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    given = {
        "view-of-needle": "By depth and length",
        "mapped": models.title("lmm"),
        "longest": "512",
        **fields,
    }
    for name, value in given.items():
        page.query_params[name] = value
    return page.run()


def draw(page: AppTest) -> AppTest:
    return next(button for button in page.button if button.label == "Draw the map").click().run()


def finished(page: AppTest) -> Map:
    """The map, once it is whole."""
    for job in held(page).jobs.values():
        job.wait(120)
    page.run()
    assert not page.exception
    found: Map = held(page).map
    assert found.complete
    return found


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


def fresh(**changes: Any) -> Map:
    model = models.load("lmm")
    return Map("lmm", model.digest, mapping.plan(PLACE._replace(**changes)))


def test_a_map_comes_cell_by_cell_and_goes_on_where_it_stopped() -> None:
    model, begun = models.load("lmm"), fresh()
    steps = list(mapping.stages(model, begun))
    worth = [step.value for step in steps if step.worth]
    assert [len(known.found) for known in worth] == list(range(1, len(begun.plan.cells) + 1))
    assert steps[-1].done == steps[-1].total == begun.plan.tokens
    rest = [step.value for step in mapping.stages(model, worth[3]) if step.worth]
    assert rest[-1] == worth[-1] and len(rest) == len(worth) - 4
    assert list(worth[-1].found) == [step.found for step in alone(model, begun.plan) if step.found]


def test_the_map_that_is_drawn_is_shown_and_told() -> None:
    page = opened()
    assert warnings(page) == [] and not page.get("vega_lite_chart")
    known = finished(draw(page))
    assert (known.model, known.plan.lengths) == ("lmm", (256, 512)) and warnings(page) == []
    assert len(page.get("vega_lite_chart")) == 1
    assert any(mapping.told(known) == caption.value for caption in page.caption)
    right = mapping.shares(known, chances=False)
    assert list(right) == [0, 25, 50, 75, 100] and all(list(row) == [256, 512] for row in right.values())


def test_a_fact_is_hidden_in_a_text_of_ones_own() -> None:
    hay = hide(PLACE._replace(text=BEES, length=64, depth=0.5))
    assert Tokenizer.load().decode(hay.ids).split(" Mara put ")[0] in BEES * 20 or "bees" in hay.before
    assert set(hay.before.split()) | set(hay.after.split()) <= set(BEES.split())
    page = opened(hay="A text of your own")
    page.text_area(key="text").set_value(BEES).run()
    assert any("repeated over and over" in caption.value for caption in page.caption)
    assert finished(draw(page)).plan.haystack.text == BEES


@pytest.mark.parametrize("view", ["On the way", "By depth and length"])
def test_an_empty_text_is_told_and_what_was_found_stays(view: str) -> None:
    page = opened(hay="A text of your own", **{"view-of-needle": view})
    page.text_area(key="text").set_value(" \n ").run()
    (message,) = warnings(page)
    assert message.startswith("There is nothing to read yet")


def test_a_map_of_something_else_is_told_to_be_of_before() -> None:
    page = opened()
    known = finished(draw(page))
    page.text_input(key="answer").set_value("cellar").run()
    assert held(page).map is known
    assert any("Press Draw the map to draw it anew" in caption.value for caption in page.caption)
    page.text_input(key="answer").set_value("").run()
    assert held(page).map is known and "There is no answer yet" in warnings(page)[0]


def test_a_text_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(limits.BadInput, match="This text cannot be read"):
        mapping.plan(PLACE._replace(text="half \ud800"))


def test_what_is_lost_in_other_text_is_shown_as_it_was_measured(tmp_path: Path) -> None:
    measured = read_table()
    assert measured
    html = losses(measured)
    assert html.count("<tr>") == 1 + len(measured["haystacks"])
    one = next(row for row in measured["results"] if (row["model"], row["haystack"]) == ("lmm", "README.md"))
    assert f"<b>{100 * one['recall']:.0f} %</b>" in html and measured["command"] in html
    assert {row["model"] for row in measured["results"]} <= {*tc.available()}
    made = json.loads(TABLE.read_text())
    first = made["results"][0]
    made["haystacks"]["<b>"] = {}
    made["results"] += [
        {**row, "haystack": "<b>"} for row in made["results"] if row["haystack"] == first["haystack"]
    ]
    assert "&lt;b&gt;" in losses(made) and "row'><b>" not in losses(made)
    assert read_table(tmp_path / "none.json") is None
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(ValueError, match="damaged"):
        read_table(tmp_path / "broken.json")
