"""The benchmarks' own contestants start and take their turn; the peers need an environment of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import long, memory, stream


@pytest.mark.slow
@pytest.mark.parametrize("contestant", [stream.Contestant("step", 4), memory.Contestant("matrix", "torch")])
def test_a_contestant_takes_a_turn(contestant: Any) -> None:
    assert not contestant.foreign
    with stream.worker(contestant) as one:
        assert one.parameters > 0 and one.turn() > 0


@pytest.mark.slow
def test_a_long_stream_is_measured_whole_and_its_facts_are_asked_wherever_they_were_told(
    tmp_path: Path,
) -> None:
    long.write_story(tmp_path, 6_000)
    found = long.measured("lmm", tmp_path, tokens=6_000, near=1_000, turns=2)
    assert found["tokens"] == 6_143 and found["time"]["tokens"] == {"near": 1_023, "far": 6_143}
    assert found["peaks_kept"] and found["thinned_mb"] > 0
    assert {needle["depth"] for needle in found["needles"]} == set(long.DEPTHS)
    for needle in found["needles"]:
        assert 0 <= needle["token"] - needle["depth"] * 6_000 < 150
        assert list(needle["on_the_way"]) == [d for d in long.DISTANCES if needle["token"] + d <= 6_143]
    assert sum(needle["right"] for needle in found["needles"]) > 5  # LMM knows most after so few tokens
