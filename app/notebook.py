"""A session as a Jupyter notebook: it reads the text again and draws it, with `titans_core` alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app import own
from app.edits import WIPE, Edit
from app.models import shipped

READ = '''
import altair as alt
import pandas as pd

import titans_core as tc

alt.data_transformers.disable_max_rows()


def read(name, edits=()):
    """The text as a model reads it; an edit is (before which token, from 0; what)."""
    stream = tc.Stream(tc.load(name))
    ids = stream.tokenizer.encode(TEXT, opening=True)
    parts = []
    for start, change in [*edits, (len(ids), None)]:
        parts.append(stream.feed(ids[stream.position : start]))
        if change == "wipe":
            stream = stream.wipe()
        elif change:
            stream = stream.override(**change)
    return stream, tc.Trace.join(parts)
'''
FRAME = """
frames = {name: trace.to_frame() for name, (_, trace) in readings.items()}
frame = pd.concat(frames, names=["model"]).reset_index(level=0)
frame
"""
CURVES = """
def curve(quantity):
    means = frame.groupby(["model", "position", "token"], as_index=False)[quantity].mean()
    return (
        alt.Chart(means, width=800, height=90)
        .mark_line()
        .encode(
            x="position:Q",
            y=alt.Y(quantity + ":Q"),
            color="model:N",
            tooltip=["position", "token", quantity],
        )
    )


quantities = ("surprise", "write", "momentum", "eta", "theta", "alpha", "nll")
alt.vconcat(*(curve(quantity) for quantity in quantities if quantity in frame))
"""
ASK = """
pd.DataFrame(
    [
        {"model": name, "memory": memory, "answer": answer, "probability": probability}
        for name, (stream, _) in readings.items()
        for found in [stream.ask(QUESTION)]
        for memory, candidates in [("with", found.candidates), ("without", found.candidates_without)]
        for answer, probability in candidates
    ]
)
"""
WEIGHTS = """
def heatmap(name, layer=0, head=0):
    weights = pd.DataFrame(readings[name][0].weights()[layer, "W1"][head])
    cells = weights.rename_axis("key").reset_index().melt("key", var_name="value", value_name="weight")
    colour = alt.Color("weight:Q", scale=alt.Scale(scheme="redblue", domainMid=0))
    return alt.Chart(cells, title=name).mark_rect().encode(x="value:O", y="key:O", color=colour)


alt.hconcat(*(heatmap(name) for name, (stream, _) in readings.items() if stream.weights()))
"""


def changes(edits: Sequence[Edit]) -> list[tuple[int, Any]]:
    """Edits as the notebook has them: before which token, and what, in the order they are met."""
    ordered = sorted(edits, key=lambda edit: edit.start)
    return [(edit.start, WIPE if edit.kind == WIPE else edit.override()) for edit in ordered]


def notebook(models: Sequence[str], text: str, question: str = "", edits: Sequence[Edit] = ()) -> str:
    """A Jupyter notebook that reads the text again, draws it and asks the question, with `titans_core`."""
    files = {name: name if shipped(name) else f"{name}{own.KIND}" for name in models}
    beside = [f"`{file}`" for name, file in files.items() if file != name]
    needed = f" It needs {' and '.join(beside)} beside it." if beside else ""
    read = "\n".join(f"    {name!r}: read({file!r})," for name, file in files.items())
    read += "".join(
        f"\n    {name + ', edited'!r}: read({file!r}, EDITS)," for name, file in files.items() if edits
    )
    cells = [
        (
            "markdown",
            "# A text, read by Titans\n\nMade by Titans Lab. Run it where `titans_core` can be imported."
            + needed,
        ),
        ("code", f"TEXT = {text!r}\nQUESTION = {question!r}\nEDITS = {changes(edits)!r}"),
        ("code", READ),
        ("markdown", "## What the memory did\n\nOne row a token, layer and head."),
        ("code", f"readings = {{\n{read}\n}}"),
        ("code", FRAME),
        ("code", CURVES),
        ("markdown", "## What it has become\n\nThe weights after the last token: layer 1, head 1."),
        ("code", WEIGHTS),
    ]
    if question:
        cells += [("markdown", "## What it answers"), ("code", ASK)]
    return json.dumps(
        {
            "cells": [cell(number, kind, source.strip()) for number, (kind, source) in enumerate(cells)],
            "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        indent=1,
    )


def cell(number: int, kind: str, source: str) -> dict[str, Any]:
    """A cell of a notebook."""
    rest: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source, **rest}
