"""Lesson files that whoever writes a lesson may get wrong."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as some

from lessons import LessonError, files
from lessons.lesson import load
from tests.fuzz.models import FOLDER
from tests.fuzz.target import JSON, TEXTS, Target, damaged

SOUND = [path.read_bytes() for path in files()]


def lesson(content: bytes) -> None:
    """Read a lesson's file."""
    path = Path(FOLDER.name) / "01-given.md"
    path.write_bytes(content)
    load(path)


def shuffled(told: tuple[bytes, list[tuple[int, int]]]) -> bytes:
    """Lines of a lesson in the place of others."""
    lines = told[0].splitlines(keepends=True)
    for one, other in told[1]:
        lines[one % len(lines)] = lines[other % len(lines)]
    return b"".join(lines)


def retold(told: tuple[bytes, int, object]) -> bytes:
    """A field of a lesson's head with another value."""
    content, number, value = told
    lines = content.splitlines()
    fields = [n for n, line in enumerate(lines) if b" = " in line]
    where = fields[number % len(fields)]
    spelled = repr(value).replace("True", "true").replace("False", "false").replace("None", '""')
    lines[where] = lines[where].partition(b"=")[0] + b"= " + spelled.encode(errors="replace")
    return b"\n".join(lines)


NUMBERS = some.integers(0, 10_000)
FILES = some.sampled_from(SOUND)
CONTENTS = (
    FILES.flatmap(damaged)
    | some.tuples(FILES, some.lists(some.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4)).map(shuffled)
    | some.tuples(FILES, NUMBERS, JSON | TEXTS | some.integers(-2, 3)).map(retold)
    | some.tuples(some.just(b"+++\n"), some.binary(max_size=60), some.just(b"\n+++\n")).map(b"".join)
    | some.just(b"+++\na = " + b"[" * 50_000 + b"\n+++\n")
    | some.binary(max_size=60)
)

TARGETS = (Target("lesson file", CONTENTS, lesson, (LessonError,)),)
