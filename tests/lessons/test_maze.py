"""Claims about the picture of a T-maze."""

from __future__ import annotations

import pytest

from app.exhibits.decisions import say
from app.exhibits.maze import picture
from lessons.exhibits.decisions import Choice, maze


@pytest.mark.parametrize("wiped", [True, False])
def test_a_maze_tells_of_a_wiped_memory_only_where_that_is_asked_for(wiped: bool) -> None:
    told = picture(maze(16, 0, "left"), 16, Choice(0.9, 0.4), wiped, say)
    assert f"{say('kept')} 90 %" in told and f"{say('kept')} 10 %" in told
    assert [f"{say('wiped')} {share} %" in told for share in (40, 60)] == [wiped, wiped]
