"""The evaluation counts what it says it counts, and takes away only what it says it takes away."""

from __future__ import annotations

import json
from functools import partial
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import titans_core as tc
from titans_core.evaluate import Cell, Probe, agreement, recall, report, suite, table
from titans_core.evaluate.ablate import ABLATIONS
from titans_core.evaluate.answers import all_right
from titans_core.evaluate.reading import hostile
from titans_core.evaluate.recall import groups
from titans_core.evaluate.suite import PROBES
from titans_core.memory import NeuralMemory
from titans_core.tasks import Tag
from titans_core.tasks.facts import ALL_KINDS, CHANCE, VALUES
from titans_core.tokenizer import Tokenizer

TOKENIZER = Tokenizer.load()
IDS = torch.randint(0, 1000, (2, 200), generator=torch.Generator().manual_seed(3))


@given(st.integers(1, 400), st.integers(0, 400))
def test_a_margin_is_half_of_wilsons_interval(asked: int, right: int) -> None:
    right = min(right, asked)
    p, z, n = right / asked, 1.96, asked
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    margin = Cell(Probe(), right, asked).margin
    # both ends solve |p - x| = z sqrt(x (1 - x) / n)
    for end in (middle - margin, middle + margin):
        assert abs(abs(p - end) - z * np.sqrt(max(end * (1 - end), 0) / n)) < 1e-6


@given(st.integers(0, 300), st.integers(1, 50))
def test_groups_are_a_partition(total: int, size: int) -> None:
    parts = list(groups(total, size))
    assert [i for part in parts for i in part] == list(range(total))
    assert all(len(part) <= size for part in parts)


def test_an_answer_counts_only_where_each_of_its_tokens_is_foretold() -> None:
    example = Probe(3, 100, "PASSWORD").example(Random(2), TOKENIZER)
    guess = example.ids[example.tags == Tag.ANSWER]
    assert all_right(guess, example)
    for at in range(len(guess)):
        wrong = guess.copy()
        wrong[at] += 1
        assert not all_right(wrong, example)


@pytest.mark.parametrize("name", [n for n in tc.available() if tc.load(n, device="cpu").has_memory])
def test_ablations_close_their_gate_and_leave_the_model_as_it_was(name: str) -> None:
    model = tc.load(name, device="cpu")
    before = [p.clone() for p in model.parameters()]
    columns = {"no momentum": "eta", "no writing": "theta", "no forgetting": "alpha"}
    for ablation, column in columns.items():
        out = ABLATIONS[ablation](model)(IDS, telemetry=True)
        assert all((report.columns[column] == 0).all() for report in out.telemetry)
        assert not any((report.columns[column] == 0).all() for report in model(IDS, telemetry=True).telemetry)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_without_reading_the_memory_says_nothing_but_is_written() -> None:
    model = ABLATIONS["no reading"](tc.load("mag", device="cpu"))
    silent = [m for m in model.modules() if isinstance(m, NeuralMemory)]
    assert silent and all((m.out.weight == 0).all() for m in silent)
    norms = [report.columns["memory_norm"][:, -1] for report in model(IDS, telemetry=True).telemetry]
    assert all((norm > 0).all() for norm in norms)


def test_the_same_stories_are_asked_with_an_ablation_and_without() -> None:
    texts = []

    class Deaf(tc.TitansLM):
        def read(self, ids: Tensor, *rest: object, **more: object):  # type: ignore[no-untyped-def]
            texts.append(ids.clone())
            return super().read(ids, *rest, **more)  # type: ignore[arg-type]

    torch.manual_seed(0)
    model = Deaf(tc.ModelConfig(variant="lmm", width=16, heads=1, head_width=8, layers=1, feed_forward=8))
    counted: list[int] = []
    for ablation in ("", "no momentum"):
        recall(model, Probe(2, 64, ablation=ablation), asked=3, seed=5, on_answer=counted.append)
    assert torch.equal(texts[0], texts[1]) and counted == [3, 3]


def test_chance_is_how_often_a_guess_is_right() -> None:
    """Two values drawn apart agree as often as chance says, where that can be counted."""
    for kind in ALL_KINDS:
        if CHANCE[kind] > 0.005:
            rng = Random(kind)
            agree = sum(VALUES[kind](rng) == VALUES[kind](rng) for _ in range(20_000)) / 20_000
            assert 0.6 * CHANCE[kind] < agree < 1.6 * CHANCE[kind], (kind, agree)


def test_two_reports_agree_where_their_margins_meet() -> None:
    probe = Probe(8, 256)
    scores = [{"recall": [Cell(probe, right, 100).row()], "seed": 1} for right in (90, 85, 40)]
    assert agreement(scores[0], scores[1]) == (1, [])
    cells, apart = agreement(scores[0], scores[2])
    assert cells == 1 and apart == [
        "recall: facts 8, distance 256, haystack mixed: 0.90 ± 0.06, was 0.40 ± 0.09"
    ]
    assert agreement(scores[0], {"recall": [Cell(Probe(8, 64), 1, 100).row()]}) == (0, [])


def test_hostile_streams_have_the_length_that_is_said() -> None:
    assert {len(text) for text in hostile(1, 500).values()} == {500}


@pytest.mark.slow
def test_a_report_is_json_and_its_table_names_every_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "hostile", partial(hostile, characters=500))  # norms are test_shipped's
    scores = report(tc.load("lmm", device="cpu"), asked=2)
    assert json.loads(json.dumps(scores)) == scores
    rows = table(scores).splitlines()
    for name, probes in PROBES.items():
        assert sum(row.startswith(f"{name} ") for row in rows) == len(probes), name
    assert scores["perplexity"]["all tokens"] < scores["perplexity"]["all tokens without memory"]


@pytest.mark.slow
def test_the_control_has_nothing_to_ablate() -> None:
    scores = report(tc.load("attention", device="cpu"), asked=2)
    assert "ablations" not in scores and "largest_norm" not in scores
    assert len(scores["chapters"]) == 2
