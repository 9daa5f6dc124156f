"""A chart as it comes to the page, in letters that everybody can read: those that Streamlit gives it are too
pale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from app.palette import palette, theme

FEW = 12  # values of a series up to which all are told; of a longer one as many, evenly spaced, its ends too
SERIES = ("name", "kind")  # columns that tell the parts of a chart from one another


def draw_chart(
    chart: alt.Chart | alt.LayerChart | alt.VConcatChart, told: str, key: str | None = None
) -> None:
    """Draw it as wide as its place; ``told`` says what it shows to those who do not see it, and the values
    that it shows are told after it."""
    told = " ".join([f"{told.rstrip('.')}.", *figures(chart)])
    ink = palette(theme())["soft"]
    letters = {"labelColor": ink, "titleColor": ink}
    chart = chart.configure_axisX(**letters).configure_axisY(**letters).configure_legend(**letters)
    st.altair_chart(chart, width="stretch", key=key, alt=told)


def figures(chart: alt.Chart | alt.LayerChart | alt.VConcatChart) -> Iterator[str]:
    """The values that a chart draws, in words: a sentence for each of its series. Of a chart whose heights
    are no numbers, nothing."""
    layers = chart.layer if isinstance(chart, alt.LayerChart) else [chart]
    seen = set()
    for layer in layers:
        table = layer.data if isinstance(layer.data, pd.DataFrame) else chart.data
        across, up = (field(layer, axis) for axis in ("x", "y"))
        if isinstance(table, pd.DataFrame) and across and up.endswith(":Q"):
            columns = across.partition(":")[0], up.partition(":")[0]
            if (*columns, id(table)) not in seen and {*columns} <= {*table}:
                seen.add((*columns, id(table)))
                yield from series(table, *columns)


def field(layer: Any, axis: str) -> str:
    """The column that an axis shows and its kind, as "new:Q"; empty where it shows none."""
    shown = getattr(getattr(layer, "encoding", alt.Undefined), axis, alt.Undefined)
    return str(shown.shorthand) if isinstance(shown, alt.X | alt.Y) else ""


def series(table: pd.DataFrame, across: str, up: str) -> Iterator[str]:
    """The values of each part of a table, by their places."""
    names = [column for column in SERIES if column in table]
    for name, part in table.groupby(names[0], sort=False) if names else [("", table)]:
        at = np.unique(np.linspace(0, len(part) - 1, FEW).round().astype(int))
        some = part if len(part) <= FEW else part.iloc[at]
        places = some["token" if "token" in some else across]
        pairs = zip(places, some[up], strict=True)
        values = ", ".join(f"{number(value)} at {number(place)}" for place, value in pairs)
        yield f"{name}: {values}." if names else f"{values[:1].upper()}{values[1:]}."


def number(value: object) -> str:
    """A value in words, to three digits; a whole number as it is."""
    if isinstance(value, str):
        return value.strip()
    return f"{value:.3g}" if isinstance(value, float) and value % 1 else f"{value:.0f}"
