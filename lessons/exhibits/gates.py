"""A text read with one gate changed at one token, and what becomes of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import titans_core as tc
from lessons.answering import chance
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head
from lessons.mention import Mention, at_mention
from lessons.mention import read as read_mention
from titans_core.override import GATES, largest
from titans_core.trace import Floats

FELT = 0.05  # a difference in a probability that is smaller than this counts as none


@dataclass(frozen=True)
class Edit:
    """The claim ``name``: one gate clamped to ``value`` at one word, or at two, all else as the model has
    it."""

    name: str
    gate: str
    value: float
    at: tuple[Mention, ...]


@dataclass(frozen=True)
class Edited(Found):
    """The text's ``tokens`` and each gate's mean over layers and heads at each; how likely each of the values
    is, unedited; and the largest value that each gate can be clamped to: θ's times 1 − η where η is not 0."""

    tokens: list[str]
    gates: dict[str, Floats]
    chances: tuple[float, ...]
    most: dict[str, float]


@dataclass(frozen=True)
class Shown(Exhibit):
    """``model`` reads ``text`` and is asked ``question``; ``values`` are the answer as it was and as it is.
    Each of the ``edits`` makes the claims ``sign_NAME``, "more", "less" or "same" by what becomes of the
    latest value, ``new_NAME`` and ``old_NAME``, the probabilities then, and ``theta_at_NAME``, what θ is then
    at that word; ``theta_WORD`` and ``alpha_WORD`` are the gates at each of the ``words``."""

    model: str
    text: str
    question: str
    values: tuple[str, str]
    words: tuple[Mention, ...]
    edits: tuple[Edit, ...]

    views: ClassVar[tuple[str, ...]] = ("text", "gate", "edit")
    actions: ClassVar[tuple[str, ...]] = ("undone",)

    @classmethod
    def read(cls, head: Head) -> Shown:
        model, text, question = head.model("model"), head.text("text"), head.text("question")
        old, new = head.text("old"), head.text("new")
        words = tuple(read_mention(table, text) for table in head.tables("words"))
        edits = tuple(read_edit(table, words) for table in head.tables("edits"))
        return cls(model, text, question, (old, new), words, edits)

    @property
    def promises(self) -> tuple[str, ...]:
        at_words = (f"{gate}_{mention.name}" for mention in self.words for gate in ("theta", "alpha"))
        edited = (f"{what}_{edit.name}" for edit in self.edits for what in ("sign", "old", "new", "theta_at"))
        return ("old", "new", *at_words, *edited)

    def run(self, load: Loader) -> Edited:
        model = load(self.model)
        stream = tc.Stream(model)
        trace = stream.feed(self.text)
        old, new = self.chances(stream)
        claims = {"old": percent(old), "new": percent(new)}
        for mention in self.words:
            for gate in ("theta", "alpha"):
                claims[f"{gate}_{mention.name}"] = Claim(at_mention(trace, gate, mention), ".3f")
        for edit in self.edits:
            places = sorted(mention.tokens(trace.tokens)[0] for mention in edit.at)
            then, after = reread(stream, trace, edit.gate, edit.value, *places)
            then_old, then_new = self.chances(then)
            claims |= {
                f"sign_{edit.name}": Claim(sign(then_new - new)),
                f"old_{edit.name}": percent(then_old),
                f"new_{edit.name}": percent(then_new),
                f"theta_at_{edit.name}": Claim(float(after["theta"][0].mean()), ".3f"),
            }
        gates = {gate: np.asarray(trace[gate].mean((1, 2))) for gate in GATES}
        return Edited(claims, trace.tokens, gates, (old, new), largest(model.config))

    def chances(self, stream: tc.Stream) -> tuple[float, float]:
        """How likely the old value and the new one are as answers now."""
        old, new = (chance(stream, self.question, value) for value in self.values)
        return old, new

    def edited(
        self, stream: tc.Stream, trace: tc.Trace, gate: str, value: float, *places: int
    ) -> tuple[float, float]:
        """The same with one gate clamped at these tokens, in order."""
        return self.chances(reread(stream, trace, gate, value, *places)[0])

    def tried(self, model: tc.TitansLM, gate: str, value: float, place: int) -> tuple[float, float]:
        """What a learner's own edit makes of the answer."""
        stream = tc.Stream(model)
        return self.edited(stream, stream.feed(self.text), gate, value, place)


def reread(
    stream: tc.Stream, trace: tc.Trace, gate: str, value: float, *places: int
) -> tuple[tc.Stream, tc.Trace]:
    """The stream that read ``trace``, with one gate clamped at these tokens, in order: the first of them and
    all that follows is read again, and traced."""
    clamped: dict[str, float] = {gate: value}
    other = stream.at(places[0]).override(**clamped, tokens=places)  # type: ignore[arg-type]
    return other, other.feed(trace.ids[places[0] :])


def read_edit(head: Head, words: tuple[Mention, ...]) -> Edit:
    """One of the [[exhibit.edits]]."""
    named = {mention.name: mention for mention in words}
    gate = head.one_of("gate", GATES)
    ends = ("at", "also") if "also" in head else ("at",)
    at = tuple(named[head.one_of(end, named)] for end in ends)
    edit = Edit(head.text("name"), gate, head.number("value", 0, 1), at)
    head.finish()
    return edit


def sign(difference: float) -> str:
    """What became of a probability, in a word."""
    return "same" if abs(difference) < FELT else "more" if difference > 0 else "less"
