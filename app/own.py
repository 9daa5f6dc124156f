"""One's own models: checkpoints that whoever runs this lab has put into a folder, each known by its file.

A name is only ever looked up among those that stand in the folder: no path is made of what a link says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import titans_core as tc
from app.hosting.records import ROOT
from app.settings import settings
from titans_core import recipes
from titans_core.family import FAMILY

KIND: Final[str] = ".safetensors"
NAME: Final = re.compile(r"[^\W_]+(?:[ ._-][^\W_]+)*")  # what reads the same on a page and in an address
LONGEST: Final[int] = 40  # characters of a name


class File(NamedTuple):
    """A file as it is now; ``stamp`` is another once it was written anew."""

    path: str
    stamp: tuple[int, int, int]


class Found(NamedTuple):
    """What a file holds: whether its model has a memory, or what is wrong with it."""

    has_memory: bool
    problem: str = ""


def folder() -> Path:
    """Where they are put."""
    return ROOT / settings().models


def files() -> dict[str, File]:
    """Every checkpoint's name and file, those that cannot be used too."""
    found = {}
    try:
        paths = sorted(folder().glob(f"*{KIND}"))
    except OSError:
        return {}
    for path in paths:
        try:
            about = path.stat()
        except OSError:  # gone meanwhile, or a link that leads nowhere
            continue
        found[path.stem] = File(str(path), (about.st_mtime_ns, about.st_size, about.st_ino))
    return found


def usable(with_memory: bool = False) -> list[str]:
    """The names of those that can be chosen; with ``with_memory``, of those that have one."""
    looked = {name: look(file) for name, file in files().items()}
    return [
        name for name, found in looked.items() if not found.problem and (found.has_memory or not with_memory)
    ]


def problems() -> Iterator[str]:
    """A sentence for each that cannot, ready for a page."""
    for file in files().values():
        if problem := look(file).problem:
            yield plain(problem)


@lru_cache(maxsize=256)
def look(file: File) -> Found:
    """What is in a file; looked at once. It costs nobody but itself, whatever it holds."""
    path = Path(file.path)
    if re.sub("[ ._]", "-", path.stem.casefold()) in taken():  # nor may it be shown by the same title
        return Found(False, f"{path.name} has the name of a shipped model: give it another.")
    if len(path.stem) > LONGEST or not NAME.fullmatch(path.stem):
        return Found(
            False,
            f"{path.name[:LONGEST]} cannot be shown by its name: take letters and digits, in words with one "
            f"space, dot, dash or underscore between, at most {LONGEST} characters.",
        )
    try:
        return Found(tc.load(path, device="cpu").has_memory)
    except (OSError, ValueError) as problem:
        told = str(problem).replace(str(path), path.name)
        stop = "" if told.endswith(("?", ".")) else "."
        return Found(False, f"{told}{stop} Remove it, or put a whole one in its place.")


def taken() -> set[str]:
    """Names that are shipped models', or relatives'."""
    return {*recipes.known(), *FAMILY}


def plain(text: str) -> str:
    """A text that Markdown shows as it is, whatever stands in it."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
