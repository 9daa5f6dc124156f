"""Reading a lesson's head: every field is checked, and an error names the file and the field."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from titans_core import recipes

FENCE = "+++"
NAMES = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a table"}


class LessonError(ValueError):
    """A lesson's file is not as it must be; the message names the file, the field and the remedy."""


class Head:
    """A table of a lesson's head. Fields are taken out one by one; ``finish`` refuses any left over."""

    def __init__(self, file: str, values: Mapping[str, Any], where: str = "") -> None:
        self.file, self.values, self.where = file, dict(values), where

    def __contains__(self, field: str) -> bool:
        return field in self.values

    def error(self, field: str, remedy: str) -> LessonError:
        """The error to raise about ``field``."""
        return LessonError(f"{self.file}: {self.where}{field} {remedy}")

    def take(self, field: str, kind: type) -> Any:
        """The field's value. Raises LessonError where it is missing or of another kind."""
        if field not in self.values:
            raise self.error(field, f"is missing; it must be {NAMES[kind]}")
        value = self.values.pop(field)
        if type(value) is not kind:
            raise self.error(field, f"must be {NAMES[kind]}, not {value!r}")
        return value

    def text(self, field: str) -> str:
        """A text that says something."""
        value: str = self.take(field, str).strip()
        if not value:
            raise self.error(field, "must not be empty")
        return value

    def texts(self, field: str, at_least: int = 1) -> tuple[str, ...]:
        """A list of texts, none of them empty."""
        values = self.take(field, list)
        if len(values) < at_least or not all(isinstance(value, str) and value.strip() for value in values):
            raise self.error(field, f"must be a list of at least {at_least} texts")
        return tuple(value.strip() for value in values)

    def count(self, field: str) -> int:
        """A whole number of at least one."""
        value: int = self.take(field, int)
        if value < 1:
            raise self.error(field, f"must be at least 1, not {value}")
        return value

    def number(self, field: str, least: float, most: float) -> float:
        """A number between two bounds, whole or not."""
        if type(self.values.get(field)) is int:
            self.values[field] = float(self.values[field])
        value: float = self.take(field, float)
        if not least <= value <= most:
            raise self.error(field, f"must lie between {least:g} and {most:g}, not {value:g}")
        return value

    def one_of(self, field: str, options: Collection[str]) -> str:
        """A text out of a few."""
        value = self.text(field)
        if value not in options:
            raise self.error(field, f"must be one of {', '.join(options)}, not {value!r}")
        return value

    def model(self, field: str) -> str:
        """The name of a shipped model; one whose checkpoint is not here is missed when it is loaded."""
        return self.one_of(field, recipes.known())

    def table(self, field: str) -> Head:
        """A table inside this one."""
        return Head(self.file, self.take(field, dict), f"{self.where}{field}.")

    def tables(self, field: str, at_least: int = 1, at_most: int | None = None) -> list[Head]:
        """A list of tables."""
        found = self.take(field, list)
        if len(found) < at_least:
            raise self.error(field, f"must have at least {at_least} entries, not {len(found)}")
        if at_most is not None and len(found) > at_most:
            raise self.error(field, f"must have at most {at_most} entries, not {len(found)}")
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
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LessonError(f"{file}: the head is not TOML: {error}") from error
    return Head(file, values), "\n".join(lines[end + 1 :]).strip()
