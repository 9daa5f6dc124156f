"""Lesson 12: a T-maze, where one cue must be kept until the choice; and an agent's log, where some states
change and others must stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar, NamedTuple

import numpy as np

import titans_core as tc
from lessons.answering import chances
from lessons.claims import Claim, percent
from lessons.exhibit import Exhibit, Found, Loader, read_models
from lessons.head import Head
from titans_core.tasks.haystack import CORRIDOR, fill
from titans_core.tasks.words import COLOURS, DEVICES, NAMES, STATES, WAYS
from titans_core.tokenizer import Tokenizer

CORRIDORS = (16, 64, 256, 1024)  # tokens between the cue and the choice
MAZES = 8
LOGS = 4
INSISTED = 8  # tellings of a state before it changes
SHOWN = 3  # the log that a learner works on
PAUSE = 96  # tokens of filler between a log's last line and the questions


class Choice(NamedTuple):
    """The probability of turning the right way, with the memory and with it wiped at the junction; of the two
    ways alone."""

    kept: float
    wiped: float


@dataclass(frozen=True)
class Maze:
    """Somebody, the way that the sign at the entrance points, and the corridor up to the junction."""

    name: str
    way: str
    corridor: str

    @property
    def sign(self) -> str:
        return f"The sign for {self.name} points {self.way}."

    @property
    def question(self) -> str:
        return f"Which way must {self.name} go?"


@dataclass(frozen=True)
class Device:
    """Something that an agent's log tells of: its state at first, how often that is told, and its state in
    the end, the same where it does not change."""

    name: str
    first: str
    tellings: int
    last: str

    @property
    def question(self) -> str:
        return f"What is the state of the {self.name}?"


@dataclass(frozen=True)
class Log:
    """The lines in order, and what they tell of."""

    lines: tuple[str, ...]
    devices: tuple[Device, ...]


@dataclass(frozen=True)
class Report:
    """One device at the end of the log: the probability of its present state and of its first one."""

    device: Device
    present: float
    first: float


def maze(tokens: int, seed: int, way: str = "") -> Maze:
    """A maze with a corridor of so many tokens; the way is drawn where none is given."""
    rng, encode = Random(f"maze {seed}"), Tokenizer.load().encode
    name, drawn = rng.choice(NAMES), WAYS[seed % 2]
    steps: list[str] = []
    while len(encode(" ".join(steps))) < tokens:
        steps.append(fill(rng, CORRIDOR))
    return Maze(name, way or drawn, " ".join(steps))


def choose(model: tc.TitansLM, place: Maze) -> Choice:
    """What a model does at the junction."""
    stream = tc.Stream(model, history=0)
    stream.feed(f"{place.sign} {place.corridor}")
    return Choice(*(decided(at, place) for at in (stream, stream.wipe())))


def decided(stream: tc.Stream, place: Maze) -> float:
    """The probability of the right way among the two."""
    ways = chances(stream, [(place.question, way) for way in WAYS])
    return ways[WAYS.index(place.way)] / sum(ways)


def runs(model: tc.TitansLM, tokens: int, mazes: int = MAZES) -> tuple[Choice, ...]:
    """So many mazes, every other one to the left."""
    return tuple(choose(model, maze(tokens, seed)) for seed in range(mazes))


def log(seed: int, tellings: int = 1, confirmed: int = 1, devices: int = 6, changed: int = 3) -> Log:
    """An agent's log: the state of so many devices, told ``tellings`` times each, in turns; then some of them
    change, which is told ``confirmed`` times."""
    rng = Random(f"log {seed}")
    kinds = rng.sample(DEVICES, devices)
    known = []
    for number, kind in enumerate(kinds):
        first, other = rng.sample(STATES, 2)
        last = other if number < changed else first
        known.append(Device(f"{rng.choice(COLOURS)} {kind}", first, tellings, last))
    told = [f"the {device.name} is {device.first}" for device in known] * tellings
    told += [f"the {device.name} is now {device.last}" for device in known[:changed]] * confirmed
    lines = tuple(f"Step {number}: {words}." for number, words in enumerate(told, 1))
    return Log(lines, tuple(known))


def work(model: tc.TitansLM, story: Log, seed: int = 0, forget: float | None = None) -> tuple[Report, ...]:
    """Read the log and PAUSE tokens more, then ask for every device. ``forget`` clamps α from the start."""
    stream = tc.Stream(model, history=0)
    if forget is not None:
        stream = stream.override(alpha=forget)
    stream.feed(" ".join(story.lines))
    stream.feed(f" {maze(PAUSE, seed).corridor}")
    asked = [(one.question, state) for one in story.devices for state in (one.last, one.first)]
    found = chances(stream, asked)
    return tuple(Report(*one) for one in zip(story.devices, found[::2], found[1::2], strict=True))


def share(reports: Sequence[Report], changed: bool) -> float:
    """How many devices that changed, or did not, are surely known as they are now."""
    asked = [one for one in reports if (one.device.last != one.device.first) is changed]
    return sum(one.present > 0.5 for one in asked) / len(asked)


@dataclass(frozen=True)
class Decided(Found):
    """Mazes by model and corridor; logs told once and INSISTED times, by model."""

    mazes: dict[str, dict[int, tuple[Choice, ...]]]
    logs: dict[str, dict[int, tuple[Report, ...]]]


@dataclass(frozen=True)
class Shown(Exhibit):
    """``models`` walk through mazes; those that have a memory read logs. Claims: ``kept_MODEL`` and
    ``wiped_MODEL``, right turns after CORRIDORS[-2] tokens; ``right_MODEL`` and ``left_MODEL``, in how many
    mazes the wiped model turns rightly, and in how many to the left; ``changed_MODEL`` and ``same_MODEL``,
    states known in the end where each was told INSISTED times before some changed; ``once_MODEL``, changed
    ones told once before."""

    models: tuple[str, ...]

    views: ClassVar[tuple[str, ...]] = ("maze", "corridors", "log", "insisted")
    actions: ClassVar[tuple[str, ...]] = ("walked", "overwritten")

    @classmethod
    def read(cls, head: Head) -> Shown:
        return cls(read_models(head))

    @property
    def promises(self) -> tuple[str, ...]:
        kinds = ("kept", "wiped", "right", "left")
        walked = tuple(f"{what}_{name}" for what in kinds for name in self.models)
        remembering = [name for name in self.models if name != "attention"]
        read = tuple(f"{what}_{name}" for what in ("changed", "same", "once") for name in remembering)
        return (
            *walked, *read, "corridor", "mazes", "insisted", "stale", "unforgetting", "once_unforgetting",
            "overwrites", "confirmed", "resisting", "logs", "window", "insistent",
        )  # fmt: skip

    def run(self, load: Loader) -> Decided:
        loaded = {name: load(name) for name in self.models}
        mazes = {
            name: {tokens: runs(model, tokens) for tokens in CORRIDORS[:-1]} for name, model in loaded.items()
        }
        remembering = {name: model for name, model in loaded.items() if model.has_memory}
        logs = {
            name: {tellings: works(model, tellings) for tellings in (1, INSISTED)}
            for name, model in remembering.items()
        }
        corridor, first = CORRIDORS[-2], next(iter(remembering.values()))
        unforgetting = {
            tellings: share(works(first, tellings, forget=0.0), True) for tellings in (1, INSISTED)
        }
        told_often = works(first, INSISTED, confirmed=INSISTED)
        unknown = [one for one in told_often if one.device.last != one.device.first and one.present <= 0.5]
        claims: dict[str, Claim] = {}
        for name, by_length in mazes.items():
            claims[f"kept_{name}"], claims[f"wiped_{name}"] = (
                percent(float(np.mean([getattr(one, how) > 0.5 for one in by_length[corridor]])))
                for how in ("kept", "wiped")
            )
            turned = [one.wiped > 0.5 for one in by_length[corridor]]
            to_left = [right is (maze(0, n).way == WAYS[0]) for n, right in enumerate(turned)]
            claims[f"right_{name}"] = Claim(sum(turned), "d")
            claims[f"left_{name}"] = Claim(sum(to_left), "d")
        for name, by_tellings in logs.items():
            claims[f"once_{name}"] = percent(share(by_tellings[1], True))
            claims[f"changed_{name}"] = percent(share(by_tellings[INSISTED], True))
            claims[f"same_{name}"] = percent(share(by_tellings[INSISTED], False))
        stale = [one for one in logs[first.name][INSISTED] if one.device.last != one.device.first]
        return Decided(
            claims
            | {
                "corridor": Claim(corridor, ".0f"),
                "mazes": Claim(MAZES, ".0f"),
                "insisted": Claim(INSISTED, ".0f"),
                "stale": percent(float(np.mean([one.first > 0.5 for one in stale]))),
                "unforgetting": percent(unforgetting[INSISTED]),
                "once_unforgetting": percent(unforgetting[1]),
                "overwrites": Claim("gradient" if unforgetting[1] > 0.8 else "gate"),
                "resisting": Claim(len({one.device for one in unknown}), ".0f"),
                "logs": Claim(LOGS, ".0f"),
                "window": Claim(first.config.window, ".0f"),
                "insistent": percent(insistent(first.name)),
                "confirmed": percent(share(works(first, INSISTED, confirmed=3), True)),
            },
            mazes,
            logs,
        )


def insistent(name: str) -> float:
    """The share of the longer stories of a model's training that tell facts again and again before these
    change."""
    return float(tc.model_card(name)["recipe"]["stages"][-1]["insistent"])


def works(
    model: tc.TitansLM, tellings: int, confirmed: int = 1, forget: float | None = None
) -> tuple[Report, ...]:
    """All devices of LOGS logs."""
    return tuple(
        one for seed in range(LOGS) for one in work(model, log(seed, tellings, confirmed), seed, forget)
    )
