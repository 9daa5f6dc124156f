"""One text read by several models, and a question that each of them answered: the value a session keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import titans_core as tc
from app import limits, models, payload, reading
from app.reading import Reading
from titans_core.observe import to_numpy
from titans_core.tokenizer import Tokenizer
from titans_core.trace import Floats


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

    @cached_property
    def message(self) -> bytes:
        """What the browser needs to show all of it; made once."""
        columns = [column(self.readings[name], self.answers.get(name)) for name in self.shown]
        return payload.encode_columns(columns, self.question)


def compare(chosen: Sequence[tc.TitansLM], text: str, question: str, before: Comparison | None) -> Comparison:
    """The text as every chosen model reads it, and their answers where ``question`` is not empty. What
    ``before`` knows is not computed again, and is returned itself where nothing changed. Raises BadInput as
    ``reading.read`` does."""
    shown = tuple(model.name for model in chosen)
    known = before if before and before.columns[0].text == text else None
    if known and (known.shown, known.question) == (shown, question):
        return known
    readings = dict(known.readings) if known else {}
    for model in chosen:
        if model.name not in readings:
            readings[model.name] = reading.read(model, text)
    answers = dict(known.answers) if known and known.question == question else {}
    for name in shown if question else ():
        if name not in answers:
            answers[name] = readings[name].stream.ask(question)
    return Comparison(shown, readings, question, answers)


def check_question(question: str) -> None:
    """Raise BadInput where a question cannot be asked."""
    limits.check_question(question)
    try:
        Tokenizer.load().encode(question)
    except ValueError as error:
        raise limits.BadInput(reading.sentence(str(error))) from None


def column(read: Reading, answer: tc.Answer | None) -> payload.Column:
    """One model's reading as its column needs it."""
    model = read.stream.model
    about = models.VARIANTS[model.config.variant]
    title = models.title(model.name)
    return payload.Column(
        read.key, model.name, title, about, read.trace, model.config, frozen_at_start(read.stream), answer
    )


def frozen_at_start(stream: tc.Stream) -> tuple[tuple[Floats, ...], ...]:
    """For each layer the weights that MAC's first segment reads; () in the other variants."""
    if stream.model.config.variant != "mac":
        return ()
    return tuple(tuple(to_numpy(w[0]) for w in part.frozen) for part in stream.at(0).state)  # type: ignore[attr-defined]
