"""A memory's matrix as a picture that can be zoomed, each weight told where one points."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.palette import palette
from titans_core.trace import Floats


def heatmap(weights: Floats, most: float, rows: str, columns: str, theme: str) -> go.Figure:
    """Weights [D_in, D_out], from −``most`` over nothing to ``most``; ``rows`` and ``columns`` name what the
    channels are of."""
    colours = palette(theme)
    soft = {"color": colours["soft"]}  # Streamlit's own letters are too pale to be read by everybody
    scale = [[0.0, colours["negative"]], [0.5, colours["zero"]], [1.0, colours["positive"]]]
    figure = go.Figure(
        go.Heatmap(
            z=np.asarray(weights, float),
            x=np.arange(1, weights.shape[1] + 1),
            y=np.arange(1, weights.shape[0] + 1),
            zmin=-most,
            zmax=most,
            colorscale=scale,
            hovertemplate=f"{rows} %{{y}}, {columns} %{{x}}<br><b>%{{z:.3g}}</b><extra></extra>",
            colorbar={"thickness": 9, "outlinewidth": 0, "len": 0.96, "tickfont": {"size": 11} | soft},
        )
    )
    axis = {"showgrid": False, "zeroline": False, "ticks": "", "constrain": "domain", "tickfont": soft}
    figure.update_xaxes(title={"text": f"{columns} channel", "font": soft}, **axis)
    figure.update_yaxes(
        title={"text": f"{rows} channel", "font": soft}, autorange="reversed", scaleanchor="x", **axis
    )
    figure.update_layout(
        margin={"l": 46, "r": 8, "t": 30, "b": 42},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def toolbar(name: str, kind: str) -> dict[str, Any]:
    """Plotly's own buttons: zoom, home, and the picture as a file of this ``kind``, png or svg."""
    return {
        "displaylogo": False,
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
        "toImageButtonOptions": {"format": kind, "filename": name, "scale": 2 if kind == "png" else 1},
    }
