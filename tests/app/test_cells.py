"""Claims about charts of cells: everything that was found has a place of its own."""

from __future__ import annotations

from app.exhibits import decisions
from lessons.exhibits.decisions import CORRIDORS, Choice, Decided

SURE, UNSURE = Choice(0.99, 0.5), Choice(0.99, 0.2)


def test_models_that_find_the_same_are_all_to_be_seen() -> None:
    mazes = {name: dict.fromkeys(CORRIDORS, (SURE, UNSURE)) for name in ("attention", "lmm", "mac")}
    chart = decisions.corridors(Decided({}, mazes, {})).to_dict()
    (rows,) = chart["datasets"].values()
    places = {(row["who"], row["tokens"]) for row in rows}
    who = ["Attention", "LMM", "LMM, wiped", "MAC", "MAC, wiped"]
    assert len(places) == len(rows) == len(who) * len(CORRIDORS)
    assert {row["told"] for row in rows if row["who"].endswith("wiped")} == {"0 %"}
    assert {row["told"] for row in rows if not row["who"].endswith("wiped")} == {"100 %"}
    assert chart["title"]["text"] == decisions.say("right_turns")
    assert all(layer["encoding"]["y"]["sort"] == who for layer in chart["layer"])
