"""A training's recipe: the model, the stages of its curriculum, and how it is optimised, from a TOML file."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, get_args

from titans_core.config import ModelConfig, build, check_kinds, table
from titans_core.tasks import UPDATES
from titans_core.tasks.stages import STORY_ALONE, TASKS, TaskName

MOST: Final[int] = 2**24  # tokens that a step reads: beyond them a slip of the pen takes all memory


@dataclass(frozen=True)
class Stage:
    """One step of the curriculum, of one ``task``. Lengths and distances are in tokens; ``facts`` are the
    numbers of facts (of pairs, in mqar) to draw from; ``updates`` is the share of sentences that change a
    fact. Shares of the stories start anew (``chapters``), speak of few people and things (``crowded``), or
    tell a few facts again and again before they change (``insistent``). Writing and forgetting cost
    ``write_cost`` × 2θ and ``forget_cost`` × α in the loss, means over each layer.

    The task "texts" is stretches of one's own texts, and has no facts; ``texts`` is the share of them among
    the documents of another task."""

    length: int
    batch: int
    facts: tuple[int, ...]
    steps: int
    min_distance: int = 24
    updates: float = UPDATES
    chapters: float = 0.0
    crowded: float = 0.0
    insistent: float = 0.0
    write_cost: float = 0.0
    forget_cost: float = 0.0
    task: TaskName = "story"
    texts: float = 0.0

    def __post_init__(self) -> None:
        check_kinds(self)
        if self.task not in get_args(TaskName):
            raise ValueError(f"task must be one of {', '.join(get_args(TaskName))}, not {self.task!r}")
        told = bool(self.facts) != (self.task == "texts")
        if min(self.length, self.batch, self.steps, *self.facts) < 1 or not told:
            if self.task == "texts" and self.facts:
                raise ValueError("facts are not for texts: leave them out where task is 'texts'")
            raise ValueError("a stage needs length, batch, steps and every number of facts to be at least 1")
        if self.length * self.batch > MOST:
            raise ValueError(
                f"a step reads at most {MOST:,} tokens, but a batch of {self.batch:,} times "
                f"{self.length:,} is {self.batch * self.length:,}"
            )
        shares = (self.updates, self.chapters, self.crowded, self.insistent, self.texts)
        if self.min_distance < 0 or not all(0 <= share <= 1 for share in shares):
            raise ValueError(
                "min_distance must be at least 0, "
                "updates, chapters, crowded, insistent and texts between 0 and 1"
            )
        if not (0 <= self.write_cost < math.inf and 0 <= self.forget_cost < math.inf):
            raise ValueError("write_cost and forget_cost must be at least 0")
        self.check_task()

    @property
    def own(self) -> float:
        """The share of its batches that are stretches of one's own texts."""
        return 1.0 if self.task == "texts" else self.texts

    def check_task(self) -> None:
        """Raises ValueError where the stage is none for its task."""
        if self.task != "story" and (
            foreign := [name for name in STORY_ALONE if getattr(self, name) != getattr(Stage, name)]
        ):
            raise ValueError(f"{foreign[0]} is for stories alone: leave it out where task is {self.task!r}")
        if self.task == "texts":
            return
        task, facts = TASKS[self.task], max(self.facts)
        if facts > task.most:
            raise ValueError(
                f"a document of the task {self.task!r} has room for {task.most} facts, not for {facts}"
            )
        if self.length < (needed := task.least(facts, self.min_distance)):
            raise ValueError(
                f"length must be at least {needed} for {facts} facts and min_distance = {self.min_distance}, "
                f"not {self.length}"
            )


@dataclass(frozen=True)
class TrainConfig:
    """A whole training. Answers weigh ``answer_weight`` in the loss, everything else ``other_weight``,
    for which a share of ``others_kept`` stands; all of one's own texts weighs 1. ``texts`` names these:
    files, folders, names with * in them, relative to the recipe."""

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
    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_kinds(self)
        if not self.stages:
            raise ValueError("a training needs at least one stage: [[stages]]")
        if not 0 <= self.seed < 2**63:
            raise ValueError("seed must be a whole number from 0 to 2⁶³ − 1")
        if self.warmup < 1 or not 0 < self.learning_rate <= 1 or not 0 < self.clip < math.inf:
            raise ValueError("warmup must be at least 1, learning_rate above 0 and at most 1, clip above 0")
        if not (0 <= self.final_rate <= 1 and 0 <= self.weight_decay <= 1 and 0 < self.others_kept <= 1):
            raise ValueError("final_rate, weight_decay and others_kept lie between 0 and 1, the last above 0")
        if not (0 < self.answer_weight < math.inf and 0 <= self.other_weight < math.inf):
            raise ValueError("answer_weight must be above 0, other_weight at least 0")
        own = any(stage.own for stage in self.stages)
        if own and not self.texts:
            raise ValueError(
                "a stage trains on texts, and none are named: begin the recipe with texts = ['texts/*.txt']"
            )
        if self.texts and not own:
            raise ValueError(
                "texts are named, and no stage trains on them: "
                "add a stage with task = 'texts', or texts = 0.5 to one"
            )

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
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot read {path}: it is not UTF-8 text; save it as UTF-8 first") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    try:
        return recipe(values, vocab_size)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def recipe(values: dict[str, Any], vocab_size: int) -> TrainConfig:
    """A recipe of a TOML file's values. Raises ValueError where they are none."""
    if (told := values.get("model")) is None:
        raise ValueError("the section [model] is missing, which says how the model is built")
    model = table(told, "model")
    if model.get("vocab_size", vocab_size) != vocab_size:
        raise ValueError(f"vocab_size is the tokenizer's, {vocab_size}: leave it out of [model]")
    built = ModelConfig.from_dict({**model, "vocab_size": vocab_size})
    tables = values.get("stages")
    if not isinstance(tables, list):
        raise ValueError("write each stage as a table of its own, [[stages]]")
    stages = []
    for number, stage in enumerate(tables, 1):
        try:
            stages.append(build(Stage, with_facts(stage), "stages"))
        except ValueError as error:
            raise ValueError(f"stage {number}: {error}") from error
    return build(TrainConfig, {**values, "model": built, "stages": tuple(stages)}, "training")


def with_facts(stage: Any) -> Any:
    """A stage's table; one of texts need not say that it has no facts."""
    return {"facts": [], **stage} if table(stage, "stages").get("task") == "texts" else stage


def same_recipe(values: Any, config: TrainConfig) -> bool:
    """Whether ``values``, as a card tells them, are this recipe. A key that is new since stands at its
    default."""
    try:
        return recipe(values, config.model.vocab_size) == config
    except (AttributeError, ValueError):
        return False


def as_read(config: TrainConfig) -> dict[str, Any]:
    """A recipe as it is read back from JSON."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return values


def different(former: dict[str, Any], recipe: dict[str, Any], where: str = "") -> list[str]:
    """The keys under which two recipes differ, ``model.memory.depth``."""
    found = []
    for key in sorted(former.keys() | recipe.keys()):
        a, b = former.get(key), recipe.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += different(a, b, f"{where}{key}.")
        elif a != b:
            found.append(where + key)
    return found
