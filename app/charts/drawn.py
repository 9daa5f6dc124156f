"""A chart as it comes to the page, in letters that everybody can read: those that Streamlit gives it are too
pale."""

from __future__ import annotations

import streamlit as st

from app.charts.figures import AnyChart, figures
from app.palette import palette, theme


def draw_chart(chart: AnyChart, told: str, key: str | None = None) -> None:
    """Draw it as wide as its place; ``told`` says what it shows to those who do not see it, who are then told
    its figures."""
    if figured := figures(chart):
        told = f"{told.removesuffix('.')}. {figured}"
    ink = palette(theme())["soft"]
    letters = {"labelColor": ink, "titleColor": ink}
    chart = chart.configure_axisX(**letters).configure_axisY(**letters).configure_legend(**letters)
    st.altair_chart(chart, width="stretch", key=key, alt=told)
