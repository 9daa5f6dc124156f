"""Training goes on exactly where it stopped, stops clean on what is no number, and refuses a wrong recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from titans_core import header, train
from titans_core.checkpoint import read_tensors
from titans_core.config import MemoryConfig, ModelConfig
from titans_core.loss import answer_loss
from titans_core.recipe import Stage, TrainConfig, read_config
from titans_core.tasks import Tag, batch
from titans_core.tokenizer import VOCAB_SIZE, Tokenizer
from titans_core.train import MODEL, RUN, Recall, Training

SMALL = TrainConfig(
    model=ModelConfig(
        variant="mag",
        vocab_size=Tokenizer.load().vocab_size,
        width=16,
        layers=1,
        heads=2,
        head_width=8,
        window=8,
        persistent=2,
        feed_forward=16,
        memory=MemoryConfig(chunk_size=16),
    ),
    stages=(Stage(length=48, batch=2, facts=(1,), steps=3, min_distance=8), Stage(64, 2, (1, 2), 3, 8)),
    warmup=2,
)


BARE = "[model]\n[[stages]]\nlength=64\nbatch=1\nfacts=[1]\nsteps=1"
WRONG = (
    ("learning_rate", "nan"),
    ("learning_rate", "inf"),
    ("clip", "inf"),
    ("seed", -1),
    ("seed", 2**63),
    ("final_rate", "nan"),
    ("weight_decay", -1),
    ("answer_weight", 0),
    ("other_weight", "nan"),
    ("others_kept", 0),
)
WRONG_IN_A_STAGE = (
    ("updates", 2.0),
    ("updates", "nan"),
    ("chapters", -1),
    ("crowded", 1.5),
    ("insistent", "nan"),
    ("write_cost", -1),
    ("write_cost", "inf"),
    ("forget_cost", "nan"),
    ("min_distance", -1),
)


@pytest.mark.parametrize("persistent", [2, 0])
def test_a_resumed_training_is_the_uninterrupted_one(tmp_path: Path, persistent: int) -> None:
    config = replace(SMALL, model=replace(SMALL.model, persistent=persistent))
    whole = Training(config, tmp_path / "whole", device="cpu")
    whole.run(save_every=100)
    halted = Training(config, tmp_path / "halves", device="cpu")
    stop_after(halted, 4)
    halted.save()
    again = Training(config, tmp_path / "halves", device="cpu")
    assert again.resume() and again.step == 4
    again.run(save_every=100)
    for (name, mine), theirs in zip(whole.model.named_parameters(), again.model.parameters(), strict=True):
        assert torch.equal(mine, theirs), name


def stop_after(training: Training, steps: int) -> None:
    for _ in range(steps):
        training.advance(Recall())


def test_training_moves_every_parameter_and_lowers_the_loss(tmp_path: Path) -> None:
    config = replace(SMALL, stages=(Stage(48, 4, (1,), 60, 8),), learning_rate=1e-2)
    training = Training(config, tmp_path, device="cpu")
    before = {name: p.detach().clone() for name, p in training.model.named_parameters()}
    losses = [training.advance(Recall()) for _ in range(60)]
    assert sum(losses[-10:]) < 0.95 * sum(losses[:10])
    for name, parameter in training.model.named_parameters():
        assert not torch.equal(parameter, before[name]), name


@torch.inference_mode()
def test_a_share_of_the_tokens_stands_for_all_and_every_answer_is_counted(tmp_path: Path) -> None:
    model = Training(SMALL, tmp_path, device="cpu").model
    data = batch(Random(1), Tokenizer.load(), 4, 96, (2,), min_distance=8)
    hidden, _, _ = model.read(torch.from_numpy(data.ids[:, :-1]))

    def loss(share: float, seed: int) -> tuple[float, int]:
        config = replace(SMALL, others_kept=share)
        mean, right = answer_loss(model, hidden, data, config, np.random.default_rng(seed))
        return mean.item(), len(right)

    whole, answers = loss(1.0, 0)
    drawn = [loss(0.25, seed) for seed in range(200)]
    assert answers == (data.tags[:, 1:] == Tag.ANSWER).sum() > 0
    assert {count for _, count in drawn} == {answers}
    assert np.mean([mean for mean, _ in drawn]) == pytest.approx(whole, rel=0.005)


@pytest.mark.parametrize(("cost", "gate"), [("write_cost", "theta"), ("forget_cost", "alpha")])
def test_where_a_gate_costs_it_opens_less(tmp_path: Path, cost: str, gate: str) -> None:
    def opening(price: float) -> float:
        stages = tuple(replace(stage, steps=20, **{cost: price}) for stage in SMALL.stages)
        training = Training(replace(SMALL, stages=stages), tmp_path / str(price), device="cpu")
        for _ in range(40):
            training.advance(Recall())
        ids = torch.from_numpy(batch(Random(7), training.tokenizer, 2, 64, (1,), 8).ids)
        _, _, (report,) = training.model.read(ids)
        return float(report.columns[gate].detach().mean())

    assert opening(100.0) < 0.98 * opening(0.0)


def test_no_number_stops_the_training_and_keeps_the_batch(tmp_path: Path) -> None:
    training = Training(SMALL, tmp_path, device="cpu")
    training.save()
    kept = (tmp_path / "model.safetensors").read_bytes()
    with torch.no_grad():
        training.model.embedding.weight.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="offending"):
        training.run()
    assert (tmp_path / "offending.safetensors").stat().st_size > 0
    assert (tmp_path / "model.safetensors").read_bytes() == kept


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[model]\nvariant = 'mac'\n", "stages"),
        (
            "[model]\nvariant = 'max'\n[[stages]]\nlength=64\nbatch=1\nfacts=[1]\nsteps=1",
            "variant must be one of",
        ),
        ("[model]\nwidht = 3\n[[stages]]\nlength=64\nbatch=1\nfacts=[1]\nsteps=1", "unknown key 'widht'"),
        ("colour = 1\n[model]\n[[stages]]\nlength=64\nbatch=1\nfacts=[1]\nsteps=1", "unknown key 'colour'"),
        ("[model.memory]\nblock_size = 5\n[[stages]]\nlength=64\nbatch=1\nfacts=[1]\nsteps=1", "must divide"),
        ("this is no toml", "cannot read"),
        ("stages = []\n[model]\n", "at least one stage"),
        ("[model]\n[[stages]]\nlength=64\nbatch=1\nfacts=[1]\nsteps='x'", "whole number"),
        ("[model]\n[[stages]]\nlength=64\nbatch=1\nfacts=[]\nsteps=1", "at least 1"),
        ("[model]\n[[stages]]\nlength=64\nbatch=0\nfacts=[1]\nsteps=1", "at least 1"),
        ("warmup = 0\n[model]\n[[stages]]\nlength=64\nbatch=1\nfacts=[1]\nsteps=1", "warmup"),
        *((f"{key} = {value}\n{BARE}", key) for key, value in WRONG),
        *((f"{BARE}\n{key} = {value}", key) for key, value in WRONG_IN_A_STAGE),
        (BARE.replace("length=64", "length=31"), "length must be at least 32"),
        (BARE.replace("facts=[1]", "facts=[100]"), "room for 60 facts"),
        (BARE.replace("length=64", ""), r"stage 1: \[stages\] lacks length"),
        (BARE.replace("[[stages]]", "[stages]"), "table of its own"),
        ("", r"the section \[model\] is missing"),
        ("[[stages]]\nlength=64", r"the section \[model\] is missing"),
        ("model = 3", r"\[model\] must be a table"),
        ("[model]\nmemory = 'deep'", r"\[memory\] must be a table"),
        ("[model.memory]\nread = 'sometimes'", "read must be"),
        ("[model.memory]\nsilu = 'value'", "a list of words"),
        ("[model.memory]\ndepth = 2\nhidden = 0", "hidden"),
        ("[model]\nvocab_size = 5", "vocab_size"),
        ("learning_rate = 'fast'\n[model]\n[[stages]]\nlength=64\nbatch=1\nfacts=[1]\nsteps=1", "a number"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint) as caught:
        read_config(path, VOCAB_SIZE)
    assert "\n" not in str(caught.value).strip()


def test_a_run_of_another_recipe_or_a_damaged_one_is_left_alone(tmp_path: Path) -> None:
    Training(SMALL, tmp_path, device="cpu").save()
    deeper = replace(SMALL.model, memory=replace(SMALL.model.memory, depth=2))
    with pytest.raises(ValueError, match=r"another recipe \(other model.memory.depth, seed\)"):
        Training(replace(SMALL, seed=2, model=deeper), tmp_path, device="cpu").resume()
    (tmp_path / RUN).write_bytes((tmp_path / RUN).read_bytes()[:-10])
    with pytest.raises(ValueError, match="damaged run"):
        Training(SMALL, tmp_path, device="cpu").resume()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot make the folder"):
        Training(SMALL, tmp_path / "file" / "run", device="cpu")
    with pytest.raises(ValueError, match="no device 'abacus'"):
        Training(SMALL, tmp_path, device="abacus")


def test_every_shipped_recipe_can_be_read() -> None:
    recipes = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
    assert {p.stem for p in recipes} >= {"mac", "mag", "mal", "lmm", "attention"}
    for path in recipes:
        assert read_config(path, VOCAB_SIZE).steps > 0


@pytest.mark.parametrize("change", [{"other_weight": 0.0}, {"others_kept": 1e-9}])
def test_a_batch_of_which_no_token_counts_loses_nothing_and_moves_nothing(
    tmp_path: Path, change: dict[str, float]
) -> None:
    training = Training(replace(SMALL, **change), tmp_path)
    data = training.draw(SMALL.stages[0])
    data = data._replace(tags=np.full_like(data.tags, Tag.FILLER))
    hidden, _, _ = training.model.read(torch.from_numpy(data.ids[:, :-1]))
    loss, right = answer_loss(training.model, hidden, data, training.config, np.random.default_rng(0))
    loss.backward()
    assert loss.item() == 0 and not len(right)
    assert all(p.grad is None or not p.grad.any() for p in training.model.parameters())


@pytest.mark.parametrize("limit", ["LARGEST", "MOST"])
def test_a_run_larger_than_a_strangers_file_is_gone_on_with(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Training(SMALL, tmp_path).run()
    model = {"LARGEST": (tmp_path / MODEL).stat().st_size, "MOST": len(read_tensors(tmp_path / MODEL)[0])}
    monkeypatch.setattr(header, limit, model[limit])
    with pytest.raises(ValueError, match=f"over the limit of {model[limit]:,}"):
        read_tensors(tmp_path / RUN)
    again = Training(SMALL, tmp_path)
    assert again.resume() and again.step == SMALL.steps
    again.save()


def test_a_model_of_more_tensors_than_a_file_may_have_is_refused_before_it_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "MOST", 20)
    with pytest.raises(ValueError, match="tensors, and none of more than 20 is read: give it fewer layers"):
        Training(SMALL, tmp_path)


def test_a_model_that_no_file_could_hold_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    large = replace(SMALL, model=replace(SMALL.model, width=4096, feed_forward=65_536 // 8))
    with pytest.raises(ValueError, match="make it narrower, or give it fewer layers"):
        Training(large, tmp_path)


def test_every_distance_has_a_bin_of_its_size() -> None:
    hits = Recall()
    hits.add(np.array([True, False]), np.array([2048, 8000]))
    assert hits.shares() == [(2048, 1.0), (8192, 0.0)]
