"""Run every notebook from its first cell to its last, and keep what it found: python -m lessons.notebooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import nbformat
from nbclient import NotebookClient

HERE: Final[Path] = Path(__file__).resolve().parent
ROOT: Final[Path] = HERE.parents[1]


def run(book: nbformat.NotebookNode) -> None:
    """Give a notebook its outputs, as far as they are kept. Raises CellExecutionError where a cell fails."""
    client = NotebookClient(book, timeout=None, resources={"metadata": {"path": str(HERE)}})
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT)})
    for cell in book.cells:
        cell.metadata.pop("execution", None)  # when each cell ran; the last one tells how long it took
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if worth(output)]


def worth(output: nbformat.NotebookNode) -> bool:
    """Whether an output is kept: no progress bars, nor the empty lines between them, nor pictures, which
    would come with scripts from elsewhere."""
    if output.output_type == "stream":
        return bool(output.name == "stdout" and output.text.strip())
    return "text/html" not in output.get("data", {})


def main() -> None:
    """Run them all, one after another."""
    for path in sorted(HERE.glob("*.ipynb")):
        book = nbformat.read(path, as_version=4)
        run(book)
        nbformat.write(book, path)
        print(f"{path.name} ran to its end")


if __name__ == "__main__":
    main()
