"""What is told to the guests of a room, wherever they are connected: the words, and the way they take between
servers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Word:
    """``text`` for the guests of the room ``code``; of each ``kind`` only the newest counts. ``step`` is the
    number of the place that it tells; 0 where it tells none."""

    code: str
    kind: str
    text: str
    hosts_only: bool = False
    step: int = 0

    @classmethod
    def of(cls, code: str, kind: str, **told: Any) -> Word:
        """A word to everybody in a room."""
        return cls(code, kind, spell(kind, **told))


def spell(kind: str, **told: Any) -> str:
    """A message to a browser."""
    return json.dumps({"is": kind} | told, ensure_ascii=False, separators=(",", ":"))


class Bus(Protocol):
    """The way between the hubs of servers that share rooms."""

    def join(self, deliver: Callable[[Word], None], catch_up: Callable[[], Awaitable[None]]) -> None:
        """Hear what other hubs say from now on; ``catch_up`` is called where some may have been lost."""

    def say(self, word: Word) -> None:
        """Let the other hubs hear it; whoever says it does not wait."""


class Alone:
    """No way, for a server that has its rooms to itself."""

    def join(self, deliver: Callable[[Word], None], catch_up: Callable[[], Awaitable[None]]) -> None:
        """Nobody else speaks."""

    def say(self, word: Word) -> None:
        """Nobody else hears."""
