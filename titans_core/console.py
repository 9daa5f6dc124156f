"""What the commands have in common: how options are read, files checked, and threads taken."""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from pathlib import Path

import torch

from titans_core.files import chain, check_folder, taken


def take_one_thread() -> None:
    """Reading is many small products, for which a second thread costs more than it brings. Who names a number
    gets it."""
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)


def take_streams() -> None:
    """Make ready what is printed to, which the shell may have closed. Raises ValueError where standard
    output is."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    if sys.stdout is None:
        raise ValueError("standard output is closed: leave it open, or send it to a file")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know every character


def positive(text: str) -> int:
    """A whole number above zero, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above zero, not {text!r}")
    return int(text)


def folder(text: str) -> Path:
    """A folder's name, for argparse."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must name a folder")
    return Path(text)


def address(text: str) -> str:
    """A cluster's address, for argparse."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must name a cluster: HOST:PORT, auto or local")
    return text


def check_output(path: Path | None, *inputs: Path) -> None:
    """Raise ValueError, before any work is done, where the ``path`` that a person named is one of the inputs
    or no place for a file, or its folder is not there."""
    if path is None:
        return
    check_place(path)
    if any(path.exists() and source.exists() and path.samefile(source) for source in inputs):
        raise ValueError(f"{path} would be overwritten by what is made of it: name another file")
    check_folder(path)


def check_place(path: Path) -> None:
    """Raise ValueError where no file can be written to ``path``; its folder may still be to be made."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file in it")
    if taken(path):
        raise ValueError(f"{path} is not a file of its own: name another")
    place = next(folder for folder in chain(path)[-1].parents if folder.exists())
    if not place.is_dir():
        raise ValueError(f"{place} is not a folder: name a file elsewhere")
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise ValueError(f"nothing can be written into {place}: name a file elsewhere") from error


def read_text(name: str) -> str:
    """A file's text, or standard input's. Raises ValueError where it is no UTF-8, or empty."""
    if not name:
        raise ValueError("name a text file, or - for standard input")
    if name == "-" and sys.stdin is None:
        raise ValueError("standard input is closed: send a text to it, or name a file")
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8 first") from error
    if not text:
        raise ValueError(f"{name} holds no text: name a file that does")
    return text
