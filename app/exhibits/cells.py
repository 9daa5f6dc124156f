"""A chart of cells, each shaded by a share and with it in figures: unlike curves, none hides another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import altair as alt
import pandas as pd

from app.palette import palette, theme

STEP = 44  # pixels of a row
DARK = 55  # per cent from which on a cell's figures are as pale as its ground would be


class Side(NamedTuple):
    """What the cells are ordered by at one side: a column's name, and its title, empty where names speak for
    themselves."""

    column: str
    title: str


def cells(
    shares: Mapping[str, Mapping[int, float]] | Mapping[int, Mapping[int, float]],
    x: Side,
    y: Side,
    value: str,
    order: Sequence[str | int],
    numbers: Sequence[int] = (),
) -> alt.LayerChart:
    """One cell a row of ``shares`` and a number across, with its share (0 to 1); ``value`` says above of
    what. The rows from the top in this ``order``; across there is room for these ``numbers``, by default for
    those that have a share."""
    colours = palette(theme())
    table = pd.DataFrame(
        {y.column: row, x.column: at, "share": 100 * share, "told": f"{100 * share:.0f} %"}
        for row, by_number in shares.items()
        for at, share in by_number.items()
    )
    across = alt.Axis(labelAngle=0, format=",d", domain=False, ticks=False)
    down = alt.Axis(domain=False, ticks=False, labelLimit=300)
    room = alt.Scale(domain=[*numbers]) if numbers else alt.Scale()
    rows = alt.Scale(domain=[*order]) if numbers else alt.Scale()
    base = alt.Chart(table, height=alt.Step(STEP)).encode(
        x=alt.X(f"{x.column}:O", title=x.title, axis=across, scale=room),
        y=alt.Y(f"{y.column}:O", title=y.title or None, sort=[*order], axis=down, scale=rows),
        tooltip=[
            alt.Tooltip(f"{y.column}:O", title=y.title or " "),
            alt.Tooltip(f"{x.column}:O", title=x.title),
            alt.Tooltip("share:Q", title=value, format=".0f"),
        ],
    )
    scale = alt.Scale(domain=[0, 100], interpolate="rgb", range=[colours["zero"], colours["retrieval"]])
    shade = base.mark_rect(stroke=colours["rule"]).encode(
        color=alt.Color("share:Q", scale=scale, legend=None)
    )
    ink = alt.condition(alt.datum.share > DARK, alt.value(colours["zero"]), alt.value(colours["ink"]))
    told = base.mark_text(fontSize=13).encode(text="told:N", color=ink)
    title = alt.TitleParams(value, anchor="start", fontSize=13, fontWeight="normal", color=colours["soft"])
    return (shade + told).properties(title=title)
