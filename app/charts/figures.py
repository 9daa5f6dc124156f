"""A chart's figures in words: what somebody who sees it would be told who points at its marks one by one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import altair as alt
import pandas as pd

MOST = 12  # places in a row of numbers that are told; of a longer row as many, evenly spaced
EXACT = 100  # a number below this is told with a fraction

AnyChart = alt.Chart | alt.LayerChart | alt.VConcatChart


def figures(chart: AnyChart) -> str:
    """What the axes are of, and then every series with its figures; nothing of a chart of several parts."""
    for encoding, table in marks(chart):
        fields = told_fields(encoding)
        if len(fields) > 1:
            *series, place, value = fields[-3:]
            titles = [title for title in (titled(encoding, place), titled(encoding, value)) if title]
            return ". ".join([": ".join(titles), *lines(table, series, place, value)]).removeprefix(". ")
    return ""


def marks(chart: Any, above: Any = None) -> Iterator[tuple[Any, pd.DataFrame]]:
    """The encoding of each layer that has a table, with that table: its own or the one above it."""
    table = chart.data if isinstance(chart.data, pd.DataFrame) else above
    if isinstance(chart, alt.LayerChart):
        for layer in chart.layer:
            yield from marks(layer, table)
    elif isinstance(chart, alt.Chart) and isinstance(table, pd.DataFrame):
        yield chart.encoding, table


def told_fields(encoding: Any) -> list[str]:
    """The columns that are told of a mark: those of its tooltip, else of its two sides; the last has the
    figure."""
    channels = encoding.tooltip if isinstance(encoding.tooltip, list) else [encoding.y, encoding.x]
    return [name for name in map(field, channels) if name]


def field(channel: Any) -> str:
    """The column that a channel shows; none where it shows none."""
    shorthand = getattr(channel, "shorthand", alt.Undefined)
    return str(alt.utils.parse_shorthand(shorthand).get("field", "")) if isinstance(shorthand, str) else ""


def titled(encoding: Any, name: str) -> str:
    """What a chart calls a column."""
    tooltip = encoding.tooltip if isinstance(encoding.tooltip, list) else []
    for channel in chain((encoding.x, encoding.y), tooltip):
        if field(channel) == name and isinstance(channel["title"], str):
            return str(channel["title"]).strip()
    return ""


def lines(table: pd.DataFrame, series: list[str], place: str, value: str) -> Iterator[str]:
    """One for each series, in the table's order: its name, its places and their figures; what is missing is
    left out."""
    table = table.dropna(subset=[place, value])
    for name, group in table.groupby(series, sort=False) if series else [((), table)]:
        places = zip(group[place], group[value], strict=True)
        told = ", ".join(f"{number(at)}: {number(figure)}" for at, figure in spaced(list(places)))
        yield ". ".join([*map(number, name), told])


def spaced(points: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Those that are told, the first and the last among them; where the places are words, all."""
    if len(points) <= MOST or isinstance(points[0][0], str):
        return points
    return [points[round(n * (len(points) - 1) / (MOST - 1))] for n in range(MOST)]


def number(value: Any) -> str:
    """A number as it is told; a word as it is."""
    if isinstance(value, str):
        return value.strip()
    return f"{value:,.0f}" if abs(value) >= EXACT or value == round(value) else f"{value:.3g}"
