"""The words around the lessons: buttons, verdicts, labels. A language is a folder; each of its tables is a
file of ``words``, "page" for the page and one a kind of exhibit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache

from lessons.claims import PLACE
from lessons.head import LessonError
from lessons.shelf import FOLDER


class Words:
    """One table: ``words("commit")``, and ``words("left", name="x")`` where a text has {name} in it."""

    def __init__(self, file: str, texts: Mapping[str, str]) -> None:
        self.file, self.texts = file, texts

    def __call__(self, name: str, /, **filled: object) -> str:
        if name not in self.texts:
            raise LessonError(f"{self.file}: {name} is missing; it must be a text")
        return PLACE.sub(lambda place: str(filled[place[1]]), self.texts[name])


@cache
def words(table: str) -> Words:
    """The words of this table. Raises LessonError where there is none."""
    path = FOLDER / "words" / f"{table}.toml"
    try:
        return Words(path.name, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise LessonError(f"{path.name}: this file is missing; it holds the words of {table}") from None
    except tomllib.TOMLDecodeError as error:
        raise LessonError(f"{path.name}: this file is not TOML: {error}") from None
