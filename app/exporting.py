"""What was read, to be taken along: the traces as CSV and Parquet, the session as a notebook."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from app.edits import Edit
from app.notebook import notebook
from titans_core.trace import Trace


def frame(traces: Mapping[str, Trace]) -> pd.DataFrame:
    """All traces as one tidy table, one row a model, token, layer and head."""
    return pd.concat({name: trace.to_frame() for name, trace in traces.items()}, names=["model"]).reset_index(
        level=0
    )


def parquet(table: pd.DataFrame) -> bytes:
    """The table as a Parquet file."""
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()


def export_menu(
    traces: Mapping[str, Trace], text: str | None, question: str = "", edits: Sequence[Edit] = ()
) -> None:
    """Files to save; each is made when it is asked for. With edits, the last trace is the edited one. A
    stretch of a longer text, where ``text`` is None, has no notebook: that would begin with it."""
    models = [name for name in traces if not name.endswith(", edited")]
    files: list[tuple[str, str, str, Callable[[], bytes]]] = [
        ("Trace, CSV", "trace.csv", "text/csv", lambda: frame(traces).to_csv(index=False).encode()),
        ("Trace, Parquet", "trace.parquet", "application/vnd.apache.parquet", lambda: parquet(frame(traces))),
    ]
    told = "What every token did, in every layer and head"
    if text is not None:
        told += "; or a notebook that computes it again"
        files.append(
            (
                "Notebook",
                "reading.ipynb",
                "application/x-ipynb+json",
                lambda: notebook(models, text, question, edits).encode(),
            )
        )
    with st.popover("Export", icon=":material/download:"):
        st.write(f"{told}. Tables count positions, layers and heads from 0, the page from 1.")
        for label, name, kind, make in files:
            st.download_button(label, make, name, kind, on_click="ignore")
