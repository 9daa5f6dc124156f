"""The appendix of a language: pages of prose, each a Markdown file with a TOML head, and what they list.

A line ``[[name]]`` in a page's prose is a place; what stands there is for the page to show.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lessons.head import Head, LessonError, split
from lessons.shelf import FOLDER

APPENDIX = FOLDER / "appendix"
PLACE = re.compile(r"^\[\[([a-z]+)\]\]$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One page: ``parts`` are in turn prose and the name of a place."""

    number: int
    name: str
    title: str
    lead: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """``where`` in the paper something is ``open``, what is ``done`` there, and the ``name`` of what does it
    in a ``file``."""

    part: str
    where: str
    open: str
    done: str
    file: str
    name: str


@dataclass(frozen=True)
class Link:
    """A page of the lab, by its address (empty is the first), a query of one field, and what it is called."""

    label: str
    page: str
    query: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Term:
    """A symbol or a word: its ``group``, its name, what it means, the palette's name of its colour (empty for
    none), and where to see it."""

    group: str
    symbol: str
    name: str
    meaning: str
    colour: str
    links: tuple[Link, ...]


def read_page(path: Path, places: Collection[str]) -> Page:
    """A page's file. Raises LessonError where it is not as it must be, or speaks of an unknown place."""
    head, prose = split(path.name, path.read_text(encoding="utf-8"))
    parts = tuple(part.strip() for part in PLACE.split(prose))
    for place in parts[1::2]:
        if place not in places:
            raise head.error(f"[[{place}]]", f"must be one of {', '.join(places)}")
    page = Page(head.count("number"), path.stem, head.text("title"), head.text("lead"), parts)
    head.finish()
    return page


@cache
def pages(places: Collection[str], folder: Path = APPENDIX) -> tuple[Page, ...]:
    """All pages, in order."""
    return tuple(
        sorted((read_page(path, places) for path in folder.glob("*.md")), key=lambda page: page.number)
    )


@cache
def decisions(path: Path = APPENDIX / "silent.toml") -> tuple[Decision, ...]:
    """Where the paper is silent, and what was decided."""
    found = []
    for table in opened(path).tables("decisions"):
        fields = {name: table.text(name) for name in ("part", "where", "open", "done", "file", "name")}
        table.finish()
        found.append(Decision(**fields))
    return tuple(found)


@cache
def glossary(path: Path = FOLDER / "glossary.toml") -> tuple[Term, ...]:
    """Every symbol and word."""
    found = []
    for group in opened(path).tables("groups"):
        title = group.text("title")
        for table in group.tables("terms"):
            symbol, name, meaning = (table.text(field) for field in ("symbol", "name", "meaning"))
            colour = table.text("colour") if "colour" in table else ""
            links = tuple(read_link(link) for link in table.tables("see"))
            table.finish()
            found.append(Term(title, symbol, name, meaning, colour, links))
        group.finish()
    return tuple(found)


def read_link(table: Head) -> Link:
    """Where something can be seen."""
    query = table.table("query") if "query" in table else None
    fields = tuple((name, query.text(name)) for name in tuple(query.values)) if query else ()
    link = Link(table.text("label"), table.take("page", str), fields)
    table.finish()
    return link


def opened(path: Path) -> Head:
    """A file of tables. Raises LessonError where it is none."""
    try:
        return Head(path.name, tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise LessonError(f"{path.name}: this file is not TOML: {error}") from error
