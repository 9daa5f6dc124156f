"""What the stages of a training are about: for each task, how its batches are drawn and what they need."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from titans_core.tasks.babi import LEAST_LENGTH, babi_story
from titans_core.tasks.mqar import KEYS, PER_PAIR, mqar
from titans_core.tasks.story import Batch, batch, side_by_side
from titans_core.tasks.words import NAMES
from titans_core.tasks.world import MOST_FACTS
from titans_core.tokenizer import Tokenizer

if TYPE_CHECKING:
    from titans_core.recipe import Stage

TaskName = Literal["story", "babi", "mqar", "texts"]
SHORT_FACT = 8  # tokens that a story's shortest facts take


class Task(NamedTuple):
    """``batch`` draws what a stage trains on; it has room for ``most`` facts and needs ``least`` (of a number
    of facts and the stage's min_distance) tokens."""

    batch: Callable[[Random, Tokenizer, Stage], Batch]
    most: int
    least: Callable[[int, int], int]


def stories(rng: Random, tokenizer: Tokenizer, stage: Stage) -> Batch:
    """Stories of the world, see `story`."""
    return batch(
        rng,
        tokenizer,
        stage.batch,
        stage.length,
        stage.facts,
        stage.min_distance,
        stage.updates,
        stage.chapters,
        stage.crowded,
        stage.insistent,
    )


def questions(rng: Random, tokenizer: Tokenizer, stage: Stage) -> Batch:
    """Stories with questions that need so many facts, see `babi`."""
    return side_by_side(
        babi_story(rng, tokenizer, stage.length + 1, stage.facts, stage.min_distance)
        for _ in range(stage.batch)
    )


def pairs(rng: Random, tokenizer: Tokenizer, stage: Stage) -> Batch:
    """Pairs of words, as many as there are facts, see `mqar`."""
    return side_by_side(
        mqar(rng, tokenizer, stage.length + 1, rng.choice(stage.facts), stage.min_distance)
        for _ in range(stage.batch)
    )


TASKS: Final[dict[TaskName, Task]] = {  # that make documents up; "texts" takes one's own, see `texts`
    "story": Task(stories, len(NAMES), lambda facts, distance: facts * SHORT_FACT + distance),
    "babi": Task(questions, MOST_FACTS, lambda facts, distance: LEAST_LENGTH + distance),
    "mqar": Task(pairs, len(KEYS), lambda facts, distance: facts * PER_PAIR + distance),
}
STORY_ALONE: Final[tuple[str, ...]] = ("updates", "chapters", "crowded", "insistent")  # settings of a stage
