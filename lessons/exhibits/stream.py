"""A text, and what a memory does while it reads it: at chosen words, and all of it in the player."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import titans_core as tc
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head
from lessons.mention import Mention, at_mention
from lessons.mention import read as read_mention

MEASURED = ("surprise", "write")


@dataclass(frozen=True)
class Read(Found):
    """What happened while the text was read, writes and all."""

    trace: tc.Trace


@dataclass(frozen=True)
class Share:
    """The claim ``name``: how much of ``quantity`` at ``before`` there is at ``after``, in percent."""

    name: str
    quantity: str
    before: Mention
    after: Mention


@dataclass(frozen=True)
class Shown(Exhibit):
    """``model`` reads ``text``. Claims: ``surprise_NAME`` and ``write_NAME`` at each of the ``words``, and
    each of the ``shares`` by its name."""

    model: str
    text: str
    words: tuple[Mention, ...]
    shares: tuple[Share, ...]

    views: ClassVar[tuple[str, ...]] = ("text", "player")

    @classmethod
    def read(cls, head: Head) -> Shown:
        model, text = head.model("model"), head.text("text")
        words = tuple(read_mention(table, text) for table in head.tables("words"))
        shares = head.tables("shares") if "shares" in head else []
        return cls(model, text, words, tuple(read_share(table, words) for table in shares))

    @property
    def promises(self) -> tuple[str, ...]:
        at_words = [f"{quantity}_{mention.name}" for mention in self.words for quantity in MEASURED]
        return (*at_words, *(share.name for share in self.shares))

    def run(self, load: Loader) -> Read:
        trace = tc.Stream(load(self.model)).feed(self.text, writes=True)
        at_words = {
            f"{quantity}_{mention.name}": Claim(at_mention(trace, quantity, mention))
            for mention in self.words
            for quantity in MEASURED
        }
        shares = {
            share.name: percent(
                at_mention(trace, share.quantity, share.after)
                / at_mention(trace, share.quantity, share.before)
            )
            for share in self.shares
        }
        return Read(at_words | shares, trace)


def read_share(head: Head, words: tuple[Mention, ...]) -> Share:
    """A table of shares, whose ends are named words."""
    named = {mention.name: mention for mention in words}
    name, quantity = head.text("name"), head.one_of("quantity", MEASURED)
    before, after = (named[head.one_of(end, named)] for end in ("before", "after"))
    head.finish()
    return Share(name, quantity, before, after)
