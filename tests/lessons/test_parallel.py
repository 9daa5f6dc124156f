"""Claims of lesson 11: what a gradient block costs, what it saves, and what a cut inside one leaves."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import pytest
import torch

import titans_core as tc
from lessons.exhibits import parallel
from lessons.exhibits.parallel import BLOCKS, FRESH, LARGE, REPEATED, SMALL, Shown

needs_numba = pytest.mark.skipif(
    find_spec("numba") is None, reason="numba is not installed: pip install numba"
)


@cache
def load(name: str) -> tc.TitansLM:
    return tc.load(name, device="cpu")


@pytest.fixture(scope="module")
def found() -> parallel.Parallel:
    return Shown("lmm-deep").run(load)


def test_it_finds_what_it_promises(found: parallel.Parallel) -> None:
    assert {*found.claims} == {*Shown.promises}


def test_the_longer_the_block_the_further_from_the_exact_rule(found: parallel.Parallel) -> None:
    for runs in (found.matrix, found.deep):
        errors = [run.error for run in runs]
        assert errors[0] == 0 and errors == sorted(errors)
    assert found.matrix[-1].error > 1 < found.deep[-1].error


def test_with_a_small_step_the_block_matters_little() -> None:
    for deep in (False, True):
        small, large = (parallel.sweep(deep, FRESH, theta, (8,))[0].error for theta in (SMALL, LARGE))
        assert small < 0.1 < 0.3 < large


def test_keys_that_come_again_within_a_block_make_a_matrix_burst(found: parallel.Parallel) -> None:
    by_block = {run.block: run.error for run in found.repeated}
    assert by_block[1] == 0 and by_block[8] < 1 < 100 < by_block[16]
    assert found.claims["bursts"].value == str(REPEATED)


def test_a_matrix_is_exact_at_the_price_of_the_parallel_form(found: parallel.Parallel) -> None:
    exact, fastest = found.matrix[0].milliseconds, min(run.milliseconds for run in found.matrix)
    assert exact < 4 * fastest, "one triangular solve more"
    assert found.claims["matrix_faster"].number > 4, "than token after token"


def test_more_layers_pay_for_exactness_in_time(found: parallel.Parallel) -> None:
    by_block = {run.block: run.milliseconds for run in found.deep}
    assert by_block[1] > 3 * by_block[64]


@needs_numba
def test_compiled_into_one_loop_exactness_costs_two_layers_little(found: parallel.Parallel) -> None:
    exact, blocks = found.compiled
    assert (exact.block, blocks.block) == (1, 64) and exact.error == 0 < blocks.error
    assert exact.milliseconds < 2 * blocks.milliseconds, "about as long"
    assert exact.milliseconds < found.deep[0].milliseconds / 3, "it is PyTorch's steps that are dear"


def test_without_numba_the_loop_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "preferred", lambda given: False)
    assert parallel.compiled() == ()


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("tokens", [1, 8, 63])
def test_a_short_tail_is_written_and_its_block_goes_on(deep: bool, tokens: int) -> None:
    tail = parallel.tail(tokens, deep)
    assert tail.written < tail.waiting - 0.2 and tail.waiting > 0.95
    assert tail.goes_on < 1e-5 < 0.005 < tail.closed


def test_what_a_short_tail_stores_is_said(found: parallel.Parallel) -> None:
    assert found.claims["stores"].value == "all"


def test_a_text_cut_anywhere_is_read_as_if_at_once() -> None:
    for piece in (1, 7, 13):
        assert parallel.cut_anywhere(load("lmm-deep"), parallel.TEXT, piece) < 1e-3


def test_a_result_that_overflowed_is_infinitely_far() -> None:
    exact = torch.ones(4)
    assert parallel.apart(exact * float("nan"), exact) == parallel.apart(exact * 1e20, exact) == float("inf")
    assert parallel.apart(2 * exact, exact) == pytest.approx(1)
    assert BLOCKS[0] == 1


def test_with_a_small_step_two_layers_are_usable_at_both_ends() -> None:
    first, last = parallel.sweep(True, FRESH, SMALL, blocks=(1, 64))
    assert first.error == 0 and last.error < 0.3


def test_fresh_pairs_are_told_once_each() -> None:
    assert sorted(parallel.stream(parallel.FRESH).which.tolist()) == list(range(parallel.TOKENS))
    assert len(set(parallel.stream(parallel.REPEATED).which.tolist())) == parallel.REPEATED


def test_long_blocks_and_large_steps_carry_a_matrix_far_off_though_no_key_comes_again(
    found: parallel.Parallel,
) -> None:
    assert 10 < found.matrix[-1].error < found.repeated[-1].error
