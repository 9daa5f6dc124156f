"""The notebook of one's own model runs from its first cell to its last, with a budget of seconds."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

import titans_core as tc
from lessons.notebooks.__main__ import run

NOTEBOOK = Path(__file__).parents[1] / "lessons" / "notebooks" / "train-your-own.ipynb"
BOOK = nbformat.read(NOTEBOOK, as_version=4)


@pytest.mark.slow
def test_it_trains_a_model_that_the_lab_can_show(tmp_path: Path) -> None:
    book = nbformat.from_dict(BOOK)
    (given,) = (cell for cell in book.cells if "parameters" in cell.metadata.get("tags", ()))
    short = {"BUDGET": 0.0, "BATCH": 512, "RUN": str(tmp_path / "run"), "MODELS": str(tmp_path / "models")}
    for name, value in short.items():
        given.source, found = re.subn(rf"^{name} = .*$", f"{name} = {value!r}", given.source, flags=re.M)
        assert found == 1, name
    run(book)
    (kept,) = (tmp_path / "models").iterdir()
    assert tc.Stream(tc.load(kept)).feed("Mara put the red key in the attic.")["nll"].size > 0
    (told,) = (output["data"]["text/markdown"] for output in book.cells[-1].outputs)
    assert re.match(r"8 steps, 4,096 tokens, trained in 0\.\d minutes", told)


def test_what_is_kept_of_it_is_a_whole_run_that_learned_and_little_else() -> None:
    assert NOTEBOOK.stat().st_size < 60_000
    outputs = [output for cell in BOOK.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    (told,) = (output["data"]["text/markdown"] for output in BOOK.cells[-1].outputs)
    minutes, right, wiped = re.search(
        r"in ([\d.]+) minutes of one core's time.* answered (\d+) right .* and (\d+) with it wiped", told
    ).groups()  # type: ignore[union-attr]
    assert float(minutes) <= 10 and int(right) >= 15 > 2 * int(wiped)


def test_it_uses_the_librarys_surface_alone() -> None:
    code = "\n".join(cell.source for cell in BOOK.cells if cell.cell_type == "code")
    assert re.findall(r"^(?:import|from) (titans_core|kernels|app|lessons).*$", code, re.M) == ["titans_core"]
    assert set(re.findall(r"\btc\.(\w+)", code)) <= set(tc.__all__)
