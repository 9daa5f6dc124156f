"""Claims about what a chart says to those who do not see it."""

from __future__ import annotations

from unittest.mock import patch

import altair as alt
import pandas as pd
import pytest
import streamlit as st

from app.charts import drawn
from app.charts.figures import MOST
from app.exhibits.cells import Side, cells
from app.exhibits.curves import Axis, Look, curves, rows
from app.exhibits.momentum import entering
from app.exhibits.parallel import measured
from app.exhibits.rule import rule
from lessons.exhibits.momentum import Written
from lessons.exhibits.parallel import Run

LOOKS = [Look("short", "ink"), Look("long", "eta")]


def told(chart: alt.Chart | alt.LayerChart | alt.VConcatChart, about: str = "What it is.") -> str:
    """What comes to the page beside the picture."""
    with patch.object(st, "altair_chart") as shown:
        drawn.draw_chart(chart, about)
    alt_text = shown.call_args.kwargs["alt"]
    assert isinstance(alt_text, str)
    return alt_text


def two_curves(points: int) -> alt.LayerChart:
    table = rows({"short": [(1, 0.25)], "long": [(n, 1000 * n) for n in range(points)]}, "at", "size")
    return curves(table, Axis("at", "tokens"), Axis("size", "norm"), LOOKS)


def test_a_charts_figures_are_told_series_by_series() -> None:
    assert told(two_curves(3)) == "What it is. tokens: norm. short. 1: 0.25. long. 0: 0, 1: 1,000, 2: 2,000"


def test_a_line_laid_over_curves_takes_nothing_from_what_is_told() -> None:
    assert told(two_curves(3) + rule("at", 1, "the window")) == told(two_curves(3))


def test_of_a_long_row_some_are_told_and_both_ends_are_among_them() -> None:
    long = told(two_curves(500)).partition("long. ")[2].split(", ")
    assert len(long) == MOST and long[0] == "0: 0" and long[-1] == "499: 499,000"


def test_of_a_row_of_words_every_one_is_told() -> None:
    names = [f"w{n}" for n in range(3 * MOST)]
    text = told(entering(tuple(Written(f" {name}", 1.5, 1.5) for name in names)))
    assert all(text.count(f"{name}: 1.5") for name in names)


def test_of_cells_the_shares_are_told_row_by_row() -> None:
    shares = {8: {16: 0.5, 64: 0.25}, 56: {16: 1.0}}
    chart = cells(shares, Side("after", "tokens after"), Side("facts", "facts"), "right, %", [8, 56])
    assert told(chart) == "What it is. tokens after: right, %. 8. 16: 50, 64: 25. 56. 16: 100"


def test_bars_without_a_tooltip_are_told_by_their_two_sides() -> None:
    chart = alt.Chart(pd.DataFrame({"name": ["kept", "lost"], "wrong": [3.04, 140.0]})).mark_bar()
    assert told(chart.encode(x="wrong:Q", y="name:N")) == "What it is. kept: 3.04, lost: 140"


def test_a_figure_that_is_missing_is_left_out() -> None:
    table = rows({"short": [(1, 0.25), (2, float("nan"))]}, "at", "size")
    chart = curves(table, Axis("at", "tokens"), Axis("size", "norm"), LOOKS[:1])
    assert told(chart) == "What it is. tokens: norm. short. 1: 0.25"


def test_a_chart_of_several_parts_says_what_it_was_given() -> None:
    part = alt.Chart(pd.DataFrame({"a": [1], "b": [2]})).mark_line().encode(x="a:Q", y="b:Q")
    assert told(alt.vconcat(part, part)) == "What it is."


@pytest.mark.parametrize("about", ["No stop", "A stop."])
def test_what_a_chart_is_ends_in_one_stop_before_its_figures(about: str) -> None:
    assert told(two_curves(2), about).startswith(f"{about.removesuffix('.')}. tokens: norm. ")


def test_the_two_kinds_of_bars_of_a_shock_are_told_apart_without_colour() -> None:
    chart = entering((Written(" cellar", 1.4, 1.4), Written(".", 0.3, 0.9))).to_dict()
    assert len(set(chart["encoding"]["stroke"]["scale"]["range"])) == 2, "one kind has a line around it"


def test_a_figure_is_told_whole_where_the_axis_ends_before_it() -> None:
    runs = tuple(Run(block, error, 1.0) for block, error in ((1, 0.0), (8, 72.5), (64, float("inf"))))
    text = told(measured(runs, None, "error"))
    assert "1: 0.0, 8: 7,250.0, 64: so much that the memory has blown up" in text
