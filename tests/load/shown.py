"""What Streamlit sends a page, kept as its own frontend keeps it: messages by hash, elements by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


@dataclass
class Kept:
    """A message as it came, the run that used it last, and the fragment it belongs to, if any."""

    raw: bytes
    run: int
    fragment: str


class Cache:
    """Large messages, which the server need not send again while we say that we have them."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._run = 0

    def hashes(self) -> list[str]:
        """What we say with every request."""
        return list(self._kept)

    def take(self, raw: bytes) -> ForwardMsg:
        """The message that came, or the one it refers to. Raises KeyError where that was never sent, or was
        forgotten though we said that we had it."""
        message = ForwardMsg.FromString(raw)
        if message.WhichOneof("type") != "ref_hash":
            if message.metadata.cacheable and message.hash not in self._kept:
                self._kept[message.hash] = Kept(raw, self._run, message.delta.fragment_id)
            return message
        kept = self._kept[message.ref_hash]
        kept.run = self._run
        meant = ForwardMsg.FromString(kept.raw)
        meant.metadata.CopyFrom(message.metadata)
        return meant

    def ran(self, oldest: int, fragments: Sequence[str]) -> None:
        """A run has ended: what was not used in the last ``oldest`` runs is forgotten; where only
        ``fragments`` ran, what belongs to others stays."""
        self._run += 1
        for name, kept in list(self._kept.items()):
            concerned = not fragments or kept.fragment in fragments
            if concerned and self._run - kept.run > oldest:
                del self._kept[name]


@dataclass
class Placed:
    """An element, the run that put it there, and its fragment, if any."""

    element: Element
    run: str
    fragment: str


class Shown:
    """The elements of a page by their place in its tree."""

    def __init__(self) -> None:
        self._placed: dict[tuple[int, ...], Placed] = {}
        self.run = ""  # the one that goes on

    def take(self, message: ForwardMsg) -> Element | None:
        """Put what a message brings in its place; returns it where it is an element."""
        if message.delta.WhichOneof("type") != "new_element":
            return None
        element = message.delta.new_element
        place = tuple(message.metadata.delta_path)
        self._placed[place] = Placed(element, self.run, message.delta.fragment_id)
        return element

    def ran(self, run: str, fragments: Sequence[str]) -> None:
        """A run has ended: what it did not put there is gone; where only ``fragments`` ran, theirs alone."""
        for place, placed in list(self._placed.items()):
            concerned = not fragments or placed.fragment in fragments
            if concerned and placed.run != run:
                del self._placed[place]

    def clear(self) -> None:
        """Another page."""
        self._placed.clear()

    def all(self, kinds: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """What is shown of these kinds, from top to bottom: each kind's name and its message."""
        wanted = set(kinds)
        for _, placed in sorted(self._placed.items()):
            kind = placed.element.WhichOneof("type")
            if kind in wanted:
                yield kind, getattr(placed.element, kind)

    def one(self, kind: str, name: str) -> Any:
        """The element whose key, or whose label, is ``name``. Raises LookupError where there is none."""
        for _, found in self.all([kind]):
            if found.id.endswith(f"-{name}") or getattr(found, "label", "") == name:
                return found
        raise LookupError(f"the page shows no {kind} {name!r}")
