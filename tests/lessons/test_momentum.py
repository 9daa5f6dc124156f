"""Claims of lesson 4: what momentum does with a shock, on a memory alone and on the shipped models."""

from __future__ import annotations

from functools import cache

import pytest

import titans_core as tc
from lessons.exhibits import momentum
from lessons.exhibits.momentum import HIGH, LARGER, NEW, OLD, Asked, Shown, Written

MODELS = ("lmm", "mal")  # those whose memory answers alone, or first


@cache
def load(name: str) -> tc.TitansLM:
    return tc.load(name, device="cpu")


@pytest.fixture(scope="module")
def found() -> momentum.Shocks:
    return Shown("lmm", 3).run(load)


def test_it_finds_what_it_promises(found: momentum.Shocks) -> None:
    assert {*found.claims} == {*Shown.promises}


def test_momentum_of_a_memory_alone_spreads_a_write_over_the_tokens_after_it() -> None:
    for eta in (0.0, 0.5, HIGH):
        shares = momentum.pulse(eta).shares
        assert shares == pytest.approx([1 - eta ** (n + 1) for n in range(len(shares))], abs=1e-5)


def test_what_is_told_last_is_hardly_written_yet_where_momentum_is_large() -> None:
    assert momentum.pulse(0.0).latest == pytest.approx(1)
    assert momentum.pulse(HIGH).latest == pytest.approx(1 - HIGH, abs=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_much_momentum_delays_the_change_and_then_learns_it(name: str) -> None:
    high = momentum.after_the_change(load(name), HIGH, seeds=range(4))
    assert high[0].new < 0.2 and high[0].old > 0.8, "just after the change the old place is the answer"
    assert high[-1].new > 0.9
    crossed = momentum.crossing(high)
    assert crossed is not None and 2 <= crossed <= 16


@pytest.mark.parametrize("name", MODELS)
def test_without_momentum_an_old_fact_told_three_times_is_not_overwritten(name: str) -> None:
    none = momentum.after_the_change(load(name), 0.0, seeds=range(4))
    own = momentum.after_the_change(load(name), None, seeds=range(4))
    assert all(one.old > one.new for one in none)
    assert own[-1].new > own[-1].old


def test_a_larger_step_does_what_momentum_did(found: momentum.Shocks) -> None:
    larger = momentum.after_the_change(load("lmm"), 0.0, step=LARGER, seeds=range(4))
    assert larger[-1].new > 0.9, "it is the sum θ / (1 − η) that counts"


def test_told_once_the_change_is_learned_with_any_momentum() -> None:
    for eta in (0.0, None, HIGH):
        assert momentum.after_the_change(load("lmm"), eta, tellings=1)[-1].new > 0.9


def test_the_shock_outweighs_the_words_that_carry_it(found: momentum.Shocks) -> None:
    assert found.claims["carried_more"].number >= 6
    assert found.claims["carried_high"].number > found.claims["own_high"].number
    for words in found.words.values():
        assert words[0].own == words[0].carried and words[0].token.strip() == NEW
    assert all(word.carried == 0 for word in found.words[0.0][1:])


def test_the_models_own_momentum_is_small_and_forgets_the_shock_within_a_few_tokens(
    found: momentum.Shocks,
) -> None:
    assert found.claims["eta"].number < 0.3
    assert found.claims["at_once_own"].number > 60 and found.claims["at_once_high"].number < 20


def test_the_crossing_is_where_the_new_place_first_leads() -> None:
    assert momentum.crossing([Asked(0, 0.1, 0.9), Asked(4, 0.6, 0.2), Asked(8, 0.9, 0.0)]) == 4
    assert momentum.crossing([Asked(0, 0.1, 0.9)]) is None
    assert momentum.half_written([Written("a", 1, 1), Written("b", 0, 1), Written("c", 0, 1)]) == 1
    assert {OLD, NEW} == {"attic", "cellar"}


def test_what_a_shock_writes_in_all_is_no_less_with_much_momentum(found: momentum.Shocks) -> None:
    own, high = (sum(word.carried for word in found.words[eta]) for eta in (None, HIGH))
    assert high > own


def test_the_shocks_own_step_is_the_tallest_bar_but_where_momentum_is_large(found: momentum.Shocks) -> None:
    for eta, words in found.words.items():
        bars = [words[0].own, *(word.own + word.carried for word in words[1:])]
        assert (max(bars) == bars[0]) == (eta != HIGH)


def test_much_momentum_makes_the_step_at_the_word_smaller_yet_not_by_all_that_the_bound_could_take(
    found: momentum.Shocks,
) -> None:
    assert 100 * (1 - HIGH) + 5 < found.claims["step_high"].number < 50


def test_words_that_nobody_asks_for_have_large_gradients_and_a_small_step() -> None:
    stream, change, rng = momentum.shocked(load("lmm"), None, 3, 0)
    filler = stream.feed(f" {momentum.filler(rng, momentum.PAUSE)}")
    shock = [token.strip() for token in change.tokens].index(NEW)
    assert filler["surprise"].mean() > 0.8 * change["surprise"][shock].mean()
    assert filler["theta"].mean() < 0.2 * change["theta"][shock].mean()


def test_a_wide_range_of_momentum_learns_the_change_at_once_and_keeps_it() -> None:
    def learned(eta: float) -> bool:
        return all(one.new > momentum.SURE for one in momentum.after_the_change(load("lmm"), eta))

    assert [eta for eta in (0.0, 0.2, 0.3, 0.5, 0.6, HIGH) if learned(eta)] == [0.3, 0.5, 0.6]
