"""A chart of a few named curves, in the colours and strokes that are given them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import altair as alt
import pandas as pd

from app.palette import palette, theme

HEIGHT = 310
MARKED = 16  # points of a curve up to which each has a mark
Stroke = tuple[float, ...]
SWATCH = 200  # of the legend: a dash is seen, and two names beside each other fit a phone
SOLID: Stroke = (1, 0)
DASHED: Stroke = (6, 4)
DOTTED: Stroke = (1.5, 3)


class Look(NamedTuple):
    """A curve's name, the colour of the palette that it has, and its stroke."""

    name: str
    colour: str
    stroke: Stroke = SOLID


class Axis(NamedTuple):
    """A column, its title, how its numbers are written, whether they stand as words in a row, in order, and
    the scale where it is not the plain one."""

    column: str
    title: str
    form: str = "~g"
    ordered: bool = False
    scale: alt.Scale | None = None


def curves(table: pd.DataFrame, x: Axis, y: Axis, looks: Sequence[Look]) -> alt.LayerChart:
    """One curve for each look, from the rows whose "name" is its own. The legend stands above."""
    colours = palette(theme())
    names = [look.name for look in looks]
    base = alt.Chart(table, height=HEIGHT).encode(
        x=horizontal(x),
        y=vertical(y),
        color=alt.Color(
            "name:N",
            scale=alt.Scale(domain=names, range=[colours[look.colour] for look in looks]),
            legend=alt.Legend(
                orient="top",
                title=None,
                symbolType="stroke",
                symbolSize=SWATCH,
                labelLimit=300,
                columns=columns(names),
            ),
        ),
        strokeDash=alt.StrokeDash(
            "name:N", scale=alt.Scale(domain=names, range=[list(look.stroke) for look in looks]), legend=None
        ),
        tooltip=[
            alt.Tooltip("name:N", title=" "),
            alt.Tooltip(f"{x.column}:Q", title=x.title, format=x.form),
            alt.Tooltip(f"{y.column}:Q", title=y.title, format=y.form),
        ],
    )
    few = len(table) <= MARKED * len(looks)
    return base.mark_line(strokeWidth=2) + base.mark_point(
        filled=True, size=34, opacity=1 if few else 0, aria=False
    )


def columns(names: Sequence[str]) -> int:
    """In how many columns a legend stands, so that a narrow window has room for it."""
    longest = max(map(len, names))
    return 1 if longest > 20 else 2 if longest > 9 else 3


def horizontal(axis: Axis) -> alt.X:
    """The axis below."""
    look = alt.Axis(grid=False, labelAngle=0, format=axis.form, labelOverlap=True)
    kind = "O" if axis.ordered else "Q"
    return alt.X(f"{axis.column}:{kind}", title=axis.title, axis=look, scale=axis.scale or alt.Undefined)


def vertical(axis: Axis) -> alt.Y:
    """The axis at the left."""
    look = alt.Axis(tickCount=4, domain=False, format=axis.form, labelFlush=False)
    return alt.Y(f"{axis.column}:Q", title=axis.title, axis=look, scale=axis.scale or alt.Undefined)


def rows(series: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str) -> pd.DataFrame:
    """A table for ``curves``: the points of every name."""
    return pd.DataFrame(
        [{"name": name, x: at, y: value} for name, points in series.items() for at, value in points]
    )
