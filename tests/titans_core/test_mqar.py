"""Pairs of words, asked for in another order; and how a stage of a training names what it is about."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from titans_core.config import MemoryConfig, ModelConfig
from titans_core.recipe import Stage, TrainConfig, as_read, recipe
from titans_core.tables import SUITES, asked
from titans_core.tables.summary import place
from titans_core.tasks import Tag
from titans_core.tasks.facts import Kind
from titans_core.tasks.mqar import GAPS, KEYS, VALUES, mqar
from titans_core.tasks.stages import TASKS, TaskName
from titans_core.tokenizer import Tokenizer
from titans_core.train import Recall, Training

TOKENIZER = Tokenizer.load()
STAGES: dict[TaskName, Stage] = {
    "story": Stage(192, 2, (2,), 2),
    "babi": Stage(192, 2, (1, 2), 2, task="babi"),
    "mqar": Stage(192, 2, (8,), 2, task="mqar"),
}
SMALL = TrainConfig(
    model=ModelConfig("lmm", TOKENIZER.vocab_size, 16, 1, 2, 8, feed_forward=16, memory=MemoryConfig()),
    stages=tuple(STAGES.values()),
)


def test_every_word_is_one_token_and_no_two_sets_share_one() -> None:
    words = KEYS + VALUES + GAPS
    assert len(set(words)) == len(words)
    assert all(len(TOKENIZER.encode(f" {word}", opening=False)) == 1 for word in words)


@given(st.integers(0, 2**32), st.integers(1, 64), st.integers(0, 40), st.integers(0, 90))
@settings(max_examples=100)
def test_every_key_is_asked_once_and_answered_as_it_was_told(
    seed: int, pairs: int, gap: int, spare: int
) -> None:
    length = 1 + 4 * pairs + gap + spare
    example = mqar(Random(seed), TOKENIZER, length, pairs, gap)
    assert example.ids.tolist() == [TOKENIZER.begin, *TOKENIZER.encode(example.text)]
    assert len(example.ids) == len(example.tags) == length
    words = ["", *example.text.split()]  # a word a token
    pair = dict(zip(words[1 : 2 * pairs : 2], words[2 : 2 * pairs + 1 : 2], strict=True))
    assert len(pair) == pairs
    places = {words[at - 1]: at for at in np.flatnonzero(example.tags == Tag.ANSWER)}
    assert {key: words[at] for key, at in places.items()} == pair
    assert min(places.values()) >= 1 + 2 * pairs + gap + 1
    for key, at in places.items():
        assert at - example.distance[at] == words.index(key) + 1
        assert example.tags[at - 1] == Tag.QUESTION and example.kind[at] == Kind.ENTRY
    known = Counter(example.tags.tolist())
    assert known[Tag.FACT] == known[Tag.VALUE] == known[Tag.QUESTION] == pairs
    assert {word for word, tag in zip(words[1:], example.tags[1:], strict=True) if tag == Tag.FILLER} <= {
        *GAPS
    }


def test_keys_are_asked_in_random_order_and_anywhere() -> None:
    examples = [mqar(Random(seed), TOKENIZER, 256, 8) for seed in range(50)]
    distances = np.array([e.distance[e.distance > 0] for e in examples])
    assert (np.diff(distances) < 0).any() and (np.diff(distances) > 0).any()
    assert distances.min() < 60 and distances.max() > 220


@pytest.mark.parametrize(
    ("length", "pairs", "gap"), [(56, 8, 24), (256, 0, 24), (9999, len(KEYS) + 1, 24), (256, 8, -1)]
)
def test_pairs_without_room_are_refused(length: int, pairs: int, gap: int) -> None:
    with pytest.raises(ValueError, match=f"{length} tokens have no room for {pairs} pairs"):
        mqar(Random(0), TOKENIZER, length, pairs, gap)


@pytest.mark.parametrize("task", TASKS)
def test_the_least_stage_of_a_task_draws_its_batches_and_a_shorter_one_is_refused(task: TaskName) -> None:
    facts = TASKS[task].most
    least = TASKS[task].least(facts, 24)
    stage = replace(STAGES[task], length=least, facts=(facts,))
    made = TASKS[task].batch(Random(1), TOKENIZER, stage)
    assert {array.shape for array in made} == {(2, least + 1)}
    with pytest.raises(ValueError, match=f"length must be at least {least}"):
        replace(stage, length=least - 1)
    with pytest.raises(ValueError, match=f"has room for {facts} facts"):
        replace(stage, length=9999, facts=(facts + 1,))


def test_every_task_has_its_own_answers() -> None:
    kinds = {
        task: set(TASKS[task].batch(Random(1), TOKENIZER, replace(stage, batch=20)).kind.flat)
        for task, stage in STAGES.items()
    }
    assert kinds["babi"] == {Kind.NONE, Kind.PLACE} and kinds["mqar"] == {Kind.NONE, Kind.ENTRY}
    assert len(kinds["story"]) > 3


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"task": "chess"}, "task must be one of story, babi, mqar, .*not 'chess'"),
        ({"task": ["babi"]}, "task must be one of"),
        ({"task": "text", "facts": []}, "task must be one of story, babi, mqar, texts, not 'text'"),
        ({"batch": 100_000_000}, "a step reads at most 16,777,216 tokens, but a batch of 100,000,000"),
        ({"task": "babi", "chapters": 0.5}, "chapters is for stories alone"),
        ({"task": "mqar", "updates": 0.5}, "updates is for stories alone"),
    ],
)
def test_a_stage_that_is_none_for_its_task_is_refused(values: dict[str, Any], sentence: str) -> None:
    stage = {"length": 256, "batch": 1, "facts": [1], "steps": 1, **values}
    with pytest.raises(ValueError, match=f"stage 1: {sentence}"):
        recipe({"model": {}, "stages": [stage]}, TOKENIZER.vocab_size)


def test_a_recipe_from_before_there_were_tasks_is_one_of_stories() -> None:
    config = replace(SMALL, stages=(STAGES["story"],))
    values = as_read(config)
    del values["stages"][0]["task"]
    assert recipe(values, TOKENIZER.vocab_size) == config


def test_a_training_goes_through_stages_of_every_task(tmp_path: Path) -> None:
    training = Training(SMALL, tmp_path, device="cpu")
    for stage in SMALL.stages:
        hits = Recall()
        for _ in range(stage.steps):
            training.advance(hits)
        assert hits.total.sum() > 0
    training.save()
    assert Training(SMALL, tmp_path, device="cpu").resume()


class Oracle:
    """What answers as it is told to: a model as far as a table's rows need one."""

    device = torch.device("cpu")

    def __init__(self, knows: bool) -> None:
        self.knows = knows

    def read(self, ids: Tensor, state: None = None) -> tuple[Tensor, None, None]:
        return ids.roll(-1, 1)[..., None].float(), None, None

    def predict(self, hidden: Tensor) -> Tensor:
        token = hidden[..., 0].long() + (0 if self.knows else 1)
        return torch.nn.functional.one_hot(token, TOKENIZER.vocab_size + 1).float()


@pytest.mark.parametrize("knows", [True, False])
def test_the_rows_of_a_table_count_right_answers(monkeypatch: pytest.MonkeyPatch, knows: bool) -> None:
    monkeypatch.setattr(asked, "STORIES", 20)
    monkeypatch.setattr(asked, "TOKENS_AT_ONCE", 4096)
    model: Any = Oracle(knows)
    rows = asked.facts(model) + asked.pairs(model)
    assert {row["right"] for row in rows} == ({20, 512, 480, 128} if knows else {0})
    assert len({place(row) for row in rows}) == 4 * 4 + 6 + 2
    guesses = [row["guess"] for row in rows if "guess" in row]
    assert 0 < sum(guesses) < 10 * len(guesses)


class Early(Oracle):
    """What knows the pairs that were told first."""

    def read(self, ids: Tensor, state: None = None) -> tuple[Tensor, None, None]:
        known = ids[:, 1 : 1 + 2 * 16 : 2]  # keys: BEGIN, key, value, key, value …
        hit = (ids[..., None] == known[:, None]).any(-1)
        return torch.where(hit, ids.roll(-1, 1), -1)[..., None].float(), None, None


def test_pairs_are_counted_in_the_order_they_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = Early(knows=True)
    monkeypatch.setattr(model, "predict", lambda hidden: Oracle.predict(model, hidden.clamp(min=0)))
    right = asked.pairs_right(model, 64)
    assert right[:, :16].all() and not right[:, 16:].any()
    rows = {row["task"]: row["right"] for row in asked.pairs(model) if row["pairs"] == 64}
    assert rows == {"recall": 128, "first quarter told": 128, "last quarter told": 0}


@pytest.mark.parametrize("name", ["babilong", "mqar"])
def test_models_of_another_recipe_have_names_of_their_own(name: str) -> None:
    others = {entry.name for suite in SUITES.values() if suite.name != name for entry in suite.entries}
    for entry in SUITES[name].entries:
        config = entry.recipe(seed=3)
        assert entry.name not in others and config.seed == 3
        assert {stage.task for stage in config.stages} == {entry.base}
        assert config.model.memory == entry.memory and config.model.variant == entry.variant
