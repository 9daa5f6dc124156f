"""A line across a chart, with its name beside it."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.palette import palette, theme


def rule(column: str, at: float, name: str) -> alt.LayerChart:
    """A vertical line where ``column`` is ``at``."""
    ink = palette(theme())["soft"]
    base = alt.Chart(pd.DataFrame({column: [at], "mark": [name]})).encode(x=f"{column}:Q")
    label = base.mark_text(align="left", dx=5, dy=6, color=ink, baseline="top").encode(
        text="mark:N", y=alt.value(0)
    )
    return base.mark_rule(color=ink, strokeDash=[2, 3]) + label
