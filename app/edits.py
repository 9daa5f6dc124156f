"""What a person changes about a memory while it reads: the list of edits, and how it is written in a line.

`alpha=0.2;theta*2,layer=2,head=1,tokens=10-20;write=off,tokens=30;wipe,tokens=25-` counts layers, heads and
tokens from 1, as the pages do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app import limits
from app.limits import BadInput
from app.settings import settings
from titans_core.answer import LONGEST
from titans_core.config import ModelConfig
from titans_core.override import GATES, Override, places

SYMBOLS: Final[dict[str, str]] = {"eta": "η", "theta": "θ", "alpha": "α"}
STOPS: Final[dict[str, str]] = {"write": "no writing", "read": "no reading"}
WIPE: Final[str] = "wipe"
MOST: Final[int] = 32  # edits in a list
ITEM = re.compile(
    r"(?:(?P<gate>eta|theta|alpha)(?P<sign>[=*])(?P<value>[0-9.e+-]+)|(?P<stop>write|read)=off|(?P<wipe>wipe))"
    r"(?:,layer=(?P<layer>[0-9]{1,6}))?(?:,head=(?P<head>[0-9]{1,6}))?"
    r"(?:,tokens=(?P<first>[0-9]{1,9})(?P<dash>-(?P<last>[0-9]{1,9})?)?)?"
)


@dataclass(frozen=True)
class Edit:
    """One intervention: a gate (eta, theta, alpha) clamped to ``value`` or multiplied by it where ``scale``;
    "write" or "read" stopped; or "wipe". Layer and head count from 0, None is all of them. It holds from
    token ``start`` (from 0) until before ``stop``, or, where that is None, until the text's end and in what
    is asked then; a wipe happens before ``start``."""

    kind: str
    value: float | None = None
    scale: bool = False
    layer: int | None = None
    head: int | None = None
    start: int = 0
    stop: int | None = None

    def override(self) -> dict[str, Any]:
        """The same as arguments of ``Stream.override``; not for a wipe."""
        what = {self.kind: self.value if self.kind in GATES else False}
        # no further than anything is read: each token takes memory
        most = settings().text_tokens + limits.MAX_QUESTION + LONGEST
        tokens = None if self.stop is None else range(self.start, min(self.stop, max(most, self.start + 1)))
        return what | {"scale": self.scale, "layers": self.layer, "heads": self.head, "tokens": tokens}

    def check(self, config: ModelConfig, tokens: int) -> None:
        """Raise BadInput where a text of so many tokens, read by such a model, cannot be edited so."""
        self.check_tokens(tokens)
        if self.kind == WIPE:
            return
        for name, place, count in (("layer", self.layer, config.layers), ("head", self.head, config.heads)):
            if place is not None and place >= count:
                there = f"{name}s 1 to {count}" if count > 1 else f"one {name} alone"
                raise BadInput(f"There is no {name} {place + 1}: the model has {there}.")
        try:
            what = self.override() | {
                "layers": places(self.layer),
                "heads": places(self.head),
                "tokens": None,
            }
            Override(self.start, **what).check(config)
        except ValueError as error:
            message = str(error)
            raise BadInput(f"{message[:1].upper()}{message[1:]}.") from None

    def check_tokens(self, tokens: int) -> None:
        """Raise BadInput where it holds at none of a text's so many tokens."""
        if not 0 <= self.start < tokens:
            raise BadInput(
                f"Token {self.start + 1:,} is not in the text: it has {tokens:,}. Choose an earlier one."
            )
        if self.stop is not None and self.stop > limits.FURTHEST:
            raise BadInput(
                f"Token {self.stop:,} is never read: choose an earlier last one, or none for the end."
            )
        if self.stop is not None and self.stop <= self.start:
            raise BadInput("The last token comes before the first: choose a later one, or none for the end.")

    @property
    def what(self) -> str:
        """What is done, in a few signs or words."""
        if self.kind == WIPE:
            return "wiped"
        if self.kind in STOPS:
            return STOPS[self.kind]
        return f"{SYMBOLS[self.kind]} {'×' if self.scale else '='} {self.value:g}"

    @property
    def where(self) -> str:
        """Which layer and head, and at which tokens, in words."""
        if self.kind == WIPE:
            return f"before token {self.start + 1:,}"
        place = [f"layer {self.layer + 1}"] if self.layer is not None else []
        place += [f"head {self.head + 1}"] if self.head is not None else []
        return ", ".join([*place, self._when()])

    def __str__(self) -> str:
        return f"{self.what}, {self.where}"

    def _when(self) -> str:
        if self.stop is None:
            return f"from token {self.start + 1:,} on" if self.start else "everywhere"
        if self.stop == self.start + 1:
            return f"at token {self.stop:,} alone"
        return f"at tokens {self.start + 1:,} to {self.stop:,}"


def encode(edits: Sequence[Edit]) -> str:
    """The list in one line, as ``decode`` reads it."""
    return ";".join(_encode(edit) for edit in edits)


def _encode(edit: Edit) -> str:
    if edit.kind in GATES:
        parts = [f"{edit.kind}{'*' if edit.scale else '='}{edit.value!r}"]
    else:
        parts = [edit.kind if edit.kind == WIPE else f"{edit.kind}=off"]
    parts += [f"layer={edit.layer + 1}"] if edit.layer is not None else []
    parts += [f"head={edit.head + 1}"] if edit.head is not None else []
    if edit.stop is not None and edit.stop == edit.start + 1:
        parts.append(f"tokens={edit.stop}")
    elif edit.start or edit.stop is not None:
        parts.append(f"tokens={edit.start + 1}-{'' if edit.stop is None else edit.stop}")
    return ",".join(parts)


def decode(text: str) -> tuple[Edit, ...]:
    """The edits of a line that ``encode`` wrote. Raises BadInput for any other."""
    items = text.split(";") if text else []
    if len(items) > MOST:
        raise BadInput(f"This list has {len(items)} edits; the page takes up to {MOST}. Leave some out.")
    return tuple(_decode(item) for item in items)


def _decode(item: str) -> Edit:
    found = ITEM.fullmatch(item)
    try:
        if found is None:
            raise ValueError
        part = found.groupdict()
        first, last = int(part["first"] or 1), int(part["last"] or part["first"] or 0)
        if part["dash"] and not part["last"]:
            last = 0
        layer, head = (int(part[name]) - 1 if part[name] else None for name in ("layer", "head"))
        if first < 1 or -1 in (layer, head):
            raise ValueError
        return Edit(
            part["gate"] or part["stop"] or WIPE,
            float(part["value"]) if part["gate"] else None,
            part["sign"] == "*",
            layer,
            head,
            first - 1,
            last or None,
        )
    except ValueError:
        shown = item if len(item) <= 40 else f"{item[:40]}…"
        raise BadInput(
            f"“{shown}” is not an edit: write, for instance, alpha=0.2, theta*2,tokens=10-20, write=off or "
            "wipe."
        ) from None
