"""Two keys in a plane and two values written under them, one after the other; and how close to one another a
trained model puts the keys that it makes of words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch

import titans_core as tc
from kernels import memory
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader
from lessons.head import Head
from lessons.mention import Mention
from lessons.mention import read as read_mention
from titans_core.config import ModelConfig

MOST = 0.9  # of a value in an answer: it is that value


class Answers(NamedTuple):
    """What the memory answers, each as [share of A's value, share of B's], when both are written: asked with
    A's key, and with B's."""

    a: tuple[float, float]
    b: tuple[float, float]


@dataclass(frozen=True)
class Turned(Found):
    """What is answered at each of ``ANGLES``, in degrees between the keys."""

    answers: dict[int, Answers]


ANGLES = range(0, 91)


@dataclass(frozen=True)
class Shown(Exhibit):
    """``model`` reads ``text``; each of the ``pairs`` are two of its words, and the claim of that name is the
    cosine between their keys, a mean over the heads of the first layer, and ``NAME_last`` of the last."""

    model: str
    text: str
    pairs: dict[str, tuple[Mention, Mention]]

    views: ClassVar[tuple[str, ...]] = ("plane", "curve")
    actions: ClassVar[tuple[str, ...]] = ("outweighed",)

    @classmethod
    def read(cls, head: Head) -> Shown:
        model, text = head.model("model"), head.text("text")
        words = [read_mention(table, text) for table in head.tables("words")]
        named = {word.name: word for word in words}
        pairs = {}
        for table in head.tables("pairs"):
            name = table.text("name")
            pairs[name] = (named[table.one_of("first", named)], named[table.one_of("second", named)])
            table.finish()
        return cls(model, text, pairs)

    @property
    def promises(self) -> tuple[str, ...]:
        layers = (f"{name}{suffix}" for name in self.pairs for suffix in ("", "_last"))
        alone = ("right_angle", "left_60", "mixed_60", "left_0", "crossing")
        return (*alone, "width", "reach", "heads", *layers)

    def run(self, load: Loader) -> Turned:
        answers = {angle: written(angle) for angle in ANGLES}
        crossing = max(angle for angle, answer in answers.items() if answer.a[1] > answer.a[0])
        claims = {
            "right_angle": Claim(named(answers[90])),
            "left_60": percent(answers[60].a[0]),
            "mixed_60": percent(answers[60].a[1]),
            "left_0": percent(answers[0].a[0]),
            "crossing": Claim(crossing, "d", "°"),
        }
        model = load(self.model)
        return Turned(claims | sizes(model.config) | self.cosines(model), answers)

    def cosines(self, model: tc.TitansLM) -> dict[str, Claim]:
        """How close the keys of each pair are, in the model's first layer and in its last."""
        trace = tc.Stream(model).feed(self.text, writes=True)
        claims = {}
        for suffix, layer in (("", trace.writes[0]), ("_last", trace.writes[-1])):
            keys = layer.inputs[0]  # [T, H, D]
            keys = keys / np.linalg.norm(keys, axis=-1, keepdims=True)
            for name, pair in self.pairs.items():
                first, second = (mention.tokens(trace.tokens)[0] for mention in pair)
                claims[f"{name}{suffix}"] = Claim(float((keys[first] * keys[second]).sum(-1).mean()))
        return claims


def sizes(config: ModelConfig) -> dict[str, Claim]:
    """Of a key how many numbers it has and how many tokens before its own it is made of; of a layer how many
    heads it has."""
    return {
        "width": Claim(config.head_width, "d"),
        "reach": Claim(config.memory.convolution - 1, "d"),
        "heads": Claim(config.heads, "d"),
    }


def written(angle: float) -> Answers:
    """Write A, then B, each with a full step, under keys so many degrees apart; then ask for both."""
    turned = math.radians(angle)
    keys = torch.tensor([[1.0, 0.0], [math.cos(turned), math.sin(turned)]])
    asked = torch.cat([keys, keys]).view(1, 4, 1, 2)  # A and B are written, then both are asked for
    values = torch.eye(2).repeat(2, 1).view(1, 4, 1, 2)  # A's is (1, 0), B's is (0, 1)
    theta = torch.tensor([0.5, 0.5, 0.0, 0.0]).view(1, 4, 1)  # 2θ = 1: all the error is taken away
    none, empty = torch.zeros(1, 4, 1), (torch.zeros(1, 1, 2, 2),)
    out = memory(
        asked, asked, values, none, theta, none, empty, empty,
        chunk_size=4, block_size=1, backend="torch", telemetry=False,
    )  # fmt: skip
    a, b = out.y[0, 2:, 0].tolist()
    return Answers((a[0], a[1]), (b[0], b[1]))


def named(answers: Answers) -> str:
    """Whose value is answered, asked with A's key: "a", "b", or "both"."""
    return "a" if answers.a[0] > MOST > answers.a[1] else "b" if answers.a[1] > MOST else "both"
