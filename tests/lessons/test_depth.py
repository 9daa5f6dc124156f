"""Claims of lesson 8: which pairs a memory of which depth can hold, and what it forgets."""

from __future__ import annotations

import pytest
import torch

from app.exhibits.depth import HELD
from lessons import Do, load_all
from lessons.exhibits import depth
from lessons.exhibits.depth import DEPTHS, KNOWN, SETS, WIDTH, Pairs, Shown

LESSON = next(lesson for lesson in load_all() if lesson.name == "depth")


def unloadable(name: str) -> object:
    raise AssertionError("this exhibit needs no model")


@pytest.fixture(scope="module")
def found() -> depth.Depths:
    return Shown().run(unloadable)  # type: ignore[arg-type]


def test_it_finds_what_it_promises(found: depth.Depths) -> None:
    assert {*found.claims} == {*Shown.promises}


def test_no_matrix_is_better_than_the_best_one() -> None:
    generator = torch.Generator().manual_seed(1)
    for make in SETS.values():
        pairs = make(generator)
        best = depth.best_matrix(pairs)
        for noise in (0.01, 0.1, 1.0):
            fit = torch.linalg.pinv(pairs.keys) @ pairs.values
            other = fit + noise * torch.randn(fit.shape, generator=generator)
            assert float(pairs.error(pairs.keys @ other).mean()) >= best - 1e-6


def test_a_matrix_holds_a_rule_and_as_many_pairs_as_a_key_has_numbers_and_not_the_others(
    found: depth.Depths,
) -> None:
    best = {name: one.best_matrix for name, one in found.learned.items()}
    assert best["rule"] < 1e-6 and best["few"] < 1e-6
    assert best["many"] > 0.5
    assert best["switches"] == pytest.approx(1), "no better than to answer nothing"


def test_two_layers_hold_what_no_matrix_can(found: depth.Depths) -> None:
    for layers in DEPTHS[1:]:
        assert found.learned["switches"].errors[layers][-1] < KNOWN
        assert found.learned["many"].errors[layers][-1] < 2 * KNOWN
    assert found.learned["many"].errors[1][-1] > 1


def test_of_pairs_made_by_one_rule_the_matrix_has_learned_most_after_one_pass(found: depth.Depths) -> None:
    once = [found.learned["rule"].errors[layers][0] for layers in DEPTHS]
    assert once == sorted(once) and once[-1] > 3 * once[0]


def test_keys_at_right_angles_lose_nothing_in_a_matrix_and_something_in_layers(found: depth.Depths) -> None:
    assert found.apart[1].after < 1e-6
    for layers in DEPTHS[1:]:
        assert found.apart[layers].before < KNOWN and found.apart[layers].after > 0.1


def test_depth_is_no_cure_for_forgetting(found: depth.Depths) -> None:
    for layers in DEPTHS:
        close = found.close[layers]
        assert close.before < KNOWN and close.second < KNOWN, "both were learned"
        assert close.after > 0.4, "and the first was lost"
    assert found.close[1].after > 1 > found.close[2].after


def test_told_by_turns_both_sets_are_kept_by_layers(found: depth.Depths) -> None:
    assert all(found.close[layers].by_turns < KNOWN for layers in DEPTHS[1:])
    assert found.close[1].by_turns < 0.3 * found.close[1].after


@pytest.mark.parametrize("seed", [1, 2])
def test_other_pairs_say_the_same(seed: int) -> None:
    assert depth.learn("many", seed).errors[3][-1] < KNOWN < depth.learn("many", seed).best_matrix
    assert depth.forget(1, True, seed).after < 1e-6 < 0.1 < depth.forget(3, True, seed).after


def test_what_counts_as_held_is_what_the_task_says() -> None:
    (task,) = (step.action.task for step in LESSON.steps if isinstance(step.action, Do))
    assert "less than a tenth wrong" in task and HELD == 0.1


def test_right_angles_are_right() -> None:
    keys = torch.linalg.qr(depth.units(torch.Generator().manual_seed(0), WIDTH))[0]
    assert torch.allclose(keys @ keys.mT, torch.eye(WIDTH).expand(len(keys), -1, -1), atol=1e-5)


def test_an_error_of_one_is_that_of_silence() -> None:
    pairs = Pairs(*torch.randn(2, depth.SEEDS, 3, WIDTH, generator=torch.Generator().manual_seed(0)))
    assert torch.allclose(pairs.error(torch.zeros_like(pairs.values)), torch.ones(depth.SEEDS))


def test_of_random_pairs_told_once_more_layers_have_learned_more_and_none_much(found: depth.Depths) -> None:
    once = [found.learned["many"].errors[layers][0] for layers in DEPTHS]
    assert once == sorted(once, reverse=True) and once[-1] > 0.5
