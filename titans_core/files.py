"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

DEVICES: Final = (Path("/dev"), Path("/proc"))  # and what processes have open
IN_MEMORY: Final = DEVICES[0] / "shm"  # files like any other


def as_path(path: str | Path) -> Path:
    """A file's path. Raises TypeError for what names none."""
    if not isinstance(path, str | Path):
        raise TypeError(f"a file is named by a str or a Path, not by {path!r:.80}")
    return Path(path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 to ``path``; an interrupted write leaves what was there."""
    write_bytes(path, text.encode())


def chain(path: Path) -> list[Path]:
    """``path`` and what it leads to, link by link, each in the folder where that truly lies. Raises
    ValueError where links lead in a circle."""
    found: list[Path] = []
    step = path
    while (place := Path(os.path.realpath(step.parent), step.name)) not in found:
        found.append(place)
        if not place.is_symlink():
            return found
        step = place.parent / place.readlink()
    raise ValueError(f"{path} is a link that leads back to itself: name another file")


def is_device(place: Path) -> bool:
    """Whether it lies where devices do."""
    return any(map(place.is_relative_to, DEVICES)) and not place.is_relative_to(IN_MEMORY)


def taken(path: Path) -> bool:
    """Whether a folder or a device is there, or links lead to one or through one: a file moved there would
    take a device's place, and one moved to where /dev/stdout leads would cut off what is printed."""
    with suppress(OSError, ValueError):  # a name may be too long for a file, or none
        return any(map(is_device, chain(path))) or (path.exists() and not path.is_file())
    return False


def check_folder(path: Path) -> None:
    """Raise ValueError where the folder that a file would lie in is not there: a slip of the pen is no wish
    for a folder. Whoever wants one makes it."""
    if not (place := chain(path)[-1].parent).exists():
        raise ValueError(f"there is no folder {place}: make it first, or name a file elsewhere")


def write_bytes(path: Path, content: bytes) -> None:
    """Write beside ``path``, or beside what it leads to where it is a link, and move into place. Raises
    ValueError where that cannot be done, also where the folder is not there."""
    if not path.name:
        raise ValueError("the file to write has no name")
    if taken(path):
        raise ValueError(f"cannot write {path}: what is there is not a file of its own; name another")
    try:
        check_folder(path)
        put(chain(path)[-1], content)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error


def put(place: Path, content: bytes) -> None:
    """Move a file with this content to a place that is no link; who may read one that is replaced stays as it
    was."""
    mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else None
    draft = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")  # others may write the same file
    try:
        draft.touch(0o666 if mode is None else 0o600)  # until it is whole, nobody else may read it
        draft.write_bytes(content)
        with draft.open("rb+") as file:
            if mode is not None:
                draft.chmod(mode)
            os.fsync(file)  # or a machine that loses its power would have the name without the content
        os.replace(draft, place)
    finally:  # also where somebody stops it: no other draft would take this one's place
        with suppress(OSError, ValueError):
            draft.unlink()
