"""One token more, by compiled loops where numba is there, is what the model reads."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.titans_core.conftest import tiny
from titans_core.layers import flatten_state
from titans_core.model import TitansLM
from titans_core.stepping import able, installed, step

needs_numba = pytest.mark.skipif(not installed(), reason="numba is not installed: pip install numba")


@torch.no_grad()
def test_token_after_token_is_what_reading_them_gives(model: TitansLM, ids: Tensor) -> None:
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


@torch.no_grad()
def test_a_step_leaves_the_state_before_it_as_it_was(model: TitansLM, ids: Tensor) -> None:
    before = model(ids).state
    was = {name: torch.as_tensor(value).clone() for name, value in flatten_state(before).items()}
    step(model, ids[:, 0], before)
    assert all(torch.equal(torch.as_tensor(now), was[name]) for name, now in flatten_state(before).items())


@needs_numba
@torch.no_grad()
@pytest.mark.parametrize("variant", ["mac", "attention"])
def test_the_loops_see_weights_that_were_changed(variant: str, ids: Tensor) -> None:
    model = tiny(variant)
    assert able(model)
    state = model.initial_state(2)
    step(model, ids[:, 0], state)
    for parameter in model.parameters():
        parameter.mul_(1.1)
    for change in (model, model.float()):  # in place, and by new tensors
        logits, _ = step(change, ids[:, 0], change.initial_state(2))
        torch.testing.assert_close(logits, change(ids[:, :1]).logits[:, 0], rtol=1e-4, atol=1e-4)


@needs_numba
def test_the_loops_are_left_where_they_cannot_serve() -> None:
    assert not able(tiny("mac")), "a gradient may be wanted"
    with torch.no_grad():
        assert able(tiny("mac")) and able(tiny("attention"))
        assert not able(tiny("mac", depth=2, block_size=8)) and not able(tiny("mac", block_size=4))
        with torch.autocast("cpu"):
            assert not able(tiny("mac"))
