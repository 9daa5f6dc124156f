"""Claims about bars of two kinds: who sees no hue tells them apart all the same."""

from __future__ import annotations

from app.exhibits.paired import paired


def test_the_second_kind_has_an_outline_which_one_legend_shows() -> None:
    looks = {
        name: look.to_dict() for name, look in paired(["once", "often"], ("retrieval", "surprise")).items()
    }
    first, second = looks["stroke"]["scale"]["range"]
    assert first == "transparent" != second
    assert looks["color"]["legend"] == looks["stroke"]["legend"], "one legend, not two"
    assert looks["color"]["scale"]["domain"] == looks["stroke"]["scale"]["domain"] == ["once", "often"]
