"""Facts: what is told, how it is told, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from random import Random
from typing import NamedTuple

from titans_core.tasks.words import (
    ANIMALS,
    COLOURS,
    DEVICES,
    DIGITS,
    FOODS,
    NAMES,
    OBJECTS,
    PLACES,
    STATES,
    SYLLABLES,
    WAYS,
    made_up,
)


class Kind(IntEnum):
    """What a fact is about; NONE marks tokens that answer nothing.

    UNKNOWN is no fact: its answer is "unknown", to a question about what an earlier chapter told, or nobody.
    """

    NONE = 0
    PLACE = 1
    FOOD = 2
    PET = 3
    CODE = 4
    PASSWORD = 5
    PASSKEY = 6
    ENTRY = 7  # a line of a key-value list
    STATUS = 8  # a line of an agent's log
    SONG = 9  # words to copy
    CUE = 10  # at the start of a T-maze
    UNKNOWN = 11


MAIN_KINDS = (Kind.PLACE, Kind.FOOD, Kind.PET, Kind.CODE, Kind.PASSWORD)
ALL_KINDS = tuple(kind for kind in Kind if kind not in (Kind.NONE, Kind.UNKNOWN))
UNKNOWN = "unknown"


class Fact(NamedTuple):
    """``value`` is what a question about ``subject`` must be answered with."""

    kind: Kind
    subject: str
    value: str


class Cast(NamedTuple):
    """Whom and what a document speaks of."""

    names: tuple[str, ...]
    colours: tuple[str, ...]
    objects: tuple[str, ...]


EVERYONE = Cast(NAMES, COLOURS, OBJECTS)


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
    Kind.PASSKEY: Telling(
        (
            "The passkey to the {subject} is",
            "The passkey of the {subject} is",
            "The passkey for the {subject} is",
        ),
        ("The passkey to the {subject} is now", "The new passkey to the {subject} is"),
        ("What is the passkey to the {subject}?", "Which passkey has the {subject}?"),
    ),
    Kind.ENTRY: Telling(
        ("{subject}:", "{subject} =", "The value of {subject} is"),
        ("Now {subject}:", "Now {subject} =", "The value of {subject} is now"),
        ("What is {subject}?", "What is the value of {subject}?"),
    ),
    Kind.STATUS: Telling(
        ("Step {n}: the {subject} is", "Step {n}, the {subject} is", "Log {n}: the {subject} is"),
        ("Step {n}: the {subject} is now", "Step {n}, the {subject} is now", "Log {n}: the {subject} is now"),
        ("What is the state of the {subject}?", "In what state is the {subject}?"),
    ),
    Kind.SONG: Telling(
        ("The song of {subject} goes", "The song of {subject} is"),
        ("The song of {subject} now goes", "The new song of {subject} goes"),
        ("How does the song of {subject} go?", "What is the song of {subject}?"),
    ),
    Kind.CUE: Telling(
        ("The sign for {subject} points", "The sign for {subject} shows"),
        ("The sign for {subject} now points", "The sign for {subject} now shows"),
        ("Which way must {subject} go?", "Which way does {subject} turn?"),
    ),
}

ENTRIES = COLOURS + OBJECTS + PLACES + FOODS + ANIMALS
SUNG = OBJECTS + FOODS + ANIMALS

VALUES: dict[Kind, Callable[[Random], str]] = {
    Kind.PLACE: lambda rng: rng.choice(PLACES),
    Kind.FOOD: lambda rng: rng.choice(FOODS),
    Kind.PET: lambda rng: rng.choice(ANIMALS),
    Kind.CODE: lambda rng: " ".join(rng.choices(DIGITS, k=4)),
    Kind.PASSWORD: made_up,
    Kind.PASSKEY: lambda rng: " ".join(rng.choices(DIGITS, k=5)),
    Kind.ENTRY: lambda rng: made_up(rng) if rng.random() < 0.3 else rng.choice(ENTRIES),
    Kind.STATUS: lambda rng: rng.choice(STATES),
    Kind.SONG: lambda rng: " ".join(rng.choices(SUNG, k=rng.randint(3, 5))),
    Kind.CUE: lambda rng: rng.choice(WAYS),
}

CHANCE: dict[Kind, float] = {  # of guessing a value of the kind
    Kind.PLACE: 1 / len(PLACES),
    Kind.FOOD: 1 / len(FOODS),
    Kind.PET: 1 / len(ANIMALS),
    Kind.CODE: len(DIGITS) ** -4,
    Kind.PASSWORD: 2 / 3 * len(SYLLABLES) ** -2,
    Kind.PASSKEY: len(DIGITS) ** -5,
    Kind.ENTRY: 0.7 / len(ENTRIES),
    Kind.STATUS: 1 / len(STATES),
    Kind.SONG: len(SUNG) ** -3 / 3,
    Kind.CUE: 1 / len(WAYS),
}


def few(rng: Random, facts: int) -> Cast:
    """So few people and things that several of ``facts`` facts are about the same."""
    size = rng.randint(facts // 3 + 1, facts // 2 + 2)
    return Cast(*(tuple(rng.sample(words, min(size, len(words)))) for words in EVERYONE))


def name(rng: Random, cast: Cast) -> str:
    return rng.choice(cast.names)


def thing(rng: Random, cast: Cast) -> str:
    return f"{rng.choice(cast.colours)} {rng.choice(cast.objects)}"


SUBJECTS: dict[Kind, Callable[[Random, Cast], str]] = {
    Kind.PLACE: thing,
    Kind.FOOD: name,
    Kind.PET: name,
    Kind.CODE: thing,
    Kind.PASSWORD: name,
    Kind.PASSKEY: lambda rng, cast: f"{rng.choice(cast.colours)} {rng.choice(PLACES)}",
    Kind.ENTRY: lambda rng, _: made_up(rng),
    Kind.STATUS: lambda rng, cast: f"{rng.choice(cast.colours)} {rng.choice(DEVICES)}",
    Kind.SONG: name,
    Kind.CUE: name,
}


def new_fact(rng: Random, kind: Kind, cast: Cast = EVERYONE) -> Fact:
    """A fact of this kind, about a random subject."""
    return Fact(kind, SUBJECTS[kind](rng, cast), VALUES[kind](rng))


def changed(rng: Random, fact: Fact) -> Fact:
    """The same subject with another value."""
    while (value := VALUES[fact.kind](rng)) == fact.value:
        pass
    return fact._replace(value=value)


def statement(rng: Random, fact: Fact, cast: Cast = EVERYONE) -> str:
    """A sentence that tells the fact, up to its value."""
    return fill(rng, TELLINGS[fact.kind].statements, fact, cast)


def update(rng: Random, fact: Fact, cast: Cast = EVERYONE) -> str:
    """A sentence that tells of a change, up to the new value."""
    return fill(rng, TELLINGS[fact.kind].updates, fact, cast)


def question(rng: Random, fact: Fact) -> str:
    """A question whose answer is the value."""
    return fill(rng, TELLINGS[fact.kind].questions, fact, EVERYONE)


def fill(rng: Random, forms: tuple[str, ...], fact: Fact, cast: Cast) -> str:
    form = forms[0] if rng.random() < 0.5 else rng.choice(forms[1:])
    return form.format(subject=fact.subject, who=rng.choice(cast.names), n=rng.randint(1, 99))
