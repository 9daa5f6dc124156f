"""A change of topic, and how open the forgetting gate is; the gate clamped; a memory that never forgets."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar, NamedTuple

import numpy as np

import titans_core as tc
from lessons.answering import chance
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head
from lessons.mention import Mention, at_mention
from lessons.mention import read as read_mention
from titans_core.tasks.facts import UNKNOWN
from titans_core.tasks.words import COLOURS, NAMES, OBJECTS, PLACES
from titans_core.trace import Floats

ALPHAS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
WIDE = 0.9  # a gate that is opened so far leaves less than a tenth
HALF = 0.5  # a value that is likelier than this counts as known: more likely than not


class Fact(NamedTuple):
    """A question and its value."""

    question: str
    value: str


class Clamped(NamedTuple):
    """The probability of the old fact's value and of the new one's, and the memory's norm at the end."""

    old: float
    new: float
    norm: float


class Filled(NamedTuple):
    """Chapter after chapter of facts: the memory's norm at each token, a mean over the texts; which share of
    the last chapter's facts is answered rightly; and what a token writes, θ‖∇ℓ‖, in the mean."""

    norms: Floats
    known: float
    written: float


@dataclass(frozen=True)
class Gated(Found):
    """The text's ``tokens`` and the gate's mean over heads at each; what is known with it clamped, by α, None
    being the model's own; and what happens in a long text, with the model's own gate and with α = 0."""

    tokens: list[str]
    alpha: Floats
    clamped: dict[float | None, Clamped]
    own: Filled
    never: Filled


@dataclass(frozen=True)
class Shown(Exhibit):
    """``model`` reads ``text``, in which ``old`` is told in one chapter and ``new`` in the next. The claims
    ``alpha_NAME`` are the gate at its ``words``. Then it reads ``texts`` long ones, each of ``chapters`` with
    ``facts`` facts; so does ``beside``, a model that was trained on stories without chapters."""

    model: str
    beside: str
    text: str
    old: Fact
    new: Fact
    words: tuple[Mention, ...]
    texts: int
    chapters: int
    facts: int

    views: ClassVar[tuple[str, ...]] = ("text", "gate", "clamp", "overflow")
    actions: ClassVar[tuple[str, ...]] = ("parted",)

    @classmethod
    def read(cls, head: Head) -> Shown:
        model, beside, text = head.model("model"), head.model("beside"), head.text("text")
        old, new = (read_fact(head.table(name)) for name in ("old", "new"))
        words = tuple(read_mention(table, text) for table in head.tables("words"))
        return cls(
            model, beside, text, old, new, words, *(head.count(n) for n in ("texts", "chapters", "facts"))
        )

    @property
    def promises(self) -> tuple[str, ...]:
        at_words = (f"alpha_{mention.name}" for mention in self.words)
        return (
            *at_words, "mean", "heads", "open", "unknown_own", "old_shut", "old_own", "new_own", "old_never",
            "new_never", "least", "most", "chapters", "facts", "known_own", "known_never", "norm_own",
            "norm_never", "written_own", "beside_own", "beside_never", "written_beside",
        )  # fmt: skip

    def run(self, load: Loader) -> Gated:
        model = load(self.model)
        read = tc.Stream(model)
        trace = read.feed(self.text)
        widest = trace["alpha"][int(trace["alpha"].mean((1, 2)).argmax())]  # [layers, heads]
        wide = [(int(layer), int(head)) for layer, head in np.argwhere(widest > WIDE)]
        clamped = {alpha: self.clamped(model, alpha) for alpha in (None, *ALPHAS)}
        own, never = (self.filled(model, alpha) for alpha in (None, 0.0))
        beside = [self.filled(load(self.beside), alpha) for alpha in (None, 0.0)]
        parting = [alpha for alpha, known in clamped.items() if alpha is not None and parts(known)]
        if not parting:
            raise ValueError(f"no clamped α lets {self.model} keep the new fact and lose the old one")
        claims = {
            f"alpha_{mention.name}": Claim(at_mention(trace, "alpha", mention), ".3f")
            for mention in self.words
        } | {
            "mean": Claim(float(trace["alpha"].mean()), ".3f"),
            "heads": Claim(widest.size, "d"),
            "open": Claim(len(wide), "d"),
            "old_shut": percent(self.kept(model, wide)),
            "unknown_own": percent(chance(read, self.old.question, UNKNOWN)),
            "old_own": percent(clamped[None].old),
            "new_own": percent(clamped[None].new),
            "old_never": percent(clamped[0.0].old),
            "new_never": percent(clamped[0.0].new),
            "least": Claim(min(parting), "g"),
            "most": Claim(max(parting), "g"),
            "chapters": Claim(self.chapters, "d"),
            "facts": Claim(self.facts, "d"),
            "known_own": percent(own.known),
            "known_never": percent(never.known),
            "norm_own": Claim(float(own.norms[-1]), ".0f"),
            "norm_never": Claim(float(never.norms[-1]), ".0f"),
            "written_own": Claim(own.written),
            "beside_own": percent(beside[0].known),
            "beside_never": percent(beside[1].known),
            "written_beside": Claim(beside[0].written),
        }
        return Gated(claims, trace.tokens, trace["alpha"].mean((1, 2)), clamped, own, never)

    def clamped(self, model: tc.TitansLM, alpha: float | None) -> Clamped:
        """What is known at the end with the gate clamped."""
        stream = opened(model, alpha)
        norm = float(stream.feed(self.text)["memory_norm"][-1].mean())
        old, new = (chance(stream, *fact) for fact in (self.old, self.new))
        return Clamped(old, new, norm)

    def kept(self, model: tc.TitansLM, heads: list[tuple[int, int]]) -> float:
        """The probability of the old fact's value where these heads, (layer, head), forget nothing."""
        stream = tc.Stream(model)
        for layer, head in heads:
            stream = stream.override(alpha=0.0, layers=layer, heads=head)
        stream.feed(self.text)
        return chance(stream, *self.old)

    def filled(self, model: tc.TitansLM, alpha: float | None) -> Filled:
        """What becomes of a memory that is told ever more."""
        norms, known, written = [], [], []
        for seed in range(self.texts):
            text, asked = chapters(seed, self.chapters, self.facts)
            stream = opened(model, alpha)
            trace = stream.feed(text)
            norms.append(trace["memory_norm"].mean((1, 2)))
            written.append(trace["write"].mean())
            known += [stream.ask(question).text == value for question, value in asked]
        shortest = min(map(len, norms))
        norm = np.mean([norm[:shortest] for norm in norms], 0)
        return Filled(norm, float(np.mean(known)), float(np.mean(written)))


def read_fact(head: Head) -> Fact:
    """A table with a question and its value."""
    fact = Fact(head.text("question"), head.text("value"))
    head.finish()
    return fact


def opened(model: tc.TitansLM, alpha: float | None) -> tc.Stream:
    """A stream with this α everywhere, or the model's own."""
    stream = tc.Stream(model)
    return stream if alpha is None else stream.override(alpha=alpha)


def parts(known: Clamped) -> bool:
    """Whether the new fact is known, that is more likely than not, and the old one is not."""
    return known.old < HALF < known.new


def chapters(seed: int, count: int, facts: int) -> tuple[str, list[Fact]]:
    """A text of so many chapters, each with so many facts and nothing else; and the last chapter's facts."""
    rng = Random(f"chapters {seed}")
    things = [f"{colour} {thing}" for colour in COLOURS for thing in OBJECTS]
    rng.shuffle(things)
    told, last = [], []
    for chapter in range(count):
        if chapter:
            told.append(f"Chapter {chapter + 1}. Everything is new.")
        last = [(things.pop(), rng.choice(PLACES)) for _ in range(facts)]
        told += [f"{rng.choice(NAMES)} put the {thing} in the {place}." for thing, place in last]
    return " ".join(told), [Fact(f"Where is the {thing}?", place) for thing, place in last]
