"""Records of Python's logging that can hold no text of a person's, whichever library made them.

Kept are the sentence as it stands in the library's code, the numbers in it, and of an exception its class and
the lines that it came by, not its message: that often quotes what somebody typed.
"""

from __future__ import annotations

import inspect
import json
import logging
import time
import traceback
from collections.abc import Mapping
from enum import Enum, StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, NamedTuple

ROOT: Final[Path] = Path(__file__).resolve().parents[2]
OMITTED: Final[str] = "…"
FRAMES: Final[int] = 12  # of an exception, those nearest to it


class Code(str):
    """A name that stands in the program or in an installed package: of a class, a module, a line."""

    __slots__ = ()


Fact = int | float | Enum | Code


class Told(NamedTuple):
    """An event of our own, and its facts."""

    event: StrEnum
    facts: Mapping[str, Fact]


def kind(error: BaseException) -> Code:
    """The class of an exception."""
    return Code(type(error).__name__)


def trace(way: TracebackType | None) -> Code:
    """The lines that an exception came by, the nearest last: ``app/work.py:70 titans_core/stream.py:12``."""
    frames = traceback.extract_tb(way)[-FRAMES:]
    return Code(" ".join(line(frame.filename, frame.lineno or 0) for frame in frames))


def line(file: str, number: int) -> Code:
    """A line of a file as the project or its package calls it, without where that is installed."""
    path = Path(file)
    if "site-packages" in path.parts:
        name = "/".join(path.parts[path.parts.index("site-packages") + 1 :])
    else:
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return Code(f"{name}:{number}")


class Record(logging.LogRecord):
    """A record of which ``written`` is all that is ever written, as text or, where ``json`` says so, as one
    object."""

    json: ClassVar[bool] = False

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        facts: dict[str, Fact] = {}
        if isinstance(self.msg, Told):
            event, facts = self.msg.event.value, dict(self.msg.facts)
        else:
            event = "note"
            facts = {"by": Code(self.name), "at": line(self.pathname, self.lineno), "said": said(self)}
        if self.exc_info and self.exc_info[1] is not None:
            facts |= {"kind": kind(self.exc_info[1]), "trace": trace(self.exc_info[2])}
        self.args = self.exc_info = self.exc_text = self.stack_info = None
        self.written = spell(self.created, self.levelname.lower(), event, facts)
        self.msg = self.written


def said(record: logging.LogRecord) -> Code:
    """The sentence as it stands in the code that logs it, with its numbers. What was put together while the
    program ran is left out."""
    frame = inspect.currentframe()
    while frame and (frame.f_code.co_filename, frame.f_lineno) != (record.pathname, record.lineno):
        frame = frame.f_back
    if frame is None or record.msg not in frame.f_code.co_consts:
        return Code(OMITTED)
    try:
        return Code(record.msg % numbers(record.args) if record.args else record.msg)
    except (TypeError, ValueError, KeyError):  # a number was wanted where there is none
        return Code(record.msg)


def numbers(args: Any) -> Any:
    """The arguments of a sentence, those that are no number left out."""
    if isinstance(args, Mapping):
        return {name: number(value) for name, value in args.items()}
    return tuple(number(value) for value in args)


def number(value: object) -> object:
    """The value, where it is a number."""
    return value if isinstance(value, int | float) else OMITTED


def spell(created: float, level: str, event: str, facts: Mapping[str, Fact]) -> str:
    """What is written of an event: one line."""
    plain = {name: fact.value if isinstance(fact, Enum) else fact for name, fact in facts.items()}
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(created)) + f".{int(created % 1 * 1000):03}Z"
    if Record.json:
        told = {"time": when, "level": level, "event": event, **plain}
        return json.dumps(told, ensure_ascii=False)
    return " ".join([when, level, event, *(f"{name}={word(value)}" for name, value in plain.items())])


def word(value: object) -> str:
    """A value that stands alone between spaces: in quotation marks where it has spaces itself."""
    return str(value) if len(str(value).split()) == 1 else json.dumps(value, ensure_ascii=False)
