"""One token's step as a graph: what it launches on a GPU is recorded once a phase, then replayed as one.

A step of one token is some hundreds of small kernels, and launching them takes longer than running them. A
CUDA graph launches all of them at once, but it is blind: it reads and writes the same places every time, and
runs the same kernels. So a step is recorded once for every *phase*, the numbers and shapes that its state is
made of besides the values; its inputs are copied to the places that the graph reads, and what it leaves
behind is copied out. Phases come again: in MAC one for each place in the segment, with a deep memory one for
each place in the gradient block, and a full window stays as it is.

All but ``graph`` itself is the same on any device. A recorded step must not look at a value, nor bring one
from the host, nor read from a cache that may drop what the graph goes on reading: the tests run it on tensors
that have no values, and watch the caches.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from titans_core.layers import map_state

WARM_UPS = 3  # runs before the recording: libraries choose their kernels, and caches fill
KEPT = 64  # steps of one model; a MAC of segments of 32 goes through 32 phases

Inputs = TypeVar("Inputs")
Outputs = TypeVar("Outputs")
Recorder = Callable[[Callable[[], Outputs]], Callable[[], Outputs]]


def leaves(tree: Any) -> list[Any]:
    """The tensors, numbers and names of nested tuples, in order."""
    if not isinstance(tree, tuple):
        return [tree]
    return [leaf for part in tree for leaf in leaves(part)]


def tensors(tree: Any) -> list[Tensor]:
    """The tensors of nested tuples, in order."""
    return [leaf for leaf in leaves(tree) if isinstance(leaf, Tensor)]


def phase(tree: Any) -> Hashable:
    """All but the values: the shapes of a tree's tensors, and the numbers among them."""
    return tuple(leaf.shape if isinstance(leaf, Tensor) else leaf for leaf in leaves(tree))


def graph(device: torch.device, pool: Any, run: Callable[[], Outputs]) -> Callable[[], Outputs]:
    """Record what ``run`` launches on a CUDA device; the result launches it again and tells where its outputs
    are, the same places every time.

    Graphs of one ``pool`` (``torch.cuda.graph_pool_handle``) share their scratch memory, and so write over
    each other's outputs: these are to be copied before another graph runs.
    """
    with torch.cuda.device(device):
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UPS):
                run()
        torch.cuda.current_stream().wait_stream(beside)
        recorded = torch.cuda.CUDAGraph()
        # other threads, of other sessions, may go on meanwhile
        with torch.cuda.graph(recorded, pool=pool, capture_error_mode="thread_local"):
            outputs = run()

    def replay() -> Outputs:
        recorded.replay()
        return outputs

    return replay


class Recorded(Generic[Inputs, Outputs]):
    """A step of one phase between fixed places: ``inputs`` are copied in, and outputs are copies."""

    def __init__(self, step: Callable[[Inputs], Outputs], inputs: Inputs, record: Recorder[Outputs]) -> None:
        self._places = map_state(torch.clone, inputs)
        self._replay = record(lambda: step(self._places))

    def __call__(self, inputs: Inputs) -> Outputs:
        """Of inputs of the phase that was recorded."""
        for place, value in zip(tensors(self._places), tensors(inputs), strict=True):
            place.copy_(value)
        return map_state(torch.clone, self._replay())


class Phases(Generic[Inputs, Outputs]):
    """A step that is recorded for every phase met a second time, the ``kept`` last met phases being known.

    A phase met once is often met never again: while a window fills, or where a stream comes and goes. What
    the step reads besides its inputs, a model's weights, must stay where it is. Threads take turns.
    """

    def __init__(
        self, step: Callable[[Inputs], Outputs], record: Recorder[Outputs], kept: int = KEPT
    ) -> None:
        self._step, self._record, self._kept = step, record, kept
        self._known: dict[Hashable, Recorded[Inputs, Outputs] | None] = {}  # the last met is the last
        self._turn = Lock()

    def __call__(self, inputs: Inputs) -> Outputs:
        """What the step makes of nested tuples of tensors and numbers."""
        now = phase(inputs)
        with self._turn:
            again = now in self._known
            recorded = self._known.pop(now, None)
            if again and recorded is None:
                recorded = Recorded(self._step, inputs, self._record)
            self._known[now] = recorded
            if len(self._known) > self._kept:
                del self._known[next(iter(self._known))]
            return recorded(inputs) if recorded else self._step(inputs)
