"""Filler: sentences of many styles, none of which tells anything that a question asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate
from random import Random

from titans_core.tasks import prose, unseen, words
from titans_core.tasks.babble import babble
from titans_core.tasks.words import made_up

POOLS = {
    "adj": words.ADJECTIVES,
    "noun": words.NOUNS,
    "other": words.NOUNS,
    "verb": words.VERBS,
    "prep": words.PREPOSITIONS,
    "adv": words.ADVERBS,
    "name": words.NAMES,
    "friend": words.NAMES,
    "colour": words.COLOURS,
    "object": words.OBJECTS,
    "place": words.PLACES,
    "food": words.FOODS,
    "animal": words.ANIMALS,
    "hour": tuple("one two three four five six seven eight nine ten eleven".split()),
    "time": ("morning", "evening", "night", "winter", "summer", "autumn", "spring"),
}

SCENES = (
    "The {adj} {noun} {verb} {prep} the {other}.",
    "The {noun} {verb} {adv}.",
    "A {adj} {noun} {verb} {prep} the {adj} {other}.",
    "In the {time} the {noun} {verb} {prep} the {other}.",
    "There was a {adj} {noun} {prep} the {other}.",
    "Nobody saw the {adj} {noun} {prep} the {other}.",
    "The {noun} {verb}, and the {other} {verb} too.",
    "It was a {adj} {time}, and the {noun} {verb}.",
    "Far away a {noun} {verb} {prep} the {adj} {other}.",
)

PEOPLE = (
    "{name} walked {prep} the {noun}.",
    "{name} and {friend} talked about the {noun}.",
    "{name} slept until {time}.",
    '"It is late," said {name}.',
    '"Look at the {noun}," {name} said to {friend}.',
    '"Did you hear the {noun}?" asked {name}.',
    "The {place} was {adj} that day.",
    "Somebody swept the {place} in the {time}.",
    "{name} opened a window of the {place}.",
    "A {colour} {noun} {verb} {prep} the {place}.",
    "An old {animal} crossed the {noun}.",
    "The smell of {food} filled the {noun}.",
    "{name} looked at a {colour} {noun} and said nothing.",
    "{name} was {adj}, and {friend} was {adj}.",
    "Every {object} needs a {adj} {time}.",
)

STOCK = tuple(
    " ".join(sentence.split())
    for sentence in """
    It was a long day. | Nothing else happened. | The day went on. | And so the hours went by. | People
    came and people went. | Nobody said a word. | Then it was quiet again. | That was all. | The rest is
    soon told. | Time passed. | It rained a little. | Everything was as before. | It did not matter much.
    | The wind blew and the day went on. | So it went for a while. | Somewhere a door closed. | It was
    neither early nor late. | Nobody knew why. | That is how it was. | Some things take time. | And then
    there was silence. | The clouds came and went. | Later it grew dark. | It could not be helped. | Who
    would have thought so? | There was nothing to be done. | What a day! | Well, that is life. | The sun
    rose and the sun set. | Let us go on. | It was the same as ever. | Not much was left of the day. | A
    week went by. | Of course nobody asked. | All was well. | And what of it?
    """.split("|")
)

CODE = (
    "{a} = {b} + {n};",
    "for {a} in range({n}): {b}({a})",
    'print("{noun} {n}")',
    "if {a} > {n}: return {b}",
    "def {noun}({a}, {b}): return {a} * {b}",
    "{a}.{verb}({n}, {b}[{m}])",
    "<{noun} size={n}>{adj}</{noun}>",
    "# {adv} {verb} {prep} {noun}",
)

NUMBERS = (
    "It was {hour} in the {time}.",
    "Page {n}.",
    "{m} boats passed, then {n} more.",
    "The train of {m}:{n} was {adj}.",
    "The road is {n} miles long.",
    "{d} {d} {d} {d} {d}.",
    "{m} and {m} make {n}.",
    "In 1{n}{m} the {noun} {verb}.",
    "{n}, {m}, {n}.",
)

CORRIDOR = (
    "The corridor goes on.",
    "{name} walks on.",
    "{name} walks past a {colour} door.",
    "There is a {adj} wall on both sides.",
    "The {noun} {verb} {prep} the corridor.",
    "Still the corridor goes on and on.",
    "Step by step the corridor grows {adj}.",
)


def sentences(paragraphs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sentence for text in paragraphs for sentence in re.split(r"(?<=[.?!]) ", text))


COMMON = tuple(sorted({word.strip(".,;:?!") for text in prose.PARAGRAPHS for word in text.split()}))
SENTENCES = sentences(prose.PARAGRAPHS)
UNSEEN = sentences(unseen.PARAGRAPHS)


def fill(rng: Random, forms: tuple[str, ...]) -> str:
    return rng.choice(forms).format_map(Draw(rng))


class Draw(dict[str, str]):
    """Fills a form: every word is drawn when it is asked for."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def __missing__(self, name: str) -> str:
        rng = self.rng
        if name in POOLS:
            return rng.choice(POOLS[name])
        if name == "d":
            return str(rng.randrange(10))
        if name in ("n", "m"):
            return str(rng.randrange(10, 100) if rng.random() < 0.7 else rng.randrange(10))
        return made_up(rng) if rng.random() < 0.3 else rng.choice("abcdefghijkmnpqrstuvwxyz")


def random_words(rng: Random) -> str:
    """Words in no order, now and then one that nobody knows."""
    chosen = []
    for _ in range(rng.randint(3, 9)):
        u = rng.random()
        pool = words.PLAIN if u < 0.45 else COMMON if u < 0.75 else words.WORLD
        chosen.append(made_up(rng) if u > 0.9 else rng.choice(pool))
    first = chosen[0].capitalize() if rng.random() < 0.6 else chosen[0]
    return " ".join([first, *chosen[1:]]) + rng.choice((".", ".", ".", "?", "!", ""))


STYLES: dict[str, tuple[float, Callable[[Random], str]]] = {
    "scenes": (0.20, lambda rng: fill(rng, SCENES)),
    "people": (0.14, lambda rng: fill(rng, PEOPLE)),
    "stock": (0.12, lambda rng: rng.choice(STOCK)),
    "prose": (0.14, lambda rng: rng.choice(SENTENCES)),
    "babble": (0.20, babble),
    "words": (0.08, random_words),
    "numbers": (0.06, lambda rng: fill(rng, NUMBERS)),
    "code": (0.03, lambda rng: fill(rng, CODE)),
    "corridor": (0.03, lambda rng: fill(rng, CORRIDOR)),
}
WRITERS = tuple(writer for _, writer in STYLES.values())
CHANCES = tuple(accumulate(chance for chance, _ in STYLES.values()))


def sentence(rng: Random) -> str:
    """One sentence of filler, of any style."""
    return rng.choices(WRITERS, cum_weights=CHANCES)[0](rng)


HAYSTACKS: dict[str, Callable[[Random], str]] = {
    "mixed": sentence,
    **{name: writer for name, (_, writer) in STYLES.items()},
    "unseen": lambda rng: rng.choice(UNSEEN),  # prose that no training meets
}


def filler(seed: int) -> str:
    """A paragraph of five to nine sentences, which never states an askable fact."""
    rng = Random(seed)
    return " ".join(sentence(rng) for _ in range(rng.randint(5, 9)))
