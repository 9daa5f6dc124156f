"""One token more, by compiled loops where numba is there, is what the model reads."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from tests.titans_core.conftest import tiny
from tests.titans_core.random_models import built, configs
from titans_core import stepping
from titans_core.config import VARIANTS, ModelConfig
from titans_core.layers import flatten_state
from titans_core.model import TitansLM
from titans_core.stepping import able, installed, loop, step

needs_numba = pytest.mark.skipif(not installed(), reason="numba is not installed: pip install numba")


@torch.no_grad()
def test_token_after_token_is_what_reading_them_gives(model: TitansLM, ids: Tensor) -> None:
    assert_read_alike(model, ids)


@needs_numba
@torch.no_grad()
@settings(max_examples=40)
@given(configs(*VARIANTS))
def test_a_model_of_any_size_is_read_so(config: ModelConfig) -> None:
    model = built(config)
    assert able(model)
    assert_read_alike(model, torch.randint(0, 60, (2, 11), generator=torch.Generator().manual_seed(3)))


def assert_read_alike(model: TitansLM, ids: Tensor) -> None:
    state = model.initial_state(len(ids))
    found = []
    for token in ids.unbind(1):
        logits, state = step(model, token, state)
        found.append(logits)
    whole = model(ids)
    torch.testing.assert_close(torch.stack(found, 1), whole.logits, rtol=1e-9, atol=1e-9)
    stepped, read = flatten_state(state), flatten_state(whole.state)
    assert stepped.keys() == read.keys()
    for name, value in read.items():
        if isinstance(value, Tensor):
            torch.testing.assert_close(stepped[name], value, rtol=1e-9, atol=1e-9, msg=name)
        else:
            assert stepped[name] == value, name


@needs_numba
def test_a_convolution_that_sees_no_token_before_writes_nothing_but_its_answer() -> None:
    numbers, x = np.zeros((6, 8)), np.arange(1.0, 9.0)
    loop().convolve(x, np.full((1, 8), 3.0), numbers[5:5])
    assert not numbers.any() and (x == 3 * np.arange(1.0, 9.0)).all()


@torch.no_grad()
def test_a_step_leaves_the_state_before_it_as_it_was(model: TitansLM, ids: Tensor) -> None:
    before = model(ids).state
    was = {name: torch.as_tensor(value).clone() for name, value in flatten_state(before).items()}
    step(model, ids[:, 0], before)
    assert all(torch.equal(torch.as_tensor(now), was[name]) for name, now in flatten_state(before).items())


def in_place(model: TitansLM) -> None:
    for parameter in model.parameters():
        parameter.mul_(1.3)


def by_data(model: TitansLM) -> None:
    """Which no version counts."""
    for parameter in model.parameters():
        parameter.data.mul_(1.3)


def by_new_tensors(model: TitansLM) -> None:
    for parameter in model.parameters():
        parameter.data = 1.3 * parameter.data


def in_another_precision(model: TitansLM) -> None:
    model.float()


def by_new_parameters(model: TitansLM) -> None:
    for module in list(model.modules()):
        for name, parameter in list(module.named_parameters(recurse=False)):
            module.register_parameter(name, nn.Parameter(1.3 * parameter))


def one_parameter(model: TitansLM) -> None:
    model.norm.scale = nn.Parameter(1.3 * model.norm.scale)


def one_part(model: TitansLM) -> None:
    model.feed_forwards[1] = copy.deepcopy(model.feed_forwards[0])


def assigned(model: TitansLM) -> None:
    model.load_state_dict({name: 1.3 * value for name, value in model.state_dict().items()}, assign=True)


def assigned_across(model: TitansLM) -> None:
    """Tensors whose rows are not in a row, then changed where they lie."""
    across = {name: value.mT.contiguous().mT for name, value in model.state_dict().items() if value.ndim > 1}
    model.load_state_dict(across, strict=False, assign=True)
    step(model, torch.tensor([1, 2]), model.initial_state(2))
    by_data(model)


CHANGES = [
    in_place,
    by_data,
    by_new_tensors,
    in_another_precision,
    by_new_parameters,
    one_parameter,
    one_part,
    assigned,
    assigned_across,
]


@needs_numba
@torch.no_grad()
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loops_see_weights_that_were_changed(
    variant: str, change: Callable[[TitansLM], None], ids: Tensor
) -> None:
    model = tiny(variant)
    assert able(model)
    before, _ = step(model, ids[:, 0], model.initial_state(2))
    change(model)
    assert able(model)
    logits, _ = step(model, ids[:, 0], model.initial_state(2))
    bound = 1e-4 if change is in_another_precision else 1e-9
    expected = model(ids[:, :1]).logits[:, 0]
    torch.testing.assert_close(logits, expected, rtol=bound, atol=bound)
    assert change is in_another_precision or (expected - before).abs().max() > 1e-3


@needs_numba
@torch.inference_mode()
def test_weights_made_in_inference_mode_are_taken(ids: Tensor) -> None:
    model = tiny("mac")
    assert able(model)
    for _ in range(2):
        logits, _ = step(model, ids[:, 0], model.initial_state(2))
        torch.testing.assert_close(logits, model(ids[:, :1]).logits[:, 0], rtol=1e-9, atol=1e-9)
        in_place(model)


@torch.no_grad()
def test_ids_and_a_state_that_do_not_fit_are_refused(model: TitansLM, ids: Tensor) -> None:
    state = model(ids[:, :9]).state
    for wrong, message in (
        (ids[:, :1], r"integers \[B\], one token a sequence, but these are int64 \[2, 1\]"),
        (torch.tensor(3), r"one token a sequence, but these are int64 \[\]"),
        (torch.tensor([3.0, 4.0]), r"integers \[B\], .* these are float32 \[2\]"),
        (torch.tensor([True, False]), "these are bool"),
        (torch.tensor([5, -1]), "token id -1 is not in 0 … 59"),
        (torch.tensor([60, 5]), "token id 60 is not in 0 … 59"),
        (torch.tensor([5]), "the ids are a batch of 1, but the state is one of 2"),
        (torch.tensor([5, 6, 7]), "the ids are a batch of 3, but the state is one of 2"),
    ):
        with pytest.raises(ValueError, match=message):
            step(model, wrong, state)


@torch.no_grad()
def test_a_state_of_several_batches_is_refused(model: TitansLM, ids: Tensor) -> None:
    one, two = model(ids[:1]).state, model(ids).state
    with pytest.raises(ValueError, match="the ids are a batch of 2, but the state is one of 1"):
        step(model, ids[:, 0], (*two[:-1], one[-1]))


@torch.no_grad()
def test_ids_may_be_any_integers(model: TitansLM, ids: Tensor) -> None:
    expected, _ = step(model, ids[:, 0], model.initial_state(2))
    for kind in (torch.int32, torch.int16, torch.uint8):
        assert torch.equal(step(model, ids[:, 0].to(kind), model.initial_state(2))[0], expected)


@needs_numba
def test_the_loops_are_left_where_they_cannot_serve() -> None:
    assert not able(tiny("mac")), "a gradient may be wanted"
    with torch.no_grad():
        assert able(tiny("mac")) and able(tiny("attention"))
        assert not able(tiny("mac", depth=2, block_size=8)) and not able(tiny("mac", block_size=4))
        with torch.autocast("cpu"):
            assert not able(tiny("mac"))


def test_where_numba_has_no_folder_to_keep_anything_in_steps_are_taken_by_tensors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise RuntimeError("cannot cache function 'context': no locator available")

    monkeypatch.setattr(stepping, "loop", refuse)
    assert not stepping.installed.__wrapped__()
