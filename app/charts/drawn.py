"""A chart as it comes to the page, in letters that everybody can read: those that Streamlit gives it are too
pale."""

from __future__ import annotations

import altair as alt
import streamlit as st

from app.palette import palette, theme


def draw_chart(
    chart: alt.Chart | alt.LayerChart | alt.VConcatChart, told: str, key: str | None = None
) -> None:
    """Draw it as wide as its place; ``told`` says what it shows to those who do not see it."""
    ink = palette(theme())["soft"]
    letters = {"labelColor": ink, "titleColor": ink}
    chart = chart.configure_axisX(**letters).configure_axisY(**letters).configure_legend(**letters)
    st.altair_chart(chart, width="stretch", key=key, alt=told)
