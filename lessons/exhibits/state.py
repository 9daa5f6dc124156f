"""When the memory is read and written, and what becomes of its state between one text and the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

import titans_core as tc
from lessons.answering import chance
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head
from lessons.mention import Mention
from lessons.mention import read as read_mention
from titans_core.trace import Floats

Order = Literal["after", "before"]
ORDERS: tuple[Order, ...] = ("after", "before")
PIECE = 7  # characters


@dataclass(frozen=True)
class Lived(Found):
    """``own``: which share of what a head reads at the word is that word's own write, [layers, heads], when
    memory is read after the write and before it. ``answers``: how likely the right answer is, by what was
    done to the state before the question."""

    own: dict[Order, Floats]
    answers: dict[str, float]


@dataclass(frozen=True)
class Shown(Exhibit):
    """``model`` reads ``text`` up to the word ``at``, and all of it, and is asked ``question``, whose answer
    is ``value``."""

    model: str
    text: str
    question: str
    value: str
    at: Mention

    views: ClassVar[tuple[str, ...]] = ("text", "own", "life")
    actions: ClassVar[tuple[str, ...]] = ("read_before", "forgotten")
    promises: ClassVar[tuple[str, ...]] = (
        "own_after", "own_before", "heads", "answer_after", "answer_before", "carried", "pieces", "reset",
        "wiped", "unwritten", "unread", "asked", "asking", "held",
    )  # fmt: skip

    @classmethod
    def read(cls, head: Head) -> Shown:
        model, text = head.model("model"), head.text("text")
        question, value = head.text("question"), head.text("value")
        return cls(model, text, question, value, read_mention(head.table("at"), text))

    def run(self, load: Loader) -> Lived:
        model = load(self.model)
        models = {"after": reading(model, "after"), "before": reading(model, "before")}
        own = {order: self.own_share(models[order]) for order in ORDERS}
        orders = {order: self.answer(whole(models[order], self.text)) for order in ORDERS}
        answers = {name: self.answer(life(model, self.text)) for name, life in LIVES.items()}
        stream = whole(model, self.text)
        asked, held = (
            changed(stream, other, self.question) for other in (stream, stream.override(write=False))
        )
        claims = {
            "own_after": percent(float(own["after"].max())),
            "own_before": percent(float(np.abs(own["before"]).max())),
            "heads": Claim(int((own["after"] > 0.1).sum()), "d"),
            "answer_after": percent(orders["after"]),
            "answer_before": percent(orders["before"]),
            **{name: percent(chance) for name, chance in answers.items()},
            "asked": percent(asked),
            "asking": Claim("changes" if asked > 0 else "stays"),
            "held": percent(held),
        }
        return Lived(claims, own, answers)

    def own_share(self, model: tc.TitansLM) -> Floats:
        """Which share of what is read at the word its own write is, in each layer and head."""
        span = self.at.span(self.text)
        parts = whole(model, self.text[: span[1] if span else 0]).attribution()
        share: Floats = parts[..., -2] / parts.sum(-1)
        return share

    def answer(self, stream: tc.Stream) -> float:
        """How likely the right answer is now."""
        return chance(stream, self.question, self.value)


def reading(model: tc.TitansLM, order: Order) -> tc.TitansLM:
    """The same model, its memory read in this order."""
    if model.config.memory.read == order:
        return model
    config = replace(model.config, memory=replace(model.config.memory, read=order))
    other = tc.TitansLM(config, model.name, model.digest).to(model.device)
    other.load_state_dict(model.state_dict())
    return other.eval()


def whole(model: tc.TitansLM, text: str) -> tc.Stream:
    """A stream that has read the text."""
    stream = tc.Stream(model)
    stream.feed(text)
    return stream


def in_pieces(model: tc.TitansLM, text: str) -> tc.Stream:
    """A stream that was given the text a few characters at a time."""
    stream = tc.Stream(model)
    for at in range(0, len(text), PIECE):
        stream.feed(text[at : at + PIECE], more=at + PIECE < len(text))
    return stream


def unwritten(model: tc.TitansLM, text: str) -> tc.Stream:
    """A stream that has read the text with its memory never written."""
    stream = tc.Stream(model).override(write=False)
    stream.feed(text)
    return stream


LIVES: dict[str, Callable[[tc.TitansLM, str], tc.Stream]] = {
    "carried": whole,
    "pieces": in_pieces,
    "reset": lambda model, text: tc.Stream(model),
    "wiped": lambda model, text: whole(model, text).wipe(),
    "unwritten": unwritten,
    "unread": lambda model, text: whole(model, text).override(read=False),
}


def changed(before: tc.Stream, stream: tc.Stream, question: str) -> float:
    """How much a question changes the memory's weights, as a share of their norm."""
    after = stream.fork()
    after.feed(f" {question}")
    was, now = before.weights(), after.weights()
    difference = sum(float(((now[name] - was[name]) ** 2).sum()) for name in was)
    return float(np.sqrt(difference / sum(float((weights**2).sum()) for weights in was.values())))
