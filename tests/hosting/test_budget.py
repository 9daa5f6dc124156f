"""So much computing a minute: what is over waits, and no longer than it must."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.hosting.budget import MINUTE, Budget


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


def test_a_minutes_budget_can_be_used_at_once_and_what_is_over_waits_until_it_is_filled() -> None:
    clock = Clock()
    budget = Budget(30, clock)
    budget.charge(29.9)
    assert budget.wait() == 0
    budget.charge(10.1)  # ten seconds over: twenty of waiting, at half a second a second
    assert budget.wait() == pytest.approx(20)
    clock.time = 20.1
    assert budget.wait() == 0


def test_nothing_is_saved_up_beyond_a_minute() -> None:
    clock = Clock()
    budget = Budget(30, clock)
    clock.time = 3600
    budget.charge(60)
    assert budget.wait() == pytest.approx(60)


@given(some.floats(0.1, 60), some.lists(some.tuples(some.floats(0, 20), some.floats(0, 5)), max_size=50))
def test_who_waits_when_told_never_uses_more_than_its_share(
    seconds: float, steps: list[tuple[float, float]]
) -> None:
    clock = Clock()
    budget = Budget(seconds, clock)
    used = last = 0.0
    for passes, uses in steps:
        clock.time += passes + budget.wait()
        budget.charge(uses)
        used, last = used + uses, max(last, uses)
    assert used <= seconds + clock.time * seconds / MINUTE + last + 1e-6
