"""What filler does: who writes none of it, and what forgetting leaves."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from titans_core.config import MemoryConfig, ModelConfig
from titans_core.evaluate.ablate import ABLATIONS
from titans_core.memory import NeuralMemory
from titans_core.model import TitansLM
from titans_core.tables import filler, path_of, read_results
from titans_core.tables.needles import NEEDLES, at_depths
from titans_core.tasks import Example, Tag
from titans_core.tokenizer import Tokenizer


def model(**memory: object) -> TitansLM:
    torch.manual_seed(1)
    config = ModelConfig(
        vocab_size=Tokenizer.load().vocab_size,
        width=32,
        heads=2,
        head_width=8,
        layers=2,
        feed_forward=16,
        variant="lmm",
        persistent=0,  # which a memory begins with, written like any token
        memory=MemoryConfig(**memory),  # type: ignore[arg-type]
    )
    return TitansLM(config).eval()


@pytest.fixture
def example() -> Example:
    return at_depths(256, *NEEDLES["number"])[2].example(Random(1), Tokenizer.load())


@torch.inference_mode()
def test_where_nothing_is_filler_all_is_written(example: Example) -> None:
    one, ids = model(), torch.from_numpy(example.ids[None])
    bare = replace(example, tags=np.where(example.tags == Tag.FILLER, Tag.FACT, example.tags))
    torch.testing.assert_close(filler.only_facts(one, bare), one.read(ids)[0][0])


@torch.inference_mode()
def test_where_all_is_filler_nothing_is_written(example: Example) -> None:
    one, ids = model(), torch.from_numpy(example.ids[None])
    # what is not written fades no more either
    still = ABLATIONS["no forgetting"](ABLATIONS["no writing"](one))
    never = still.read(ids)[0][0]
    all_of_it = replace(example, tags=np.full_like(example.tags, Tag.FILLER))
    torch.testing.assert_close(filler.only_facts(one, all_of_it), never)
    told = filler.only_facts(one, example)
    fact = np.flatnonzero(example.tags == Tag.FACT)
    before, after = slice(0, int(fact[0])), slice(int(fact[-1]) + 1, None)
    torch.testing.assert_close(told[before], never[before])
    assert not torch.allclose(told[after], never[after])


class Foretells:
    """Who knows every next token of a text, but the one after ``wrong``."""

    device = torch.device("cpu")

    def __init__(self, wrong: int | None) -> None:
        self.wrong = wrong

    def read(self, ids: Tensor) -> tuple[Tensor, None, None]:
        known = ids.roll(-1, 1)
        if self.wrong is not None:
            known[0, self.wrong] = 0
        return known[..., None], None, None

    def predict(self, hidden: Tensor) -> Tensor:
        return one_hot(hidden[:, 0], Tokenizer.load().vocab_size).float()


@pytest.mark.parametrize(
    ("wrong", "right"), [(None, (10, 10)), (-2, (0, 10)), (-3, (0, 0))], ids=["none", "the end", "a digit"]
)
def test_an_answer_that_goes_on_where_it_should_end_is_wrong_in_its_end_alone(
    wrong: int | None, right: tuple[int, int]
) -> None:
    one: Any = Foretells(wrong)
    rows = filler.digits(one, at_depths(512, *NEEDLES["passkey"]), 2)
    assert tuple(row["right"] for row in rows) == right and {row["asked"] for row in rows} == {10}


def test_what_is_asked_of_the_passkey_is_what_the_needles_table_asks() -> None:
    """Whoever is in both tables has the same there."""
    needles, there = (read_results(path_of(name)) for name in ("niah", "filler"))
    told = {(one["model"], one["seed"]): one["rows"] for one in needles}
    for one in there:
        for task in ("passkey", "number"):
            (here,) = (row["right"] for row in one["rows"] if row["task"] == task)
            rows = told[one["model"], one["seed"]]
            assert [here] == [r["right"] for r in rows if (r["task"], r["length"]) == (task, filler.LENGTH)]


def test_heads_keep_what_forgetting_leaves_them() -> None:
    assert filler.keeping(model(forgetting="none")) == 1
    assert filler.keeping(ABLATIONS["no forgetting"](model())) == 1
    one = model()
    with torch.no_grad():
        for memory in (part for part in one.modules() if isinstance(part, NeuralMemory)):
            memory.gate_projection.weight[4:] = 0
            memory.gate_bias[4:] = torch.tensor([-9.3, -9.1])  # (1 − α)¹⁰⁰⁰ is 0.91 and 0.89
    assert filler.keeping(one) == 0.5
