"""What a person can get wrong in Python: one sentence that says what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import titans_core as tc
from titans_core.checkpoint import write_text
from titans_core.console import check_output


@pytest.mark.parametrize("name", [None, 3, b"mac", ["mac"]])
def test_what_is_no_name_and_no_path_is_told_in_one_sentence(name: object) -> None:
    stream = tc.Stream(tc.load("lmm", device="cpu"))
    for use in (tc.load, tc.model_card, stream.save, tc.Stream.load):
        with pytest.raises(TypeError, match="a file is named by a str or a Path, not by"):
            use(name)  # type: ignore[operator]


def test_what_is_no_device_and_no_model_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no device 'None' here"):
        tc.load("lmm", device=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"model= takes a model, as load\('mac'\) gives it, not 'lmm'"):
        tc.Stream.load(tmp_path / "mine.safetensors", "lmm")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is a folder: name the file in it"):
        tc.Stream.load(tmp_path)


def test_nothing_takes_the_place_of_what_is_no_file(tmp_path: Path) -> None:
    """Whoever may would otherwise replace /dev/null by a file of its name."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, tmp_path):
        with pytest.raises(ValueError, match="is no file"):
            write_text(place, "text")
        with pytest.raises(ValueError, match="is no file|is a folder"):
            check_output(place)
    for name in ("a\0b", "x" * 300):
        with pytest.raises(ValueError, match="cannot write"):
            write_text(tmp_path / name, "text")
    assert pipe.is_fifo()
