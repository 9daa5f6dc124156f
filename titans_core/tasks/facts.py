"""Facts: what is told, how it is told, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from random import Random
from typing import NamedTuple

from titans_core.tasks.words import ANIMALS, COLOURS, DIGITS, FOODS, NAMES, OBJECTS, PLACES, made_up


class Kind(IntEnum):
    """What a fact is about; NONE marks tokens that answer nothing."""

    NONE = 0
    PLACE = 1
    FOOD = 2
    PET = 3
    CODE = 4
    PASSWORD = 5


ALL_KINDS = tuple(kind for kind in Kind if kind)


class Fact(NamedTuple):
    """``value`` is what a question about ``subject`` must be answered with."""

    kind: Kind
    subject: str
    value: str


class Telling(NamedTuple):
    """The words of one kind, the first of each as frequent as all others together.

    A statement ends where the value goes: memory files a value under the tokens before it, so the subject
    must be among them.
    """

    statements: tuple[str, ...]
    updates: tuple[str, ...]
    questions: tuple[str, ...]


TELLINGS: dict[Kind, Telling] = {
    Kind.PLACE: Telling(
        (
            "{who} put the {subject} in the",
            "{who} left the {subject} in the",
            "{who} hid the {subject} in the",
            "The {subject} is in the",
            "The {subject} lies in the",
            "You can find the {subject} in the",
        ),
        (
            "{who} moved the {subject} to the",
            "{who} took the {subject} to the",
            "{who} carried the {subject} to the",
            "Now the {subject} is in the",
        ),
        ("Where is the {subject}?", "Where is the {subject} now?", "Where can I find the {subject}?"),
    ),
    Kind.FOOD: Telling(
        ("{subject} likes", "{subject} loves", "{subject} is fond of", "Most of all {subject} likes"),
        ("Now {subject} likes", "{subject} now likes", "These days {subject} likes"),
        ("What does {subject} like?", "What food does {subject} like?"),
    ),
    Kind.PET: Telling(
        ("{subject} has a pet", "{subject} keeps a pet", "{subject} owns a pet"),
        ("Now {subject} has a pet", "{subject} now has a pet"),
        ("What pet has {subject}?", "What pet does {subject} have?"),
    ),
    Kind.CODE: Telling(
        (
            "The code for the {subject} is",
            "The code of the {subject} is",
            "Remember, the code for the {subject} is",
        ),
        ("The code for the {subject} is now", "The new code for the {subject} is"),
        ("What is the code for the {subject}?", "What is the code of the {subject}?"),
    ),
    Kind.PASSWORD: Telling(
        ("The password of {subject} is", "The password for {subject} is", "{subject}'s password is"),
        ("The password of {subject} is now", "The new password of {subject} is"),
        ("What is the password of {subject}?", "What is {subject}'s password?"),
    ),
}

VALUES: dict[Kind, Callable[[Random], str]] = {
    Kind.PLACE: lambda rng: rng.choice(PLACES),
    Kind.FOOD: lambda rng: rng.choice(FOODS),
    Kind.PET: lambda rng: rng.choice(ANIMALS),
    Kind.CODE: lambda rng: " ".join(rng.choices(DIGITS, k=4)),
    Kind.PASSWORD: made_up,
}


def new_fact(rng: Random, kind: Kind) -> Fact:
    """A fact of this kind, about a random subject."""
    if kind in (Kind.PLACE, Kind.CODE):
        subject = f"{rng.choice(COLOURS)} {rng.choice(OBJECTS)}"
    else:
        subject = rng.choice(NAMES)
    return Fact(kind, subject, VALUES[kind](rng))


def changed(rng: Random, fact: Fact) -> Fact:
    """The same subject with another value."""
    while (value := VALUES[fact.kind](rng)) == fact.value:
        pass
    return fact._replace(value=value)


def statement(rng: Random, fact: Fact) -> str:
    """A sentence that tells the fact, up to its value."""
    return fill(rng, TELLINGS[fact.kind].statements, fact)


def update(rng: Random, fact: Fact) -> str:
    """A sentence that tells of a change, up to the new value."""
    return fill(rng, TELLINGS[fact.kind].updates, fact)


def question(rng: Random, fact: Fact) -> str:
    """A question whose answer is the value."""
    return fill(rng, TELLINGS[fact.kind].questions, fact)


def fill(rng: Random, forms: tuple[str, ...], fact: Fact) -> str:
    form = forms[0] if rng.random() < 0.5 else rng.choice(forms[1:])
    return form.format(subject=fact.subject, who=rng.choice(NAMES))
