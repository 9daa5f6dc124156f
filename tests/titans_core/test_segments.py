"""MAC's segments by the compiled loop are what they are by operations on tensors."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.titans_core.conftest import tiny
from tests.titans_core.random_models import built, configs
from titans_core import rowwise, segments
from titans_core.blocks import MACState
from titans_core.config import ModelConfig
from titans_core.layers import flatten_state
from titans_core.model import Output, TitansLM
from titans_core.override import Edits
from titans_core.stepping import installed

pytestmark = pytest.mark.skipif(not installed(), reason="numba is not installed: pip install numba")
TOKENS = 29

HEADS = 3  # of an intervention, the first of which are the model's
NUMBERS = st.sampled_from((0.0, 0.4, 1.0, 3.0))


def several(values: st.SearchStrategy[Any], *shape: int) -> st.SearchStrategy[Tensor]:
    """A tensor of such values."""
    count = math.prod(shape)
    return st.lists(values, min_size=count, max_size=count).map(
        lambda found: torch.tensor(found, dtype=None if isinstance(found[0], bool) else torch.float64).view(
            shape
        )
    )


edits = st.builds(
    Edits, several(NUMBERS, 3, HEADS), several(NUMBERS, 3, HEADS), *2 * [several(st.booleans(), HEADS)]
)
cuts = st.lists(st.integers(1, TOKENS), max_size=6).map(lambda found: sorted({0, *found, TOKENS}))


def by_tensors(
    model: TitansLM, ids: Tensor, telemetry: bool = True, edits: tuple[Edits, ...] | None = None
) -> Output:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "able", lambda *_: False)
        patch.setattr(rowwise, "able", lambda *_: False)
        return model(ids, None, telemetry, edits)


def same(found: Any, expected: Any) -> None:
    """Both trees of tuples, dictionaries and tensors hold the same."""
    if isinstance(expected, Tensor):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        same(tuple(found.values()), tuple(expected.values()))
    elif isinstance(expected, tuple):
        assert type(found) is type(expected) and len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same(one, other)
    else:
        assert found == expected


@torch.no_grad()
@settings(max_examples=40)
@given(configs("mac"), cuts, st.booleans(), st.none() | edits)
def test_cut_anywhere_it_reads_what_operations_on_tensors_read(
    config: ModelConfig, borders: list[int], telemetry: bool, edit: Edits | None
) -> None:
    model = built(config)
    changes = edit and (Edits(*(part[..., : config.heads] for part in edit)),)
    ids = torch.randint(0, 60, (2, TOKENS), generator=torch.Generator().manual_seed(3))
    whole = by_tensors(model, ids, telemetry, changes)
    state, logits, reports = None, [], []
    for start, end in zip(borders, borders[1:], strict=False):
        out = model(ids[:, start:end], state, telemetry, changes)
        state = out.state
        logits.append(out.logits)
        reports.append(out.telemetry[0])
    same(torch.cat(logits, 1), whole.logits)
    same(state, whole.state)
    expected = whole.telemetry[0]
    same(
        {name: torch.cat([report.columns[name] for report in reports], 1) for name in expected.columns},
        expected.columns,
    )
    for name in ("queries", "handed", "entering"):
        same(torch.cat([getattr(report, name) for report in reports], 1), getattr(expected, name))
    for number, parts in enumerate(expected.factors):
        for which, part in enumerate(parts):
            same(torch.cat([report.factors[number][which] for report in reports], 1), part)


@torch.no_grad()
def test_in_single_precision_it_reads_the_same_but_for_rounding(ids: Tensor) -> None:
    model = tiny("mac")
    exact = by_tensors(model, ids).logits
    found = model.float()(ids)
    assert found.logits.dtype is torch.float32
    assert all(value.dtype is torch.float32 for value in tensors(found.state))
    torch.testing.assert_close(found.logits.double(), exact, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_settings_replaced_are_seen(ids: Tensor) -> None:
    model = tiny("mac")
    model(ids)
    memory: Any = model.mixers[0].memory
    memory.config = replace(memory.config, read="before")
    same(model(ids).logits, by_tensors(model, ids).logits)


@torch.no_grad()
def test_the_state_before_is_left_as_it_was(ids: Tensor) -> None:
    model = tiny("mac")
    for already in (9, 12):  # within a segment of 6, and at its border
        before = model(ids[:, :already]).state
        was = [value.clone() for value in tensors(before)]
        model(ids, before)
        assert all(map(torch.equal, tensors(before), was))


def tensors(state: Any) -> list[Tensor]:
    return [value for value in flatten_state(state).values() if isinstance(value, Tensor)]


@torch.no_grad()
def test_what_is_no_number_in_one_sequence_leaves_the_other_alone(ids: Tensor) -> None:
    model = tiny("mac")
    state = model(ids[:, :9]).state
    spoiled = state[0].memory.weights[0].clone()
    spoiled[0] = torch.nan
    memory = state[0].memory._replace(weights=(spoiled,))
    found = model(ids[:, 9:], (state[0]._replace(memory=memory), *state[1:]))
    assert found.logits[0].isnan().any()
    same(found.logits[1], model(ids[:, 9:], state).logits[1])


def taken(model: TitansLM, sequences: int = 2, state: MACState | None = None) -> bool:
    mixer: Any = model.mixers[0]
    query = torch.zeros(2, 3, 16, dtype=torch.float64) + model.embedding.weight[0]  # as autograd sees it
    return segments.able(mixer, query, state or mixer.initial_state(sequences))


@torch.no_grad()
def test_it_is_taken_where_it_serves_and_nowhere_else() -> None:
    assert taken(tiny("mac"))
    assert not taken(tiny("mac"), 1), "the state of another batch"
    state = tiny("mac").initial_state(2)[0]
    for part, wrong in (
        ("frozen", tuple(part.float() for part in state.frozen)),
        ("frozen", tuple(part[..., :7, :7] for part in state.frozen)),
        ("query_tail", state.query_tail[:, 1:]),
        ("memory", state.memory._replace(tail=state.memory.tail[..., 1:])),
        ("filled", 2),
    ):
        assert not taken(tiny("mac"), state=state._replace(**{part: wrong})), part
    assert not taken(tiny("mac", depth=2, block_size=8)) and not taken(tiny("mac", block_size=4))
    relative = tiny("mac").config
    relative = replace(relative, memory=replace(relative.memory, forgetting="none"))
    assert not taken(TitansLM(relative).double())
    with torch.autocast("cpu"):
        assert not taken(tiny("mac"))


def test_it_is_left_where_a_gradient_is_wanted_of_anything() -> None:
    assert not taken(tiny("mac"))
    model = tiny("mac").requires_grad_(False)
    state = model.initial_state(2)[0]
    assert taken(model, state=state)
    leaf = state.memory.momentum[0].clone().requires_grad_()
    assert not taken(model, state=state._replace(memory=state.memory._replace(momentum=(leaf,))))
    model.mixers[0].memory.out.weight.requires_grad_()  # type: ignore[union-attr]
    assert not taken(model, state=state)
