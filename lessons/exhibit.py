"""What stands beside the prose: settings from a lesson's head, run on a shipped model, and what was found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import titans_core as tc
from lessons.claims import Claims
from lessons.head import Head
from titans_core import recipes

Loader = Callable[[str], tc.TitansLM]  # a shipped model by its name


@dataclass(frozen=True)
class Found:
    """What an exhibit found. Each kind adds what its figure draws."""

    claims: Claims


def read_models(head: Head) -> tuple[str, ...]:
    """Two models or more. Raises LessonError where one of them is none that is shipped."""
    named, known = head.texts("models", at_least=2), recipes.known()
    if unknown := [name for name in named if name not in known]:
        raise head.error("models", f"must be shipped models, and {unknown[0]} is none")
    return named


class Exhibit(ABC):
    """A kind of exhibit, its fields the settings of one lesson. It draws nothing.

    ``views`` are the figures that a step may show of it, ``actions`` what a learner can do with them, which
    completes a step.
    """

    views: ClassVar[tuple[str, ...]]
    actions: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def read(cls, head: Head) -> Self:
        """The exhibit that a lesson's [exhibit] asks for. Raises LessonError where a field is wrong."""

    @property
    @abstractmethod
    def promises(self) -> tuple[str, ...]:
        """The names of the claims that ``run`` will make, known before it runs."""

    @abstractmethod
    def run(self, load: Loader) -> Found:
        """Do it, the same each time. Raises ValueError where a model cannot be loaded."""

    @property
    def kind(self) -> str:
        """Its name in a lesson's head: that of the module it is in."""
        return type(self).__module__.rpartition(".")[2]
