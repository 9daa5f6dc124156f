"""A step's answers as a class counts them: few enough to be read off bars."""

from __future__ import annotations

from math import ceil

from lessons import Action, Answer, Claims, Do, Estimate, Rank, words
from lessons.claims import written

MOST = 6  # ranges that estimates are counted in

say = words("page")


def choices(action: Action, claims: Claims) -> list[str]:
    """What can be counted: the options, which of them was put first, ranges of an estimate, or that it was
    done."""
    if isinstance(action, Do):
        return [say("was_done")]
    if isinstance(action, Estimate):
        return spans(action, claims[action.claim].unit)
    labels = [option.label for option in action.options]
    return [say("put_first", label=label) for label in labels] if isinstance(action, Rank) else labels


def choice(action: Action, answer: Answer) -> int:
    """Which of them (from 0) an answer is that the action accepts."""
    if isinstance(action, Do):
        return 0
    if isinstance(action, Estimate):
        return stop(action, float(answer) if isinstance(answer, (int, float)) else 0.0) // width(action)
    first = answer[0] if isinstance(answer, list) else answer
    return [option.value for option in action.options].index(str(first))


def stop(action: Estimate, value: float) -> int:
    """At which stop of the slider (from 0) a value lies."""
    return round((value - action.least) / action.step)


def width(action: Estimate) -> int:
    """How many stops of the slider are counted as one."""
    return ceil((stop(action, action.most) + 1) / MOST)


def spans(action: Estimate, unit: str) -> list[str]:
    """The ranges that the slider's stops are counted in."""
    last, wide = stop(action, action.most), width(action)
    ends = [(low, min(low + wide - 1, last)) for low in range(0, last + 1, wide)]
    values = [[action.least + at * action.step for at in end] for end in ends]
    return [
        say("span", low=written(low, "g", ""), high=written(high, "g", unit))
        if low < high
        else written(low, "g", unit)
        for low, high in values
    ]
