"""A training's recipe: the model, the stages of its curriculum, and how it is optimised, from a TOML file."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from titans_core.config import ModelConfig, build
from titans_core.tasks import UPDATES


@dataclass(frozen=True)
class Stage:
    """One step of the curriculum. Lengths and distances are in tokens; ``facts`` are the numbers of facts
    to draw from; ``updates`` is the share of sentences that change a fact, ``chapters`` that of stories
    that start anew."""

    length: int
    batch: int
    facts: tuple[int, ...]
    steps: int
    min_distance: int = 24
    updates: float = UPDATES
    chapters: float = 0.0

    def __post_init__(self) -> None:
        if min(self.length, self.batch, self.steps, *self.facts) < 1 or not self.facts:
            raise ValueError("a stage needs length, batch, steps and every number of facts to be at least 1")


@dataclass(frozen=True)
class TrainConfig:
    """A whole training. Answers weigh ``answer_weight`` in the loss, everything else ``other_weight``,
    for which a share of ``others_kept`` stands."""

    model: ModelConfig
    stages: tuple[Stage, ...]
    seed: int = 1
    learning_rate: float = 3e-3
    warmup: int = 50
    final_rate: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    answer_weight: float = 10.0
    other_weight: float = 0.3
    others_kept: float = 0.25

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a training needs at least one stage: [[stages]]")
        if self.warmup < 1 or self.learning_rate <= 0 or self.clip <= 0:
            raise ValueError("warmup must be at least 1, learning_rate and clip above 0")
        if not 0 < self.others_kept <= 1:
            raise ValueError("others_kept is a share above 0 and at most 1")

    @property
    def steps(self) -> int:
        """Steps of all stages together."""
        return sum(stage.steps for stage in self.stages)

    def stage(self, step: int) -> Stage:
        """The stage that ``step`` belongs to."""
        for stage in self.stages:
            if step < stage.steps:
                return stage
            step -= stage.steps
        raise IndexError("past the last stage")

    def rate(self, step: int) -> float:
        """Learning rate: a short warm-up, then half a cosine down to ``final_rate`` of the peak."""
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return (
            self.learning_rate
            * min(1.0, (step + 1) / self.warmup)
            * (self.final_rate + (1 - self.final_rate) * cosine)
        )


def read_config(path: Path, vocab_size: int) -> TrainConfig:
    """Read a TOML configuration. Raises ValueError with one sentence where it is wrong."""
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    try:
        model = ModelConfig.from_dict({"vocab_size": vocab_size, **values.pop("model")})
        stages = tuple(build(Stage, stage, "stages") for stage in values.pop("stages"))
        return build(TrainConfig, {**values, "model": model, "stages": stages}, "training")
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} lacks or misspells a value: {error}") from error
