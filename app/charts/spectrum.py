"""How many directions a memory uses, over time: linked charts, crossed by the token that is shown."""

from __future__ import annotations

import warnings
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from app.palette import palette
from app.weighing import History, Part
from app.words import after
from titans_core.trace import Floats

Spectra = dict[str, Floats]  # what is drawn as singular values: "shown", and maybe "marked"


def over_time(
    history: History, tokens: list[str], chosen: Part, marks: dict[str, int], spectra: Spectra, theme: str
) -> alt.VConcatChart:
    """Effective rank and norm of every part over the tokens read, and the chosen part's singular values at
    the tokens that are marked: "shown", and maybe "marked".

    Pointing at either curve points at that token in both, and adds its singular values.
    """
    colours = palette(theme)
    table = measures(history, tokens)
    pointed = alt.selection_point(
        name="pointed", fields=["count"], on="pointerover", clear="pointerout", nearest=True, empty=False
    )
    curves = [
        curve(table, name, title, chosen, pointed, colours) + rules(marks, colours)
        for name, title in (("rank", "effective rank"), ("norm", "norm ‖M‖"))
    ]
    curves[0] = curves[0].properties(height=130)
    bars = spectrum(history, chosen, spectra, pointed, colours)
    with warnings.catch_warnings():  # the curves share one selection: that is what links them
        warnings.filterwarnings("ignore", "Automatically deduplicated selection parameter")
        return alt.vconcat(*curves, bars, spacing=22).configure_view(stroke=None)


def measures(history: History, tokens: list[str]) -> pd.DataFrame:
    """One row a count and part: count, word, part, rank, norm."""
    words = [after(tokens, count) for count in history.counts]
    return pd.concat(
        pd.DataFrame(
            {
                "count": history.counts,
                "word": words,
                "part": part.title,
                "rank": history.ranks(part),
                "norm": history.norms(part),
            }
        )
        for part in history.values
    )


def curve(
    table: pd.DataFrame, name: str, title: str, chosen: Part, pointed: alt.Parameter, colours: dict[str, str]
) -> alt.LayerChart:
    """One measure of every part, the chosen part's in full ink, the others' pale."""
    is_chosen = alt.datum.part == chosen.title
    base = alt.Chart(table, height=110).encode(
        x=alt.X("count:Q", title="tokens read", axis=alt.Axis(grid=False, tickMinStep=1, format=",d")),
        y=alt.Y(f"{name}:Q", title=title, axis=alt.Axis(tickCount=4, domain=False)),
        tooltip=[
            alt.Tooltip("word:N", title="after"),
            alt.Tooltip("part:N", title="memory"),
            alt.Tooltip("rank:Q", title="effective rank", format=".2f"),
            alt.Tooltip("norm:Q", title="norm", format=".3g"),
        ],
    )
    ink = alt.condition(is_chosen, alt.value(colours["ink"]), alt.value(colours["soft"]))
    legend = (
        alt.Legend(orient="top", title=None, symbolStrokeColor=colours["ink"]) if name == "rank" else None
    )
    lines = base.mark_line().encode(
        color=ink,
        strokeWidth=alt.condition(is_chosen, alt.value(2.0), alt.value(1.0)),
        strokeDash=alt.StrokeDash("part:N", sort=None, legend=legend),
    )
    reach = base.mark_point(opacity=0).add_params(pointed)
    # what is there only while one points, or for a marked token, has no name to tell: hence no aria
    dots = (
        base.mark_point(filled=True, size=44, opacity=1, aria=False)
        .encode(color=ink)
        .transform_filter(pointed)
    )
    return lines + reach + dots


def rules(marks: dict[str, int], colours: dict[str, str]) -> alt.Chart:
    """A line at every token that is marked, the one that is shown unbroken."""
    table = pd.DataFrame({"count": list(marks.values()), "mark": list(marks)})
    shown = alt.datum.mark == "shown"
    return (
        alt.Chart(table)
        .mark_rule(color=colours["ink"])
        .encode(x="count:Q", strokeDash=alt.condition(shown, alt.value([1, 0]), alt.value([4, 3])))
    )


def spectrum(
    history: History, chosen: Part, spectra: Spectra, pointed: alt.Parameter, colours: dict[str, str]
) -> alt.LayerChart:
    """The singular values, the largest first: bars at the token shown, ticks at the marked one, a line at
    the one that is pointed at."""
    table = pd.concat(
        pd.DataFrame({"direction": np.arange(1, len(values) + 1), "value": values, "mark": mark})
        for mark, values in spectra.items()
    )
    places: dict[str, Any] = {
        "x": alt.X(
            "direction:O",
            title="direction, the strongest first",
            axis=alt.Axis(labelOverlap=True, labelAngle=0),
        ),
        "y": alt.Y("value:Q", title="singular value", axis=alt.Axis(tickCount=4, domain=False)),
        "tooltip": [
            alt.Tooltip("mark:N", title="at the token"),
            alt.Tooltip("direction:O"),
            alt.Tooltip("value:Q", title="singular value", format=".3g"),
        ],
    }  # fmt: skip
    base = alt.Chart(table, height=130).encode(**places)
    bars = base.mark_bar(color=colours["soft"]).transform_filter(alt.datum.mark == "shown")
    ticks = base.mark_tick(color=colours["ink"], thickness=2, aria=False).transform_filter(
        alt.datum.mark == "marked"
    )
    return bars + ticks + line_at(history, chosen, pointed, places, colours)


def line_at(
    history: History, chosen: Part, pointed: alt.Parameter, places: dict[str, Any], colours: dict[str, str]
) -> alt.Chart:
    """The chosen part's singular values at the token that is pointed at; they travel one row a count."""
    values = history.values[chosen]
    directions = [str(number) for number in range(1, values.shape[1] + 1)]
    table = pd.DataFrame(values, columns=directions).assign(count=history.counts)
    return (
        alt.Chart(table)
        .transform_filter(pointed)
        .transform_fold(directions, as_=["name", "value"])
        .transform_calculate(direction="toNumber(datum.name)", mark="'pointed at'")
        .mark_line(color=colours["ink"], strokeWidth=1.5, aria=False)
        .encode(**places)
    )
