"""A few numbers as bars, as an HTML table: what a figure says in words too, at any width."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import NamedTuple

from app.palette import palette, theme


class Bar(NamedTuple):
    """What it is of, how long it is, its number in words, whether it was only expected, and a colour of the
    palette, where it has one of its own."""

    label: str
    value: float
    told: str
    expected: bool = False
    colour: str = ""


def bars(measure: str, colour: str, rows: Iterable[Bar], longest: float | None = None) -> str:
    """The table, its bars in a colour of the palette; ``longest`` fills the width, else the longest does.
    Bars to be compared belong in one table: each table has its own left edge and scale."""
    rows, colours = list(rows), palette(theme())
    most = longest or max(abs(row.value) for row in rows) or 1.0
    body = "".join(
        f'<tr{" class=expected" if row.expected else ""}><th scope="row">{html.escape(row.label)}</th>'
        f'<td><i style="--bar:{colours[row.colour or colour]};'
        f'width:{100 * max(0.0, row.value) / most:.1f}%"></i></td>'
        f"<td>{html.escape(row.told)}</td></tr>"
        for row in rows
    )
    return f'<table class="lesson-bars"><caption>{html.escape(measure)}</caption>{body}</table>'
