"""One text read by several models, and a question that each of them answered: the value a session keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import titans_core as tc
from app import models, payload, reading
from app.reading import FIRST, GROWTH, Reading
from app.work import Step
from titans_core.trace import Floats, to_numpy


@dataclass(frozen=True)
class Comparison:
    """``shown`` names the models in the order of their columns; ``readings`` and ``answers`` hold also those
    of this text and question that were shown before."""

    shown: tuple[str, ...]
    readings: dict[str, Reading]
    question: str
    answers: dict[str, tc.Answer]

    @property
    def columns(self) -> list[Reading]:
        """The readings that are shown."""
        return [self.readings[name] for name in self.shown]

    @property
    def digests(self) -> tuple[str, ...]:
        """Tells the models that are shown from others, also from those that had their names before."""
        return tuple(read.stream.model.digest for read in self.columns)

    @property
    def text(self) -> str:
        """What all of them read."""
        return self.columns[0].text

    @property
    def even(self) -> bool:
        """Whether all models that are shown have read equally far, and at least something."""
        lengths = {read.stream.position for read in self.columns}
        return len(lengths) == 1 and lengths != {0}

    @property
    def complete(self) -> bool:
        """Whether all of the text was read, and the question, if there is one, answered."""
        read = all(read.complete for read in self.columns)
        return read and (not self.question or self.answers.keys() >= set(self.shown))

    @property
    def read(self) -> int:
        """Tokens read by all the models together."""
        return sum(read.stream.position for read in self.columns)

    @cached_property
    def message(self) -> bytes:
        """What the browser needs to show all of it; made once."""
        columns = [column(self.readings[name], self.answers.get(name)) for name in self.shown]
        return payload.encode_columns(columns, self.question)


def begin(
    chosen: Sequence[tc.TitansLM], text: str, question: str, before: Comparison | None = None
) -> Comparison:
    """A comparison that has not begun, but for what ``before`` knows of the same text and question. Raises
    BadInput as ``reading.begin`` does."""
    known = before if before and before.text == text else None
    readings = dict(known.readings) if known else {}
    answers = dict(known.answers) if known and known.question == question else {}
    for model in chosen:
        if model.name not in readings or not readings[model.name].of(model, text):
            readings[model.name] = reading.begin(model, text, without=True)
            answers.pop(model.name, None)
    return Comparison(tuple(model.name for model in chosen), readings, question, answers)


def stages(comparison: Comparison) -> Iterator[Step[Comparison]]:
    """Read to the end, piece by piece and all models alike, then ask; what is worth showing are the first
    tokens, four times as many, and so on, the end, and every answer."""
    due, length = FIRST, len(comparison.columns[0].ids)
    if comparison.complete:
        yield Step(length, length, comparison, True)
    elif comparison.read:
        yield Step(comparison.read // len(comparison.shown), length, comparison, comparison.even)
    while not comparison.complete:
        comparison = grown(comparison)
        done = comparison.read // len(comparison.shown)  # of the text, by all of them together
        worth = comparison.even and (done >= due or done == length)
        due = GROWTH * done if worth else due
        yield Step(done, length, comparison, worth)


def grown(comparison: Comparison) -> Comparison:
    """The model that is furthest behind reads its next piece; where all have read, the next one answers."""
    behind = [read for read in comparison.columns if not read.complete]
    if behind:
        read = min(behind, key=lambda read: read.stream.position).grown()
        return replace(comparison, readings=comparison.readings | {read.stream.model.name: read})
    name = next(name for name in comparison.shown if name not in comparison.answers)
    answer = comparison.readings[name].stream.ask(comparison.question)
    _ = answer.source  # found here, where it does not keep the page waiting
    return replace(comparison, answers=comparison.answers | {name: answer})


def compare(chosen: Sequence[tc.TitansLM], text: str, question: str = "") -> Comparison:
    """The whole text as every chosen model reads it, and their answers where ``question`` is not empty.
    Raises BadInput as ``begin`` does."""
    comparison = begin(chosen, text, question)
    while not comparison.complete:
        comparison = grown(comparison)
    return comparison


def column(read: Reading, answer: tc.Answer | None) -> payload.Column:
    """One model's reading as its column needs it."""
    model = read.stream.model
    title, about = models.title(model.name), models.about(model)
    return payload.Column(
        read.key, model.name, title, about, read.trace, model.config, frozen_at_start(read.stream), answer
    )


def frozen_at_start(stream: tc.Stream) -> tuple[tuple[Floats, ...], ...]:
    """For each layer the weights that MAC's first segment reads; () in the other variants."""
    if stream.model.config.variant != "mac":
        return ()
    return tuple(tuple(to_numpy(w[0]) for w in part.frozen) for part in stream.at(0).state)
