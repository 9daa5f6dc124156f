"""Multi-query associative recall (Arora et al. 2023, arXiv 2312.04927): pairs are told, then all are asked.

Words in no order, each one token, no sentences: whoever cannot hold so many pairs is seen at once. Keys,
values and what stands in the gaps are three sets of words that share none.
"""

from __future__ import annotations

from random import Random

import numpy as np

from titans_core.tasks.document import Example, Tag
from titans_core.tasks.facts import Kind
from titans_core.tasks.words import PLAIN, WORLD
from titans_core.tokenizer import Tokenizer

KEYS, VALUES = tuple(sorted(WORLD)[::2]), tuple(sorted(WORLD)[1::2])
GAPS = tuple(sorted({*PLAIN} - {*WORLD}))
PER_PAIR = 4  # words: a key and a value, told and asked


def mqar(rng: Random, tokenizer: Tokenizer, length: int, pairs: int, gap: int = 24) -> Example:
    """``length`` tokens: ``pairs`` different keys, each before its value, ``gap`` words, then every key once
    more, in random order, before its value again, which is the answer.

    What is left of the length stands in gaps of random size before the queries and after them. Two keys may
    have one value. Raises ValueError where the length has no room.
    """
    spare = length - 1 - PER_PAIR * pairs - gap
    if pairs < 1 or pairs > len(KEYS) or gap < 0 or spare < 0:
        raise ValueError(f"{length} tokens have no room for {pairs} pairs and a gap of {gap}")
    keys, values = rng.sample(KEYS, pairs), rng.choices(VALUES, k=pairs)
    words, tags = list[str](), [Tag.FILLER]
    distance = np.zeros(length, np.int32)
    for key, value in zip(keys, values, strict=True):
        words += key, value
        tags += Tag.FACT, Tag.VALUE
    cuts = [0, *sorted(rng.randint(0, spare) for _ in keys), spare]
    for number, pair in enumerate(rng.sample(range(pairs), pairs)):
        size = cuts[number + 1] - cuts[number] + (0 if number else gap)
        words += (*rng.choices(GAPS, k=size), keys[pair], values[pair])
        tags += (*[Tag.FILLER] * size, Tag.QUESTION, Tag.ANSWER)
        distance[len(words)] = len(words) - 2 * (pair + 1)  # tokens are words, BEGIN before them
    words += rng.choices(GAPS, k=cuts[-1] - cuts[-2])
    tags += [Tag.FILLER] * (cuts[-1] - cuts[-2])
    text = " ".join(words)
    ids = np.array([tokenizer.begin, *tokenizer.encode(text)], np.int64)
    kind = np.where(distance > 0, Kind.ENTRY, Kind.NONE).astype(np.int8)
    return Example(ids, np.array(tags, np.int8), distance, kind, text)
