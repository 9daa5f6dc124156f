"""Reading a lesson's head: every field is checked, and an error names the file and the field."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

FENCE = "+++"


class LessonError(ValueError):
    """A lesson's file is not as it must be; the message names the file, the field and the remedy."""


class Head:
    """A table of a lesson's head. Fields are taken out one by one; ``finish`` refuses any left over."""

    def __init__(self, file: str, values: Mapping[str, Any], where: str = "") -> None:
        self.file, self.values, self.where = file, dict(values), where

    def error(self, field: str, remedy: str) -> LessonError:
        """The error to raise about ``field``."""
        return LessonError(f"{self.file}: {self.where}{field} {remedy}")

    def take(self, field: str, kind: type) -> Any:
        """The field's value. Raises LessonError where it is missing or of another kind."""
        names = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}
        if field not in self.values:
            raise self.error(field, f"is missing; it must be {names[kind]}")
        value = self.values.pop(field)
        if type(value) is not kind:
            raise self.error(field, f"must be {names[kind]}, not {value!r}")
        return value

    def text(self, field: str) -> str:
        """A text that says something."""
        value: str = self.take(field, str).strip()
        if not value:
            raise self.error(field, "must not be empty")
        return value

    def count(self, field: str) -> int:
        """A whole number of at least one."""
        value: int = self.take(field, int)
        if value < 1:
            raise self.error(field, f"must be at least 1, not {value}")
        return value

    def one_of(self, field: str, options: Sequence[str]) -> str:
        """A text out of a few."""
        value = self.text(field)
        if value not in options:
            raise self.error(field, f"must be one of {', '.join(options)}, not {value!r}")
        return value

    def table(self, field: str) -> Head:
        """A table inside this one."""
        return Head(self.file, self.take(field, dict), f"{self.where}{field}.")

    def tables(self, field: str, at_least: int = 1) -> list[Head]:
        """A list of tables."""
        found = self.take(field, list)
        if len(found) < at_least:
            raise self.error(field, f"must have at least {at_least} entries, not {len(found)}")
        if not all(isinstance(entry, dict) for entry in found):
            raise self.error(field, "must be a list of tables")
        return [Head(self.file, entry, f"{self.where}{field}[{n}].") for n, entry in enumerate(found, 1)]

    def finish(self) -> None:
        """Raise LessonError where a field is left that no lesson has."""
        for field in self.values:
            raise self.error(field, "is not a field of a lesson")


def split(file: str, content: str) -> tuple[Head, str]:
    """A lesson's head, between two lines of +++, and the prose after it."""
    lines = content.splitlines()
    if FENCE not in lines[1:] or lines[0] != FENCE:
        raise LessonError(f"{file}: the head must stand first, between two lines of {FENCE}")
    end = lines.index(FENCE, 1)
    try:
        values = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        raise LessonError(f"{file}: the head is not TOML: {error}") from error
    return Head(file, values), "\n".join(lines[end + 1 :]).strip()
