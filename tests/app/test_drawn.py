"""What a chart says to those who do not see it: its values, each series by its name."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.charts.drawn import FEW, figures
from app.exhibits.curves import Axis, Look, curves, rows
from app.exhibits.momentum import entering
from lessons.exhibits.momentum import Written


def test_the_curves_of_a_chart_are_told_by_their_names_and_once() -> None:
    table = rows({"one": [(0, 1.25), (2, 40.0)], "other": [(0, 0.001234), (2, 3.0)]}, "at", "share")
    chart = curves(
        table, Axis("at", "at"), Axis("share", "share"), [Look("one", "ink"), Look("other", "eta")]
    )
    assert [*figures(chart)] == ["one: 1.25 at 0, 40 at 2.", "other: 0.00123 at 0, 3 at 2."]


def test_of_a_long_curve_as_many_values_are_told_as_can_be_listened_to_its_ends_among_them() -> None:
    table = rows({"one": [(n, n) for n in range(1000)]}, "at", "share")
    (told,) = figures(curves(table, Axis("at", "at"), Axis("share", "share"), [Look("one", "ink")]))
    assert told.count(" at ") == FEW
    assert told.startswith("one: 0 at 0, ") and told.endswith(", 999 at 999.")


def test_bars_are_told_by_the_words_under_them_and_have_more_than_a_colour_to_tell_them_apart() -> None:
    chart = entering((Written(" cellar", 1.5, 1.5), Written(".", 0.5, 0.25)))
    carried, own = figures(chart)
    assert carried.endswith(": 1.5 at cellar, 0.25 at ..") and own.endswith(": 0 at cellar, 0.5 at ..")
    assert len(set(chart.to_dict()["encoding"]["stroke"]["scale"]["range"])) == 2


def test_a_chart_whose_heights_are_no_numbers_is_told_in_words_alone() -> None:
    cells = alt.Chart(pd.DataFrame({"a": [1], "b": [2], "c": [3]})).mark_rect()
    assert [*figures(cells.encode(x="a:O", y="b:O", color="c:Q"))] == []
