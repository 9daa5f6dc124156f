"""English that never was: words drawn letter by letter, so that no haystack is ever quite unfamiliar.

A model that reads templates alone learns to write whatever it has not met. Here every sentence holds words
that nobody has met, and nothing in them is a fact.
"""

from __future__ import annotations

from collections import defaultdict
from random import Random

from titans_core.tasks.prose import PARAGRAPHS
from titans_core.tasks.words import COMMON, PLAIN

ORDER = 3  # letters that the next one depends on
LONGEST_WORD = 14
MARKS = (",",) * 6 + (";", " -", "...", ")", '"')
ENDS = (".",) * 8 + ("?", "!", ";", "")


def _followers() -> dict[str, str]:
    """What follows each run of up to ORDER letters in this project's prose; a space ends a word."""
    found: dict[str, list[str]] = defaultdict(list)
    for word in " ".join(PARAGRAPHS).lower().split() + [w.lower() for w in COMMON + PLAIN]:
        letters = "".join(filter(str.isalpha, word)) + " "
        for at, letter in enumerate(letters):
            found[letters[max(0, at - ORDER) : at]].append(letter)
    return {before: "".join(after) for before, after in found.items()}


FOLLOWERS = _followers()


def coined(rng: Random) -> str:
    """A word that looks English."""
    word = ""
    while len(word) < LONGEST_WORD:
        letter = rng.choice(FOLLOWERS[word[-ORDER:]])
        if letter == " ":
            break
        word += letter
    return word


def babble(rng: Random) -> str:
    """A sentence of 4 to 24 words, common and coined, with the marks and figures of real texts."""
    share = rng.random() * 0.7  # of coined words: sentences differ
    words = []
    for _ in range(rng.randint(4, 24)):
        word = coined(rng) if rng.random() < share else rng.choice(COMMON if rng.random() < 0.8 else PLAIN)
        u = rng.random()
        if u < 0.05:
            word = word.capitalize()
        elif u < 0.06:
            word = word.upper()
        elif u < 0.09:
            word = str(rng.randrange(10 ** rng.randint(1, 4)))
        elif u < 0.11:
            word = rng.choice(("(", '"', "<", "[")) + word
        elif u < 0.20:
            word += rng.choice(MARKS)
        elif u < 0.22:
            word += rng.choice(("-", "_", "/", ".", "'")) + coined(rng)
        words.append(word)
    first = words[0][:1].upper() + words[0][1:] if rng.random() < 0.8 else words[0]
    return " ".join([first, *words[1:]]) + rng.choice(ENDS)
