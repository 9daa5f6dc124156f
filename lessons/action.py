"""What a step asks of the learner before it tells what the model does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lessons.claims import Claims
from lessons.exhibit import Exhibit
from lessons.head import Head

QUANTITIES = ("surprise", "write", "momentum", "eta", "theta", "alpha", "nll", "retrieval", "worth", "ink")

Answer = int | float | str | list[str] | bool  # what a learner said or did, as a file can hold it


class Option(NamedTuple):
    """Something to choose, in words, and the claim that measures it, or the word that a claim then is."""

    label: str
    value: str


@dataclass(frozen=True)
class Predict:
    """Which of the options' claims is the greatest? ``measure`` names what is measured, ``quantity`` its
    colour."""

    question: str
    options: tuple[Option, ...]
    measure: str
    quantity: str

    def accepts(self, answer: Answer) -> bool:
        """Whether a learner can have answered so."""
        return isinstance(answer, str) and answer in {option.value for option in self.options}

    def measured(self, claims: Claims) -> list[Option]:
        """The options as they were found, the greatest first."""
        return sorted(self.options, key=lambda option: -claims[option.value].number)


@dataclass(frozen=True)
class Rank(Predict):
    """In which order do the options' claims stand, the greatest first?"""

    def accepts(self, answer: Answer) -> bool:
        return isinstance(answer, list) and sorted(answer) == sorted(option.value for option in self.options)


@dataclass(frozen=True)
class Estimate:
    """How large is a claim? Somewhere between two bounds, in steps."""

    question: str
    claim: str
    least: float
    most: float
    step: float
    measure: str
    quantity: str

    def accepts(self, answer: Answer) -> bool:
        """Whether a learner can have answered so."""
        return isinstance(answer, (int, float)) and self.least <= answer <= self.most


@dataclass(frozen=True)
class Choose:
    """Which of these words is a claim?"""

    question: str
    claim: str
    options: tuple[Option, ...]

    def accepts(self, answer: Answer) -> bool:
        """Whether a learner can have answered so."""
        return isinstance(answer, str) and answer in {option.value for option in self.options}


@dataclass(frozen=True)
class Do:
    """Something to be done with the exhibit, which tells when it is."""

    task: str
    done: str

    def accepts(self, answer: Answer) -> bool:
        """Whether a learner can have answered so."""
        return answer is True


Action = Predict | Rank | Estimate | Choose | Do


def read(head: Head, exhibit: Exhibit) -> Action:
    """What a step's table asks for. Raises LessonError where it asks for what the exhibit has not."""
    return READERS[head.one_of("action", READERS)](head, exhibit)


def read_predict(head: Head, exhibit: Exhibit) -> Predict:
    options = read_options(head, "claim", 2, exhibit)
    return Predict(head.text("question"), options, head.text("measure"), read_quantity(head))


def read_rank(head: Head, exhibit: Exhibit) -> Rank:
    options = read_options(head, "claim", 3, exhibit)
    return Rank(head.text("question"), options, head.text("measure"), read_quantity(head))


def read_estimate(head: Head, exhibit: Exhibit) -> Estimate:
    least, most = head.number("least", -1e9, 1e9), head.number("most", -1e9, 1e9)
    if least >= most:
        raise head.error("most", f"must be more than {least:g}, not {most:g}")
    step = head.number("step", 0, most - least)
    if step == 0:
        raise head.error("step", "must be more than 0")
    claim = head.one_of("claim", exhibit.promises)
    quantity = read_quantity(head)
    return Estimate(head.text("question"), claim, least, most, step, head.text("measure"), quantity)


def read_choose(head: Head, exhibit: Exhibit) -> Choose:
    return Choose(
        head.text("question"), head.one_of("claim", exhibit.promises), read_options(head, "value", 2)
    )


def read_do(head: Head, exhibit: Exhibit) -> Do:
    if "shows" not in head:
        raise head.error("shows", "is missing; name the view that it is done with")
    if not exhibit.actions:
        raise head.error("action", f"cannot be done with an exhibit of the kind {exhibit.kind}")
    return Do(head.text("task"), head.one_of("done", exhibit.actions))


READERS: dict[str, Callable[[Head, Exhibit], Action]] = {
    "predict": read_predict,
    "rank": read_rank,
    "estimate": read_estimate,
    "choose": read_choose,
    "do": read_do,
}


def read_quantity(head: Head) -> str:
    """Whose colour the bars have; ink where it is not said."""
    return head.one_of("quantity", QUANTITIES) if "quantity" in head else "ink"


def read_options(head: Head, field: str, at_least: int, exhibit: Exhibit | None = None) -> tuple[Option, ...]:
    """A step's options, each with a label and this field, which is one of the exhibit's claims."""
    options = []
    for table in head.tables("options", at_least):
        value = table.one_of(field, exhibit.promises) if exhibit else table.text(field)
        options.append(Option(table.text("label"), value))
        table.finish()
    for part in zip(*options, strict=True):
        if len(set(part)) < len(part):
            raise head.error("options", "must differ from one another")
    return tuple(options)
