"""What a model's memory does while it reads: surprise by tag, forgetting, perplexity, the memory's norm."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from titans_core.evaluate.ablate import ABLATIONS
from titans_core.finite import NotFinite
from titans_core.model import TitansLM
from titans_core.stream import Stream
from titans_core.tasks import Example, Tag, story
from titans_core.tasks.haystack import UNSEEN
from titans_core.tasks.needle import broken_off, mentioned
from titans_core.tasks.words import PLAIN, WORLD
from titans_core.tokenizer import Tokenizer

LONG = 20_000  # characters of a hostile stream
STRETCH = 1024  # tokens read at once
MENTIONS = ("first", "second", "third", "changed")


def perplexity(model: TitansLM, stories: int, seed: int) -> dict[str, float]:
    """exp of the mean nll a token over stories of 512 tokens with 8 facts, whole and at the answers alone;
    without memory: nothing is ever written."""
    tokenizer = Tokenizer.load()
    examples = [story(random.Random(f"perplexity {seed} {i}"), tokenizer, 512, 8) for i in range(stories)]
    found = {}
    models = {"": model} | ({" without memory": ABLATIONS["no writing"](model)} if model.has_memory else {})
    for name, reader in models.items():
        nll, answers = np.concatenate([token_nll(reader, e) for e in examples], 1)
        found[f"all tokens{name}"] = math.exp(nll.mean())
        found[f"answers{name}"] = math.exp(nll[answers > 0].mean())
    return {name: round(value, 3) for name, value in found.items()}


@torch.inference_mode()
def token_nll(model: TitansLM, example: Example) -> Any:
    """[2, T − 1]: every token's nll, and whether it belongs to an answer."""
    ids = torch.from_numpy(example.ids).to(model.device)
    nll = F.cross_entropy(model(ids[None]).logits[0, :-1], ids[1:], reduction="none")
    return np.stack([nll.cpu().numpy(), example.tags[1:] == Tag.ANSWER])


def by_mention(model: TitansLM, stories: int, seed: int) -> dict[str, dict[str, float]]:
    """Surprise, write and α at a fact's value when it is told first, again, a third time and changed, and in
    filler: means over tokens, layers and heads."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    tokenizer = Tokenizer.load()
    for i in range(stories):
        example = mentioned(random.Random(f"mentions {seed} {i}"), tokenizer)
        trace = Stream(model).feed(example.ids[1:].tolist())
        values = np.isin(example.tags[1:], (Tag.VALUE, Tag.REPEAT_VALUE, Tag.UPDATE_VALUE))
        edges = np.flatnonzero(np.diff(values.astype(int), prepend=0, append=0)).reshape(-1, 2)
        spans = dict(zip(MENTIONS, (np.arange(*edge) for edge in edges), strict=True))
        spans["filler"] = np.flatnonzero(example.tags[1:] == Tag.FILLER)
        for place, at in spans.items():
            for name in ("surprise", "write", "alpha"):
                found[name][place].append(float(trace[name][at].mean()))
    return averaged(found)


def by_chapter(model: TitansLM, stories: int, seed: int) -> dict[str, dict[str, float]]:
    """α on the words that open a chapter, and on filler."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    tokenizer = Tokenizer.load()
    for i in range(stories):
        example = broken_off(random.Random(f"chapters {seed} {i}"), tokenizer, 4, 200, known=True)
        alpha = Stream(model).feed(example.ids[1:].tolist())["alpha"]
        for tag in (Tag.CHAPTER, Tag.FILLER):
            found["alpha"][tag.name.lower()].append(float(alpha[example.tags[1:] == tag].mean()))
    return averaged(found)


def averaged(found: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    return {
        name: {place: float(f"{np.mean(values):.4g}") for place, values in places.items()}
        for name, places in found.items()
    }


def hostile(seed: int, characters: int = LONG) -> dict[str, str]:
    """Streams that nobody would write, of so many characters."""
    rng = random.Random(seed)
    texts = {
        "the the the": "the ",
        "one letter": "a",
        "one fact": "Tom likes soup. ",
        "two facts in turn": "Tom likes soup. Tom likes rice. ",
        "emoji": "🗝️🐸🎺",
        "line breaks": "\n",
        "digits": "7 ",
        "random bytes": bytes(rng.randrange(256) for _ in range(characters)).decode("latin-1"),
        "random characters": "".join(chr(rng.randrange(32, 0xD000)) for _ in range(characters)),
        "unseen prose": " ".join(UNSEEN) + " ",
    }
    for words in (2, 7, 33, 200):  # one token each: keys come again after so many
        texts[f"the same {words} words"] = " ".join(rng.sample(WORLD + PLAIN, words)) + " "
    return {name: (text * (characters // len(text) + 1))[:characters] for name, text in texts.items()}


def largest_norms(model: TitansLM, texts: dict[str, str]) -> Iterator[tuple[str, float]]:
    """The largest ‖M‖ of any layer and head at any token of each text; nan where it is not finite."""
    for name, text in texts.items():
        stream = Stream(model)
        ids = stream.tokenizer.encode(text)
        try:
            yield name, round(max(norms(stream, ids)), 2)
        except NotFinite:
            yield name, math.nan


def norms(stream: Stream, ids: list[int]) -> Iterator[float]:
    for start in range(0, len(ids), STRETCH):
        yield float(stream.feed(ids[start : start + STRETCH])["memory_norm"].max())
