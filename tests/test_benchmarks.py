"""The benchmarks' own contestants start and take their turn; the peers need an environment of their own."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import memory, stream


@pytest.mark.slow
@pytest.mark.parametrize("contestant", [stream.Contestant("step", 4), memory.Contestant("matrix", "torch")])
def test_a_contestant_takes_a_turn(contestant: Any) -> None:
    assert not contestant.foreign
    with stream.worker(contestant) as one:
        assert one.parameters > 0 and one.turn() > 0
