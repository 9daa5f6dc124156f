"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def as_path(path: str | Path) -> Path:
    """A file's path. Raises TypeError for what names none."""
    if not isinstance(path, str | Path):
        raise TypeError(f"a file is named by a str or a Path, not by {path!r:.80}")
    return Path(path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 to ``path``; an interrupted write leaves what was there."""
    write_bytes(path, text.encode())


def taken(path: Path) -> bool:
    """Whether a folder or a device is there: a file moved there would take a device's place."""
    with suppress(OSError, ValueError):  # a name may be too long for a file, or none
        return path.exists() and not path.is_file()
    return False


def write_bytes(path: Path, content: bytes) -> None:
    """Write beside ``path`` and move into place. Raises ValueError where that cannot be done."""
    if not path.name:
        raise ValueError("the file to write has no name")
    if taken(path):
        raise ValueError(f"cannot write {path}: it is there, and is not a file; name another")
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")  # others may write the same file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        with draft.open("rb+") as file:
            os.fsync(file)  # or a machine that loses its power would have the name without the content
        os.replace(draft, path)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error
    finally:  # also where somebody stops it: no other draft would take this one's place
        with suppress(OSError, ValueError):
            draft.unlink()
