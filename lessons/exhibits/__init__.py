"""The kinds of exhibits, one module a kind: its class is called ``Shown`` there, its name is the module's."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from lessons.exhibit import Exhibit
from lessons.head import Head


def kinds() -> tuple[str, ...]:
    """The names that a lesson's ``exhibit.kind`` can have."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def read(head: Head) -> Exhibit:
    """The head's [exhibit]. Raises LessonError for a kind that there is not, and for its wrong settings."""
    kind = head.one_of("kind", kinds())
    shown: Exhibit = import_module(f"{__name__}.{kind}").Shown.read(head)
    head.finish()
    return shown
