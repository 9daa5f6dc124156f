"""Interventions: gates clamped or scaled, writing and reading stopped, from a token on or at chosen ones."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor

from titans_core.config import ModelConfig
from titans_core.ids import whole

GATES = ("eta", "theta", "alpha")
SWITCHES = ("write", "read", "scale")


class Edits(NamedTuple):
    """What is done to one layer's memory while it reads some tokens, head by head.

    A gate becomes gate × factor + value, both [3, H] in the order η, θ, α. Where ``write`` [H] is False, M
    and S stay as they are; where ``read`` [H] is False, M₀ is read.
    """

    factor: Tensor
    value: Tensor
    write: Tensor
    read: Tensor


def check_edits(edits: Sequence[Edits | None], layers: int) -> None:
    """Raise TypeError for what are no edits, and ValueError where there is not one a layer."""
    if not isinstance(edits, list | tuple) or not all(isinstance(edit, Edits | None) for edit in edits):
        raise TypeError(f"edits are Edits, one a layer, as Stream.edits gives them, not {edits!r:.80}")
    if edits and len(edits) != layers:
        raise ValueError(f"edits are one a layer: of {layers} layers, {len(edits)} were given")


@dataclass(frozen=True)
class Override:
    """One intervention on a stream, from token ``since`` on.

    A gate given here takes the place of the model's own, or multiplies it where ``scale``. ``layers`` and
    ``heads`` say where, ``tokens`` at which positions; None is all of them.
    """

    since: int
    eta: float | None = None
    theta: float | None = None
    alpha: float | None = None
    write: bool = True
    read: bool = True
    scale: bool = False
    layers: tuple[int, ...] | None = None
    heads: tuple[int, ...] | None = None
    tokens: tuple[int, ...] | None = None

    def check(self, config: ModelConfig) -> None:
        """Raise ValueError where a model of this kind cannot be overridden so, TypeError for a switch that is
        neither True nor False."""
        if config.variant == "attention":
            raise ValueError("this model has no memory: there is nothing to override")
        for name in SWITCHES:
            if type(value := getattr(self, name)) is not bool:
                raise TypeError(f"{name} must be True or False, not {value!r}")
        given = {name: getattr(self, name) for name in GATES if getattr(self, name) is not None}
        if not given and self.write and self.read:
            raise ValueError("say what to override: eta, theta, alpha, write=False or read=False")
        most = largest(config)
        for name, value in given.items():
            bound = math.inf if self.scale else most[name]
            if not 0 <= value <= bound or math.isinf(value):
                end = "be a number of at least 0" if self.scale else f"lie between 0 and {bound:g}"
                raise ValueError(f"{name} must {end}, not {value}")
        for name, numbers, count in (
            ("layer", self.layers, config.layers),
            ("head", self.heads, config.heads),
        ):
            if wrong := [n for n in numbers or () if not 0 <= n < count]:
                raise ValueError(f"there is no {name} {wrong[0]}: the model has {name}s 0 to {count - 1}")
        if past := [n for n in self.tokens or () if n < self.since]:
            raise ValueError(
                f"token {past[0]} was read already: override the stream as it was, at({past[0]})"
            )

    def holds(self, position: int) -> bool:
        """Whether the token at this position is read so."""
        return position >= self.since and (self.tokens is None or position in self.listed)

    def next_border(self, position: int) -> float:
        """Where after ``position`` it next begins or ends; infinity where it does neither."""
        number = bisect_right(self.borders, position)
        return self.borders[number] if number < len(self.borders) else math.inf

    @cached_property
    def listed(self) -> frozenset[int]:
        """The positions that ``tokens`` names: there may be as many as a text has, and each is asked for."""
        return frozenset(self.tokens or ())

    @cached_property
    def borders(self) -> tuple[int, ...]:
        """The positions at which it begins or ends, ordered: tokens in a row are read in one go."""
        if self.tokens is None:
            return (self.since,)
        return tuple(sorted(self.listed ^ {token + 1 for token in self.listed}))


def largest(config: ModelConfig) -> dict[str, float]:
    """The largest value that each gate can be clamped to."""
    return {"eta": config.memory.eta_max, "theta": config.memory.step_max / 2, "alpha": 1.0}


def number(value: Real | float | None) -> float | None:
    """A gate's value as a float; None stays None. Raises TypeError for what is no number, also for what is
    true or false."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"eta, theta and alpha are numbers, not {value!r:.80}")
    try:
        return float(value)
    except OverflowError:  # a whole number larger than any float
        return math.inf


def places(numbers: int | Iterable[int] | None) -> tuple[int, ...] | None:
    """Layers, heads or positions as an ordered tuple; None stays None. Raises TypeError for what is no whole
    number, and ValueError for an empty list, which names no place."""
    if numbers is None:
        return None
    try:
        found = {whole(n, "a place") for n in (numbers if isinstance(numbers, Iterable) else (numbers,))}
    except TypeError:
        raise TypeError(f"layers, heads and tokens are whole numbers, not {numbers!r:.80}") from None
    if not found:
        raise ValueError("an empty list of layers, heads or tokens changes nothing: None is all of them")
    return tuple(sorted(found))


def edits(
    overrides: Sequence[Override], position: int, config: ModelConfig, device: torch.device
) -> tuple[Edits, ...] | None:
    """What is done to each layer while the token at ``position`` is read, later overrides upon earlier ones;
    None where nothing is."""
    active = [override for override in overrides if override.holds(position)]
    if not active:
        return None
    return tuple(layer_edits(active, layer, config.heads, device) for layer in range(config.layers))


def layer_edits(active: Sequence[Override], layer: int, heads: int, device: torch.device) -> Edits:
    factor, value = torch.ones(3, heads), torch.zeros(3, heads)
    write, read = torch.ones(heads, dtype=torch.bool), torch.ones(heads, dtype=torch.bool)
    for override in active:
        if override.layers is not None and layer not in override.layers:
            continue
        where = list(range(heads) if override.heads is None else override.heads)
        for row, gate in enumerate(getattr(override, name) for name in GATES):
            if gate is not None:
                factor[row, where] *= gate if override.scale else 0.0
                value[row, where] = value[row, where] * gate if override.scale else gate
        write[where] &= override.write
        read[where] &= override.read
    return Edits(*(x.to(device) for x in (factor, value, write, read)))


def next_border(overrides: Sequence[Override], position: int) -> float:
    """Where after ``position`` what is done may change; infinity where it stays."""
    return min((override.next_border(position) for override in overrides), default=math.inf)
