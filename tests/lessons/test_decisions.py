"""Claims of lesson 12: what is kept up to a choice, and what is overwritten in a log."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import titans_core as tc
from lessons.exhibits import decisions
from lessons.exhibits.decisions import CORRIDORS, INSISTED, MAZES, SHOWN, Shown, log, maze, share, works

MODELS = ("attention", "lmm", "mac")


@cache
def load(name: str) -> tc.TitansLM:
    return tc.load(name, device="cpu")


@pytest.fixture(scope="module")
def found() -> decisions.Decided:
    return Shown(MODELS).run(load)


def test_it_finds_what_it_promises(found: decisions.Decided) -> None:
    assert {*found.claims} == {*Shown(MODELS).promises}


def test_half_of_the_mazes_lead_left() -> None:
    ways = [maze(16, seed).way for seed in range(MAZES)]
    assert ways.count("left") == ways.count("right")


def test_the_cue_is_kept_to_the_end_of_a_long_corridor() -> None:
    for name in ("lmm", "mac"):
        chosen = decisions.runs(load(name), CORRIDORS[-1])
        assert all(choice.kept > 0.8 for choice in chosen)


def test_wiped_at_the_junction_the_choice_is_a_guess(found: decisions.Decided) -> None:
    for name in ("lmm", "mac"):
        chosen = found.mazes[name][CORRIDORS[-2]]
        assert np.mean([choice.wiped for choice in chosen]) == pytest.approx(0.5, abs=0.1)
        assert found.claims[f"right_{name}"].value == sum(choice.wiped > 0.5 for choice in chosen)


def test_attention_alone_guesses_once_the_cue_is_out_of_its_window(found: decisions.Decided) -> None:
    chosen = found.mazes["attention"][CORRIDORS[-2]]
    assert np.mean([choice.kept for choice in chosen]) == pytest.approx(0.5, abs=0.05)
    left, right = (found.claims[f"{what}_attention"].value for what in ("left", "right"))
    assert left == MAZES and right == MAZES / 2


def test_a_log_tells_every_state_and_its_changes() -> None:
    story = log(3, tellings=2, confirmed=2)
    assert len(story.lines) == 2 * 6 + 2 * 3
    assert len({device.name.split()[1] for device in story.devices}) == 6
    changed = [device for device in story.devices if device.last != device.first]
    assert len(changed) == 3
    for device in changed:
        assert sum(f"the {device.name} is now {device.last}." in line for line in story.lines) == 2


def test_states_told_once_are_overwritten_and_the_others_kept() -> None:
    for name in ("lmm", "mac"):
        reports = works(load(name), 1)
        assert share(reports, True) > 0.9 and share(reports, False) > 0.8


def test_what_was_told_often_is_hard_to_overwrite_but_for_mac(found: decisions.Decided) -> None:
    lmm, mac = (share(found.logs[name][INSISTED], True) for name in ("lmm", "mac"))
    assert lmm < 0.4 < 0.7 < mac
    assert all(share(found.logs[name][INSISTED], False) == 1 for name in ("lmm", "mac"))
    assert found.claims["stale"].number > 50, "the wrong answer is the old one"


def test_it_is_not_forgetting_that_overwrites() -> None:
    with_gate, without = (share(works(load("lmm"), 1, forget=forget), True) for forget in (None, 0.0))
    assert with_gate > 0.9 < without


def test_told_again_the_change_is_learned() -> None:
    once, thrice = (share(works(load("lmm"), INSISTED, confirmed), True) for confirmed in (1, 3))
    assert thrice > once + 0.3


def test_closing_the_gate_changes_little_for_states_told_often_too(found: decisions.Decided) -> None:
    changed, unforgetting = (found.claims[name].number for name in ("changed_lmm", "unforgetting"))
    assert abs(changed - unforgetting) < 30
    assert found.claims["overwrites"].value == "gradient"


def test_a_change_surprises_more_than_the_eighth_telling_of_what_was() -> None:
    story = log(SHOWN, INSISTED)
    trace = tc.Stream(load("lmm")).feed(" ".join(story.lines))
    text, ends = "".join(trace.tokens), np.cumsum([len(token) for token in trace.tokens])
    surprise = trace["surprise"].mean((1, 2))

    def of(words: str) -> float:
        """At the last word of the last line with these."""
        return float(surprise[np.searchsorted(ends, text.rindex(words) + len(words))])

    for device in story.devices:
        if device.last != device.first:
            change = of(f"the {device.name} is now {device.last}")
            assert change > 1.3 * of(f"the {device.name} is {device.first}")


def test_both_models_were_trained_on_what_is_told_often_and_then_changes(
    found: decisions.Decided,
) -> None:
    for name in ("lmm", "mac"):
        stages = tc.model_card(name)["recipe"]["stages"]
        shares = {100 * stage.get("insistent", 0.0) for stage in stages[-3:]}
        assert shares == {found.claims["insistent"].number} and shares != {0}


def test_no_fewer_changes_are_learned_where_nothing_is_forgotten(found: decisions.Decided) -> None:
    assert found.claims["unforgetting"].value >= found.claims["changed_lmm"].value
