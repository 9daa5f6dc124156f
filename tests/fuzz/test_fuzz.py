"""Whatever is given, the lab takes it or refuses it as documented, in time. `make fuzz` gives it more."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.fuzz.target import Hang, Target, within
from tests.fuzz.targets import TARGETS

EXAMPLES = 200


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_comes_is_taken_or_refused(target: Target) -> None:
    checked = given(target.inputs)(target.check)
    settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))(checked)()


def test_what_is_not_documented_is_a_fault() -> None:
    def enter(given: int) -> None:
        raise KeyError(given)

    Target("refused", some.integers(), enter, (KeyError,)).check(3)
    with pytest.raises(KeyError):
        Target("not refused", some.integers(), enter, (ValueError,)).check(3)


def test_a_hang_is_a_fault() -> None:
    with pytest.raises(Hang, match="more than 0.05 s"), within(timedelta(milliseconds=50).total_seconds()):
        while True:
            time.monotonic()
