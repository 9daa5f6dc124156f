"""One's own texts, to be learned token by token: random stretches of them, each begun with a word."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from titans_core.tasks.document import Tag
from titans_core.tasks.story import Batch
from titans_core.tasks.unseen import PARAGRAPHS
from titans_core.tokenizer import Tokenizer

ENDINGS: Final[tuple[str, ...]] = (".txt", ".md")  # of a folder's files that are texts
LARGEST: Final[int] = 64_000_000  # bytes of all texts together
BETWEEN: Final[str] = "\n\n"  # what stands between two texts
POOR: Final[float] = 0.7  # of English prose's characters a token: below, the vocabulary is foreign to a text


@dataclass(frozen=True)
class Texts:
    """All texts one after another as token ``ids`` [N], and how many files and characters they are."""

    ids: NDArray[np.int32]
    files: int
    characters: int
    tokenizer: Tokenizer

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where a stretch may begin: at the begin of all, and at every token that begins a word."""
        opens = np.array([token.startswith(b" ") for token in self.tokenizer.token_bytes])[self.ids]
        opens[0] = True
        return np.flatnonzero(opens)

    @cached_property
    def digest(self) -> str:
        """Tells these texts from others, hexadecimal."""
        return hashlib.sha256(self.ids.tobytes()).hexdigest()

    def check(self, length: int) -> None:
        """Raise ValueError where they have no stretch of so many tokens."""
        if len(self.ids) < length:
            raise ValueError(
                f"the texts have {len(self.ids):,} tokens together, and a stage of length = {length:,} reads "
                "more at once: add texts, or make length smaller"
            )

    def stretches(self, rng: Random, size: int, length: int) -> Batch:
        """``size`` stretches, arrays [size, length + 1] as of stories, BEGIN first; all of a stretch is
        tagged TEXT."""
        room = int(np.searchsorted(self.starts, len(self.ids) - length, side="right"))
        ids = np.full((size, length + 1), self.tokenizer.begin, np.int64)
        for row in ids:
            start = self.starts[rng.randrange(room)]
            row[1:] = self.ids[start : start + length]
        none = np.zeros(ids.shape, np.int8)
        return Batch(ids, np.full_like(none, Tag.TEXT), none.astype(np.int32), none)

    def about(self) -> dict[str, int | str]:
        """What a model card says of them."""
        return {
            "files": self.files,
            "characters": self.characters,
            "tokens": len(self.ids),
            "digest": self.digest,
        }

    def fit(self) -> str:
        """How well the tokenizer's vocabulary fits them, in a sentence for people."""
        english = BETWEEN.join(PARAGRAPHS)
        usual = len(english) / len(self.tokenizer.encode(english))
        found = self.characters / len(self.ids)
        poor = "; its vocabulary is English and fits them badly, so they are learned slower"
        return (
            f"{self.files:,} {'text' if self.files == 1 else 'texts'}, {self.characters:,} characters, "
            f"{len(self.ids):,} tokens: {found:.1f} characters a token, where English that the tokenizer "
            f"has not seen has {usual:.1f}{poor if found < POOR * usual else ''}"
        )


def read_texts(patterns: Sequence[str], beside: Path, tokenizer: Tokenizer | None = None) -> Texts:
    """The texts that ``patterns`` name: files, folders, or names with * in them, all relative to ``beside``.

    Raises ValueError with one sentence where one names nothing, or a file is empty or no UTF-8 text.
    """
    tokenizer = tokenizer or Tokenizer.load()
    paths = sorted({path for pattern in patterns for path in named(pattern, beside)})
    if (size := sum(path.stat().st_size for path in paths)) > LARGEST:
        raise ValueError(f"the texts have {size:,} bytes together, over the limit of {LARGEST:,}: name fewer")
    parts: list[NDArray[np.int32]] = []
    characters = 0
    for path in paths:
        text = (BETWEEN if parts else "") + read_text(path)
        characters += len(text)
        parts.append(np.array(tokenizer.encode(text, opening=not parts), np.int32))
    return Texts(np.concatenate(parts), len(paths), characters, tokenizer)


def named(pattern: str, beside: Path) -> Iterator[Path]:
    """The files that a pattern names. Raises ValueError where there is none."""
    if not pattern.strip():  # it would be the whole folder beside the recipe
        raise ValueError("texts: a name is empty: name a file, a folder, or files with a *")
    path = beside / pattern
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.suffix.lower() in ENDINGS]
    elif path.is_file():
        found = [path]  # though its name may have brackets
    else:
        found = [beside / name for name in glob.glob(pattern, root_dir=beside, recursive=True)]
    if not (files := [file for file in found if file.is_file()]):
        told = f"holds no file that ends in {' or '.join(ENDINGS)}" if path.is_dir() else "names no file"
        raise ValueError(f"texts: {pattern!r} {told}; it is looked for beside the recipe")
    yield from files


def read_text(path: Path) -> str:
    """A file's text. Raises ValueError where it cannot be read, is empty, or is no UTF-8 text."""
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8 first") from error
    if "\0" in text:
        raise ValueError(f"{path} holds binary data, not text: leave it out")
    if not text.strip():
        raise ValueError(f"{path} is empty: leave it out")
    return text
