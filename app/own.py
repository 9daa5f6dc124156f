"""One's own models: checkpoints that whoever runs this lab has put into a folder, each known by its file.

A name is only ever looked up among those that stand in the folder: no path is made of what a link says.

python -m app.own NAME    tells, before one of that name is trained, where it could not be shown
"""

from __future__ import annotations

import re
import stat
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import titans_core as tc
from app.hosting.records import ROOT
from app.settings import settings
from titans_core import recipes
from titans_core.checkpoint import read_whole
from titans_core.family import FAMILY

KIND: Final[str] = ".safetensors"
NAME: Final = re.compile(r"[^\W_]+(?:[ ._-][^\W_]+)*")  # what reads the same on a page and in an address
LONGEST: Final[int] = 40  # characters of a name
MOST: Final[int] = 3  # files that cannot be used and are told by name
REASON: Final[int] = 60  # characters of a reason that are few words
RENAME: Final[str] = "Give it another name"
REPLACE: Final[str] = "Put a whole one in its place, or remove it"


class File(NamedTuple):
    """A file as it is now; ``stamp`` is another once it was written anew, and ``regular`` tells that it, or
    what it links to, is no folder, pipe or device."""

    path: str
    stamp: tuple[int, int, int]
    regular: bool


class Found(NamedTuple):
    """What a file holds: whether its model has a memory; or what is wrong with it, in a few words, and what
    to do."""

    has_memory: bool
    problem: str = ""
    remedy: str = ""


def folder() -> Path:
    """Where they are put."""
    return ROOT / settings().models


def files() -> dict[str, File]:
    """Every checkpoint's name and file, those that cannot be used too; one whose name ends in another way
    has that ending in its name."""
    found = {}
    try:
        paths = sorted(path for path in folder().iterdir() if path.name.casefold().endswith(KIND))
    except OSError:
        return {}
    for path in paths:
        try:
            about = path.stat()
        except OSError:  # gone meanwhile, or a link that leads nowhere
            continue
        stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
        name = path.stem if path.name.endswith(KIND) else path.name
        found[name] = File(str(path), stamp, stat.S_ISREG(about.st_mode))
    return found


def usable(with_memory: bool = False) -> list[str]:
    """The names of those that can be chosen; with ``with_memory``, of those that have one."""
    looked = {name: look(file) for name, file in files().items()}
    return [
        name for name, found in looked.items() if not found.problem and (found.has_memory or not with_memory)
    ]


def problems() -> str:
    """One message, ready for a page, on all those that cannot: which, why, and what to do; or nothing."""
    wrong = unusable()
    if len(wrong) <= 1:
        return "".join(told(*one) for one in wrong)
    named = [f"{name} ({found.problem})" for name, found in wrong[:MOST]]
    named += [f"{len(wrong) - MOST} more"] if len(wrong) > MOST else []
    listed = f"{', '.join(named[:-1])} and {named[-1]}"
    return plain(
        f"{len(wrong)} files in the folder of models cannot be used: {listed}. "
        "Put whole ones in their place, give them other names, or remove them."
    )


def each_problem() -> list[str]:
    """A message on each of those that cannot, where they are more than one message names."""
    wrong = unusable()
    return [told(*one) for one in wrong] if len(wrong) > MOST else []


def unusable() -> list[tuple[str, Found]]:
    """The files that cannot be used, and what is wrong with them."""
    looked = ((Path(file.path).name, look(file)) for file in files().values())
    return [(short(name), found) for name, found in looked if found.problem]


def told(name: str, found: Found) -> str:
    """What is wrong with one, ready for a page."""
    return plain(f"{name} cannot be used: {found.problem}. {found.remedy}.")


@lru_cache(maxsize=256)
def look(file: File) -> Found:
    """What is in a file; looked at once. It costs nobody but itself, whatever it holds."""
    path = Path(file.path)
    if not path.name.endswith(KIND):
        return Found(False, f"its name does not end in {KIND}", RENAME)
    if wrong := misnamed(path.stem):
        return wrong
    if not file.regular:  # to open a pipe is to wait for whoever writes into it
        return Found(False, "it is not a regular file", REPLACE)
    try:
        read_whole(path)
    except ValueError as problem:
        if isinstance(problem.__cause__, OSError):
            return Found(False, f"it cannot be opened ({problem.__cause__.strerror})", REPLACE)
        return Found(False, "it is damaged, or not whole", REPLACE)
    try:
        return Found(tc.load(path, device="cpu").has_memory)
    except (OSError, ValueError) as problem:
        reason = str(problem.__cause__ or problem).removeprefix(f"{path.name} ")
        why = f" ({reason})" if len(reason) <= REASON else ""
        return Found(False, f"it is not a model of this version of the lab{why}", REPLACE)


def misnamed(name: str) -> Found | None:
    """What is wrong with a name, where anything is."""
    if re.sub("[ ._]", "-", name.casefold()) in taken():  # nor may it be shown by the same title
        return Found(False, "it has a shipped model's name", RENAME)
    if len(name) > LONGEST:
        return Found(False, f"its name has more than {LONGEST} characters", RENAME)
    if not speakable(name):
        rule = f"{RENAME}: letters and digits, in words with one space, dot, dash or underscore between"
        return Found(False, "its name cannot be shown", rule)
    return None


def speakable(name: str) -> bool:
    """Whether a model can be called so."""
    return len(name) <= LONGEST and NAME.fullmatch(name) is not None


def short(name: str) -> str:
    """A file's name, or the beginning of a long one."""
    return name if len(name) <= LONGEST + len(KIND) else f"{name[:LONGEST]}…"


def taken() -> set[str]:
    """Names that are shipped models', or relatives'."""
    return {*recipes.known(), *FAMILY}


def plain(text: str) -> str:
    """A text that Markdown shows as it is, whatever stands in it."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def main(name: str) -> str | None:
    """A sentence on a recipe's name under which the lab would not show its model."""
    wrong = misnamed(name)
    if wrong is None:
        return None
    return f"The lab shows no model of a recipe called {name!r}: {wrong.problem}. {wrong.remedy}."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
