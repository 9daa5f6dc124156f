"""All lessons of a language; one that is malformed keeps nobody from the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lessons.head import LessonError
from lessons.lesson import Lesson, load

FOLDER = Path(__file__).resolve().parent / "en"


@dataclass(frozen=True)
class Shelf:
    """The lessons that are as they must be, in order, and one sentence for each that is not."""

    lessons: tuple[Lesson, ...]
    problems: tuple[str, ...]


def files(folder: Path = FOLDER) -> list[Path]:
    """The lessons' files, in order, without those that an editor hides beside them."""
    found = (path for path in folder.glob("*.md") if not path.name.startswith("."))
    return sorted(found, key=lambda path: (path.name.partition("-")[0].zfill(9), path.name))


def survey(folder: Path = FOLDER) -> Shelf:
    """Read them all."""
    lessons: list[Lesson] = []
    problems: list[str] = []
    taken: dict[int | str, str] = {}
    for path in files(folder):
        try:
            lesson = load(path)
            for mark in (lesson.number, lesson.name):
                if mark in taken:
                    raise LessonError(f"{path.name}: {mark} is taken by {taken[mark]}; choose another")
            taken |= {lesson.number: path.name, lesson.name: path.name}
            lessons.append(lesson)
        except LessonError as error:
            problems.append(str(error))
    return Shelf(tuple(lessons), tuple(problems))


def load_all(folder: Path = FOLDER) -> tuple[Lesson, ...]:
    """Every lesson of a folder, in order. Raises LessonError for the first that is not as it must be."""
    shelf = survey(folder)
    if shelf.problems:
        raise LessonError(shelf.problems[0])
    return shelf.lessons
