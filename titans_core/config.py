"""What a model is made of, as values: every choice has a name, a default and a bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from kernels import Objective

Forgetting = Literal["learned", "fixed", "none"]
Variant = Literal["mac", "mag", "mal", "lmm", "attention"]
VARIANTS: tuple[Variant, ...] = ("mac", "mag", "mal", "lmm", "attention")
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
LISTS = {int: "a list of whole numbers, such as [1, 2]", str: 'a list of words, such as ["one", "two"]'}
LARGEST = 65_536  # of any size: beyond, no file could hold the model, and no memory its tables


@dataclass(frozen=True)
class MemoryConfig:
    """The long-term memory of one block (section 3.1).

    ``depth`` is the paper's L_M: 1 is a matrix per head, more an MLP with ``hidden`` units a layer.
    ``block_size`` is the gradient block: 1 the exact online rule, ``chunk_size`` the paper's parallel form.
    ``step_max`` bounds 2θ/(1 − η): at most 1, so that in a linear memory the steps of one write, at an
    unchanging η, add up to no more than its error; a deep one takes of it what its bounded step lets through
    (`kernels.bounded`).
    ``eta_max`` bounds η below 1; 0 is a memory without momentum. ``silu`` names the projections that end in a
    SiLU: in the paper all three, query, key and value.

    The other switches make of it its relatives (`titans_core.family`): ``objective``, the loss whose gradient
    is written; ``forgetting``, α learned for each token, one learned number a head, or none; ``decayed``, the
    error taken at what forgetting has left.
    """

    depth: int = 1
    hidden: int = 64
    convolution: int = 8
    chunk_size: int = 32
    block_size: int = 1
    read: Literal["after", "before"] = "after"
    silu: tuple[str, ...] = ("value",)
    step_max: float = 1.0
    eta_max: float = 0.9
    objective: Objective = "squared"
    forgetting: Forgetting = "learned"
    decayed: bool = False

    def __post_init__(self) -> None:
        check_kinds(self)
        if self.depth < 1 or self.hidden < 1 or self.convolution < 1:
            raise ValueError("a memory needs depth, hidden and a convolution's width of at least 1")
        if max(self.depth, self.hidden, self.convolution, self.chunk_size) > LARGEST:
            raise ValueError(f"depth, hidden, convolution and chunk_size must be at most {LARGEST:,}")
        if self.chunk_size < 1 or self.block_size < 1 or self.chunk_size % self.block_size:
            raise ValueError(f"block_size {self.block_size} must divide chunk_size {self.chunk_size}")
        if self.depth > 1 and self.block_size not in (1, self.chunk_size):
            raise ValueError("a deep memory takes a block_size of 1 or of chunk_size")
        if not 0 < self.step_max <= 1 or not 0 <= self.eta_max < 1:
            raise ValueError("step_max must lie in (0, 1] and eta_max in [0, 1)")
        if self.read not in ("after", "before"):
            raise ValueError(f"read must be 'after' or 'before', not {self.read!r}")
        if self.objective not in get_args(Objective) or self.forgetting not in get_args(Forgetting):
            raise ValueError("objective is 'squared' or 'inner', forgetting 'learned', 'fixed' or 'none'")
        if self.depth > 1 and (self.objective == "inner" or self.decayed):
            raise ValueError("the inner product and the decayed error are a linear memory's alone")
        if unknown := set(self.silu) - {"query", "key", "value"}:
            raise ValueError(f"silu names query, key or value, not {sorted(unknown)}")

    @property
    def plain(self) -> bool:
        """Whether it is Titans' own rule: the switches that make relatives stand as they are by default."""
        return (self.objective, self.forgetting, self.decayed) == ("squared", "learned", False)


@dataclass(frozen=True)
class ModelConfig:
    """A whole language model. ``window`` is the sliding window, in MAC the segment, in tokens."""

    variant: Variant = "mac"
    vocab_size: int = 1794
    width: int = 128
    layers: int = 2
    heads: int = 4
    head_width: int = 32
    window: int = 32
    persistent: int = 4
    feed_forward: int = 192
    memory: MemoryConfig = field(default_factory=MemoryConfig)

    def __post_init__(self) -> None:
        check_kinds(self)
        if self.variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, not {self.variant!r}")
        sizes = (
            "vocab_size",
            "width",
            "layers",
            "heads",
            "head_width",
            "window",
            "feed_forward",
        )
        if self.persistent < 0:
            raise ValueError("persistent must be at least 0")
        if small := [name for name in sizes if getattr(self, name) < 1]:
            raise ValueError(f"{', '.join(small)} must be at least 1")
        if large := [name for name in (*sizes, "persistent") if getattr(self, name) > LARGEST]:
            raise ValueError(f"{', '.join(large)} must be at most {LARGEST:,}")
        if self.head_width % 2:
            raise ValueError("head_width must be even: positions rotate pairs of channels")

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON-able values; ``from_dict`` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelConfig:
        """Read ``to_dict``'s form. Raises ValueError on an unknown key or a value out of bounds."""
        values = dict(table(values, "model"))
        memory = build(MemoryConfig, values.pop("memory", {}), "memory")
        return build(cls, {**values, "memory": memory}, "model")


T = TypeVar("T")


def misfit(kind: Any, value: Any) -> str:
    """What is expected of a field of this kind, in words; "" where the value is of it."""
    if get_origin(kind) is tuple:
        part, _ = get_args(kind)
        fits = isinstance(value, list | tuple) and not any(misfit(part, each) for each in value)
        return "" if fits else LISTS.get(part, f"a tuple of {part.__name__}")
    if not isinstance(kind, type):
        return ""  # one of several words: they are looked at later
    fits = isinstance(value, int | float if kind is float else kind)
    if isinstance(value, bool):  # to Python a whole number
        fits = kind is bool
    return "" if fits else WORDS.get(kind, f"a {kind.__name__}")


def check_kinds(given: Any) -> None:
    """Raise TypeError where a field of a dataclass holds what is of another kind."""
    for name, kind in get_type_hints(type(given)).items():
        if expected := misfit(kind, value := getattr(given, name)):
            raise TypeError(f"{name} must be {expected}, not {value!r:.80}")


def table(values: Any, where: str) -> Mapping[str, Any]:
    """``values``, where they are a mapping. Raises ValueError where they are anything else."""
    if not isinstance(values, Mapping):
        raise ValueError(f"[{where}] must be a table")
    return values


def build(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Make the dataclass ``cls`` of a mapping; a list becomes a tuple.

    Raises ValueError for an unknown key, naming the known ones, for one that is missing, and for a value of
    another kind.
    """
    known = {f.name: f.default is MISSING and f.default_factory is MISSING for f in fields(cls)}  # type: ignore[arg-type]
    if unknown := sorted(set(table(values, where)) - set(known)):
        raise ValueError(f"unknown key {unknown[0]!r} in [{where}]; known: {', '.join(sorted(known))}")
    if missing := [name for name, needed in known.items() if needed and name not in values]:
        raise ValueError(f"[{where}] lacks {missing[0]}")
    hints = get_type_hints(cls)
    for name, value in values.items():
        if expected := misfit(hints[name], value):
            raise ValueError(f"{name} in [{where}] must be {expected}, not {value!r}")
    return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
