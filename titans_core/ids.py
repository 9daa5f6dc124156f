"""Token ids, states and numbers as they are handed in: what cannot be meant is told in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import contains, index
from typing import Any, SupportsIndex

import torch
from torch import Tensor

from titans_core.layers import flatten_state

Sizes = Mapping[str, Sequence[range]]  # from how large to how large each dimension may be, by name
WIDE = (torch.int64, torch.int32)  # what an embedding takes


def check_ids(ids: Tensor, device: torch.device) -> None:
    """Raise TypeError for what is no tensor, and ValueError for one that holds no ids [B, T] on the device:
    at the cost of a look at its shape, for values are looked at where they are looked up."""
    if not isinstance(ids, Tensor):
        raise TypeError(f"ids must be a tensor of token ids [B, T], not {type(ids).__name__}")
    if ids.ndim != 2 or ids.dtype not in WIDE:
        kind = str(ids.dtype).removeprefix("torch.")
        raise ValueError(f"ids must be int64 [B, T], but these are {kind} {list(ids.shape)}")
    if not ids.numel():
        raise ValueError(f"there must be at least one sequence and one token, but ids are {list(ids.shape)}")
    if ids.device != device:
        raise ValueError(f"ids must be where the model is, on {device}, but they are on {ids.device}")


def check_precision(kind: torch.dtype, what: str) -> None:
    """Raise ValueError where weights are of a kind in which no memory sums up its writes."""
    if kind not in (torch.float32, torch.float64):
        raise ValueError(f"{what} reads in single or double precision, not in {kind}: give model.float()")


def whole(number: SupportsIndex, what: str) -> int:
    """A whole number of any kind as an int. Raises TypeError, saying what it is of, for anything else, also
    for what is true or false."""
    try:
        return index(None if isinstance(number, bool) else number)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{what} must be a whole number, not {number!r:.80}") from None


def stranger(ids: Tensor, vocabulary: int) -> ValueError:
    """What is said of ids of which one or more are in no vocabulary of this size."""
    wrong = ids[(ids < 0) | (ids >= vocabulary)]
    return beyond(int(wrong[0]), vocabulary)


def beyond(token: int, vocabulary: int) -> ValueError:
    """What is said of one id that is in no vocabulary of this size."""
    return ValueError(f"token id {token} is not in 0 … {vocabulary - 1}")


def check_state(state: Any, kinds: Sequence[type], sizes: Sizes, count: int) -> None:
    """Raise TypeError for what is no state of such layers, and ValueError for one of another number of
    sequences, or of a model of other sizes."""
    if not isinstance(state, tuple):
        raise TypeError(f"a state is what reading gave, or None at the beginning, not {type(state).__name__}")
    if [type(part) for part in state] != list(kinds):
        raise TypeError("the state is another model's: it has other layers")
    found = {name: part.shape for name, part in flatten_state(state).items() if isinstance(part, Tensor)}
    if others := {shape[0] for shape in found.values()} - {count}:
        raise ValueError(f"the ids are a batch of {count}, but the state is one of {others.pop()}")
    missing = (name for name in sizes if name not in found and ".block_start." not in name)
    for name in (*found, *missing):
        there, due = found.get(name, ()), sizes.get(name, ())
        if not fits(there[1:], due[1:]):
            raise ValueError(
                f"the state is of a model of other sizes: its {name} is {list(there) or 'missing'}, "
                f"where this model has {told(count, due) if due else 'none'}"
            )


def fits(shape: Sequence[int], places: Sequence[range]) -> bool:
    """Whether there are such dimensions, and each is as large as it may be."""
    return len(shape) == len(places) > 0 and all(map(contains, places, shape))


def told(count: int, places: Sequence[range]) -> str:
    """The shape of ``count`` sequences, as a person reads it."""
    sizes = (f"{place[0]} to {place[-1]}" if len(place) > 1 else str(place[0]) for place in places[1:])
    return f"[{', '.join([str(count), *sizes])}]"
