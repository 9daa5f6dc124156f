"""What a lesson says of the models: named findings, computed by its exhibit, and prose that speaks of them.

Prose never holds a number about a model. It holds a claim's name in braces, `{lost}`, and is filled when the
exhibit has run; what stands between dollars is LaTeX, and keeps its braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
MATH = re.compile(r"(\$\$.*?\$\$|\$[^$]*\$)", re.DOTALL)


@dataclass(frozen=True)
class Claim:
    """A finding: a number, written as ``form`` says with its ``unit`` after it, or a word."""

    value: float | str
    form: str = ".2f"
    unit: str = ""

    @property
    def number(self) -> float:
        """The value of a claim that can be drawn or estimated. Raises TypeError where it is a word."""
        if isinstance(self.value, str):
            raise TypeError(f"{self.value!r} is a word, not a number")
        return self.value

    def __str__(self) -> str:
        return self.value if isinstance(self.value, str) else written(self.value, self.form, self.unit)


Claims = Mapping[str, Claim]


def written(value: float, form: str, unit: str) -> str:
    """A number as prose has it: a true minus, and its unit never on the next line."""
    space = "\u00a0" if unit and unit != "°" else ""
    number = f"{value:{form}}"
    if number.startswith("-") and not number.strip("-0."):
        number = number[1:]  # what is rounded to nothing has no sign
    return number.replace("-", "−") + space + unit


def percent(share: float) -> Claim:
    """A share as a claim, in percent."""
    return Claim(100 * share, ".0f", "%")


def spoken_of(prose: str) -> set[str]:
    """The names of the claims that stand in a text."""
    return {name for text in MATH.split(prose)[::2] for name in PLACE.findall(text)}


def fill(prose: str, claims: Claims) -> str:
    """A text with its claims filled in. Raises KeyError where one was not found."""
    parts = MATH.split(prose)
    parts[::2] = [PLACE.sub(lambda name: str(claims[name[1]]), text) for text in parts[::2]]
    return "".join(parts)
