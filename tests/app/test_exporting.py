"""What is taken along is what was read: the same numbers in every file, and a notebook that computes them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

import titans_core as tc
from app import intervening, models, reading
from app.edits import decode
from app.exporting import frame, parquet
from app.notebook import notebook

TEXT = "Mara put the \"red\" key in the attic.\n'''Tom likes soup,'''\\n she said — 🗝️ {braces} %s."
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def traces() -> dict[str, tc.Trace]:
    return {name: reading.read(models.load(name), TEXT).trace for name in ("mac", "attention")}


def test_csv_and_parquet_hold_the_trace(traces: dict[str, tc.Trace]) -> None:
    table = frame(traces)
    for again in (
        pd.read_csv(io.StringIO(table.to_csv(index=False)), keep_default_na=True),
        pd.read_parquet(io.BytesIO(parquet(table))),
    ):
        for name, trace in traces.items():
            rows = again[again.model == name]
            assert list(rows.nll) == pytest.approx(list(trace.to_frame().nll), abs=1e-6)
        mac = again[again.model == "mac"]
        assert list(mac.surprise) == pytest.approx(list(traces["mac"]["surprise"].ravel()), abs=1e-5)
        assert "".join(mac[(mac.layer == 0) & (mac["head"] == 0)].token.fillna("")) == TEXT


@pytest.mark.slow
def test_the_notebook_runs_and_computes_what_the_page_shows() -> None:
    line = "alpha=0.2,tokens=9-;theta*0.5,layer=2,tokens=4-6;wipe,tokens=8-"
    original = reading.read(models.load("mac"), TEXT)
    done = intervening.begin(original, decode(line), "Where is the key?")
    for step in intervening.stages(done):
        done = step.value
    book = nbformat.reads(notebook(["mac"], TEXT, done.question, done.edits), as_version=4)
    nbformat.validate(book)
    check = "[round(float(t['nll'].sum()), 3) for _, t in readings.values()]"
    book.cells.append(nbformat.v4.new_code_cell(check))
    answers = "[s.ask(QUESTION).text for s, _ in readings.values()]"
    book.cells.append(nbformat.v4.new_code_cell(answers))
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
    sums, told = (json.loads(c.outputs[0]["data"]["text/plain"].replace("'", '"')) for c in book.cells[-2:])
    assert sums == pytest.approx([float(t["nll"].sum()) for t in done.traces.values()], abs=0.01)
    assert told == [answer.text for answer in done.answers if answer]
    drawn = [output for c in book.cells if c.cell_type == "code" for output in c.outputs if "data" in output]
    assert (
        sum("application/vnd.vegalite.v6+json" in o["data"] or "text/html" in o["data"] for o in drawn) >= 4
    )


def test_without_memory_and_question_there_is_a_notebook_too() -> None:
    book = nbformat.reads(notebook(["attention"], TEXT), as_version=4)
    code = [c.source for c in book.cells if c.cell_type == "code"]
    for source in code:
        compile(source, "cell", "exec")
    assert not any("stream.ask" in source for source in code)
