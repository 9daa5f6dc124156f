"""Lesson 9: what attention sees in MAC, MAG and MAL, what memory adds to it, and how far a word is felt.

Places count the begin token, which is place 0: so segments lie at multiples of the window.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

import titans_core as tc
from lessons.claims import Claim
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head
from titans_core.config import ModelConfig
from titans_core.tokenizer import Tokenizer

VARIANTS = ("mac", "mag", "mal")
TEXT = (
    "The morning was cold and the whole house smelled of bread. Mara put the {colour} key in the attic. "
    "Nobody saw her on the stairs, and the wind rested behind the door. Ivy has a pet owl. It slept above "
    "the window, as owls do, and did not care for visitors. Far away a train passed along the valley. Tom "
    "likes soup. He would eat it in the summer, too, if anyone let him. It is late, said Mara. Some "
    "things take time, and some things are soon told. In the afternoon it rained a little. The road was "
    "empty, the river was grey."
)
COLOURS = ("red", "green")  # the word that is changed
STARTS = (0, 4, 8)  # words of the text that may be left out before it, to move that word
STRIPS = {"A": "mal", "B": "mac", "C": "mag"}  # in what order they are shown before it is told whose they are


@dataclass(frozen=True)
class Sight:
    """What the attention of one block sees at a place.

    ``persistent``: whether it sees the persistent tokens. ``retrieved``: the places whose retrieved token h
    it sees, in MAC alone. ``attended``: the places that it sees themselves. ``remembered``: the places whose
    writes are in the memory that what it sees was read from; in MAG the memory that is read beside it.
    """

    persistent: bool
    retrieved: range
    attended: range
    remembered: range


@dataclass(frozen=True)
class Felt:
    """How much changing one word changes what is expected after each token from that word on: the share of
    probability that moves, 0 to 1. ``last``: the last token at which anything moves at all."""

    place: int
    moved: tuple[float, ...]
    last: int


def sight(config: ModelConfig, place: int) -> Sight:
    """What is seen at a place by a block of this kind."""
    window, nothing, all_read = config.window, range(0), range(place + 1)
    begin = place - place % window
    near = range(max(0, place - window + 1), place + 1)
    if config.variant == "mac":  # h comes from the weights frozen at the segment's start
        return Sight(True, range(begin, place + 1), range(begin, place + 1), range(begin))
    if config.variant == "mag":
        return Sight(True, nothing, near, all_read)
    if config.variant == "mal":  # the persistent tokens went into the memory
        return Sight(False, nothing, near, all_read)
    raise ValueError(f"no mask is drawn of {config.variant}")


def masks(config: ModelConfig, places: int) -> dict[str, NDArray[np.bool_]]:
    """The whole masks: "persistent" [places, N_p], "retrieved" and "attended" [places, places], row by row
    what a place sees."""
    seen = [sight(config, place) for place in range(places)]
    column = np.arange(places)
    return {
        "persistent": np.tile([[one.persistent] for one in seen], (1, config.persistent)),
        "retrieved": np.array([np.isin(column, one.retrieved) for one in seen]),
        "attended": np.array([np.isin(column, one.attended) for one in seen]),
    }


def texts(left_out: int = 0) -> tuple[list[int], list[int], int]:
    """The text with one colour and with the other, without so many of its first words, as tokens; and the
    place at which they differ."""
    encode = Tokenizer.load().encode
    words = TEXT.split(" ")[left_out:]
    one, other = (encode(" ".join(words).format(colour=colour)) for colour in COLOURS)
    (differs,) = np.flatnonzero(np.array(one) != np.array(other))
    return one, other, int(differs) + 1


def felt(model: tc.TitansLM, left_out: int = 0, writing: bool = True) -> Felt:
    """Change the key's colour and compare what is expected; ``writing=False``: nothing is written into the
    memory, so that attention and convolutions alone carry the word on."""
    one, other, place = texts(left_out)
    exact = copy.deepcopy(model).double()  # what is nothing shall be exactly nothing
    before, after = (expected(exact, ids, writing) for ids in (one, other))
    moved = (before - after).abs().sum(-1)[place:] / 2
    return Felt(place, tuple(moved.tolist()), int(moved.nonzero().max()))


@torch.inference_mode()
def expected(model: tc.TitansLM, ids: Sequence[int], writing: bool) -> torch.Tensor:
    """The probabilities after the begin token and every other, [tokens + 1, vocab]."""
    stream = tc.Stream(model)
    edits = None if writing else stream.override(write=False).edits(0)
    all_ids = torch.tensor([[stream.tokenizer.begin, *ids]], device=model.device)
    found: torch.Tensor = model(all_ids, None, False, edits).logits[0].softmax(-1)
    return found


def bound(config: ModelConfig, place: int) -> int:
    """How many tokens after a place a word can be felt at most, where nothing is written.

    A block hands a word on through attention and through the convolution before the memory: in MAG side by
    side, in MAL one after the other; in MAC attention ends with the segment, and only the convolution reaches
    over its border.
    """
    reach, window = config.memory.convolution - 1, config.window
    if config.variant == "mag":
        return config.layers * max(window - 1, reach)
    if config.variant == "mal":
        return config.layers * (window - 1 + reach)
    ends = place
    for _ in range(config.layers):
        ends = ends - ends % window + window - 1 + reach
    return ends - place


def retrievals(model: tc.TitansLM, text: str) -> NDArray[np.float32]:
    """The norm of what the first layer's memory hands over at every token, mean over heads, [tokens]."""
    read = tc.Stream(model).feed(text)["retrieval"][:, 0]
    return np.asarray(read.mean(-1), np.float32)


@dataclass(frozen=True)
class Variants(Found):
    """The models' configurations; how far the changed word is felt by how many words stand before it less,
    with nothing written, and with writing; and what the memory hands over."""

    configs: dict[str, ModelConfig]
    silent: dict[str, dict[int, Felt]]
    writing: dict[str, dict[int, Felt]]
    retrieval: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Shown(Exhibit):
    """The three shipped variants read the same text. Claims: ``last_VARIANT`` and ``moved_VARIANT``, how many
    tokens after it a word is felt where nothing is written, as it stands and moved towards the beginning;
    ``jump_VARIANT``, how many times as much memory hands over in the second segment as in the first."""

    views: ClassVar[tuple[str, ...]] = ("masks", "strips", "reach", "retrieval", "compare")
    actions: ClassVar[tuple[str, ...]] = ("crossed",)
    promises: ClassVar[tuple[str, ...]] = (
        *(f"{what}_{name}" for what in ("last", "moved", "jump") for name in VARIANTS),
        "strip_mac", "strip_mag", "strip_mal", "felt_writing", "text", "window", "convolution", "layers",
        "place", "nearer", "jumps",
    )  # fmt: skip

    @classmethod
    def read(cls, head: Head) -> Shown:
        return cls()

    def run(self, load: Loader) -> Variants:
        loaded = {name: load(name) for name in VARIANTS}
        silent, writing = (
            {name: {start: felt(model, start, on) for start in STARTS} for name, model in loaded.items()}
            for on in (False, True)
        )
        read = {name: retrievals(model, TEXT.format(colour=COLOURS[0])) for name, model in loaded.items()}
        config = loaded["mac"].config
        claims = {"jumps": Claim(max(read, key=lambda name: jump(read[name], config.window)).upper())}
        for name, by_start in silent.items():
            claims[f"last_{name}"] = Claim(by_start[0].last, ".0f")
            claims[f"moved_{name}"] = Claim(by_start[STARTS[-1]].last, ".0f")
            claims[f"jump_{name}"] = Claim(jump(read[name], config.window), ".1f")
        claims |= {f"strip_{name}": Claim(letter) for letter, name in STRIPS.items()}
        claims |= {
            "felt_writing": Claim(min(one[0].last for one in writing.values()), ".0f"),
            "text": Claim(len(writing["mac"][0].moved) - 1, ".0f"),
            "window": Claim(config.window, ".0f"),
            "convolution": Claim(config.memory.convolution, ".0f"),
            "layers": Claim(config.layers, ".0f"),
            "place": Claim(silent["mac"][0].place, ".0f"),
            "nearer": Claim(silent["mac"][0].place - silent["mac"][STARTS[-1]].place, ".0f"),
        }
        return Variants(claims, {name: model.config for name, model in loaded.items()}, silent, writing, read)


def jump(retrieval: NDArray[np.float32], window: int) -> float:
    """The mean in the second segment over that in the first; the begin token is the first's."""
    first, second = retrieval[: window - 1], retrieval[window - 1 : 2 * window - 1]
    return float(second.mean() / first.mean())
