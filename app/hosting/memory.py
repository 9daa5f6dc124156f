"""How much memory all sessions may hold. Beyond that, what the oldest idle ones hold is let go: it is
computed again, from what is saved of them, when their people return."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from threading import Lock
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from torch import Tensor, nn

LEAVES = (str, int, float, bool, type(None), type)


class Holder(Protocol):
    """What a session holds."""

    @property
    def nbytes(self) -> int:
        """How many bytes."""

    @property
    def busy(self) -> bool:
        """Whether something is being computed for it now."""

    def let_go(self) -> None:
        """Hold nothing any more."""


class Memory:
    """At most ``most`` bytes in all holders together; ``now`` tells the time in seconds. Any thread may call
    it; holders that nobody else knows any more are forgotten."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now, self._lock = most, now, Lock()
        self._held: WeakKeyDictionary[Holder, tuple[float, int]] = (
            WeakKeyDictionary()
        )  # when last, and how much

    def used(self, holder: Holder) -> int:
        """``holder`` was just used. Where all hold too much, let go what those hold that were used longest
        ago, are not busy, and are not this one; how many those were."""
        size = holder.nbytes
        with self._lock:
            self._held[holder] = (self._now(), size)
            idle = sorted(
                ((since, id(other), other) for other, (since, held) in self._held.items() if held),
                key=lambda one: one[:2],
            )
            over = self._total() - self._most
            gone = 0
            for since, _, other in idle:
                if over <= 0:
                    break
                if other is holder or other.busy:
                    continue
                over -= self._held[other][1]
                other.let_go()
                self._held[other] = (since, 0)
                gone += 1
            return gone

    @property
    def total(self) -> int:
        """Bytes that all hold."""
        with self._lock:
            return self._total()

    def _total(self) -> int:
        return sum(held for _, held in self._held.values())


def footprint(value: Any) -> int:
    """Bytes of all tensors, arrays and byte strings that can be reached from ``value``, each counted once.
    Models are shared by all sessions, and not counted."""
    sizes: dict[int, int] = {}
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (*LEAVES, nn.Module)) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Tensor):
            storage = one.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
        elif isinstance(one, np.ndarray):
            whole = one if one.base is None else one.base
            sizes[id(whole)] = getattr(whole, "nbytes", one.nbytes)
        elif isinstance(one, bytes):
            sizes[id(one)] = len(one)
        else:
            waiting += parts(one)
    return sum(sizes.values())


def parts(one: Any) -> list[Any]:
    """What an object is made of; nothing of rows of numbers or words, whose first tells what they are."""
    if isinstance(one, dict):
        return list(one.values())
    if isinstance(one, (list, tuple, set, frozenset)):
        row = not hasattr(one, "_fields") and one and isinstance(next(iter(one)), (int, str, float))
        return [] if row else list(one)
    if is_dataclass(one) and not isinstance(one, type):
        named = [getattr(one, field.name) for field in fields(one)]
        return [*named, *getattr(one, "__dict__", {}).values()]
    return list(getattr(one, "__dict__", {}).values())
