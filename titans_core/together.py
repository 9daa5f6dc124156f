"""Several streams read at once: one call of the model for all that stand at the same phase.

A model's sequences never mix, so streams can be the rows of a batch: their states are laid side by side, read
on, and taken apart again. For that they must agree in all that is no value of a tensor, their *phase*: how
full the window is, or MAC's segment, and how many tokens the open gradient block of a deep memory holds.
Nothing is padded, so every stream is read as it would have been alone, to rounding.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from titans_core.captured import Phases, graph, phase, tensors
from titans_core.denormals import flushed
from titans_core.finite import check, even
from titans_core.layers import map_state
from titans_core.model import ModelState, TitansLM
from titans_core.override import Edits
from titans_core.stream import SNAPSHOT_EVERY, Stream
from titans_core.trace import Trace, to_numpy

CROWD = 4096  # tokens in one call: more would fill the memory with logits, and make a processor slower
MODELS = 4  # whose recorded steps are kept on a GPU


class Given(NamedTuple):
    """What B streams of one phase read next.

    ids [B, T]; expected [B, vocab]: the logits of the first of them; the state before them; what overrides do
    to each layer's memory.
    """

    ids: Tensor
    expected: Tensor
    state: ModelState
    edits: tuple[Edits, ...] | None


class Found(NamedTuple):
    """What came of it: the columns of a trace by name, [B, columns, T, layers, heads]; nll [B, T]; the logits
    [B, vocab] of the token that follows; the state."""

    names: tuple[str, ...]
    columns: Tensor
    nll: Tensor
    logits: Tensor
    state: ModelState


def read_together(streams: Sequence[Stream], texts: Sequence[str | Sequence[int]]) -> list[Trace]:
    """Feed each stream its own text, or token ids, as ``stream.feed(text)`` would -> the traces, in order.

    Streams may stand anywhere, be overridden, and read texts of any length; those of the same model and phase
    that are overridden alike share every call of the model. Raises TypeError for what is no list of streams
    or of texts, ValueError as ``feed`` does, and where the texts are not one a stream or a stream is given
    twice; all streams are then as they were, also where the numbers of one overflow (NotFinite).
    """
    if isinstance(texts, str) or not isinstance(texts, Collection):
        raise TypeError(f"texts are a list, one a stream, not {texts!r:.80}")
    if not isinstance(streams, Sequence) or not all(isinstance(stream, Stream) for stream in streams):
        raise TypeError(f"streams are a list of Stream, not {streams!r:.80}")
    if len({id(stream) for stream in streams}) < len(streams):
        raise ValueError("each stream can be read once at a time: one is given twice")
    if len(texts) != len(streams):
        raise ValueError(f"one text a stream: {len(streams)} streams were given {len(texts)} texts")
    left = [stream._take(text, more=False)[0] for stream, text in zip(streams, texts, strict=True)]
    with ExitStack() as whole:
        for stream in streams:
            whole.enter_context(stream._all_or_nothing())
        return read_all(streams, left)


def read_all(streams: Sequence[Stream], left: list[list[int]]) -> list[Trace]:
    """Read the ids that are ``left`` to each of the streams."""
    for stream in streams:
        stream._held = ""
    parts = [[] if ids else [stream.feed("")] for stream, ids in zip(streams, left, strict=True)]
    while waiting := [row for row, ids in enumerate(left) if ids]:
        groups: dict[Hashable, list[int]] = {}
        for row in waiting:
            groups.setdefault(company(streams[row]), []).append(row)
        for rows in groups.values():
            length = min(stretch(streams[row], left[row]) for row in rows)
            most = max(1, CROWD // length)
            for some in (rows[start : start + most] for start in range(0, len(rows), most)):
                read = read_stretch([streams[row] for row in some], [left[row][:length] for row in some])
                for row, trace in zip(some, read, strict=True):
                    parts[row].append(trace)
                    del left[row][:length]
    return [Trace.join(traces) for traces in parts]


def company(stream: Stream) -> Hashable:
    """Equal for streams that can be the rows of one batch."""
    position = stream.position
    active = tuple(replace(o, since=0, tokens=None) for o in stream.overrides if o.holds(position))
    return id(stream.model), active, phase(stream.state)


def stretch(stream: Stream, ids: Sequence[int]) -> int:
    """How many of ids the stream can read in one go. A snapshot that falls due meanwhile is taken after it:
    to stop for each stream's own would part those that could go on together."""
    return stream.unchanged(stream.position, min(len(ids), SNAPSHOT_EVERY))


@torch.inference_mode()
def read_stretch(streams: Sequence[Stream], ids: Sequence[Sequence[int]]) -> list[Trace]:
    """Read ids, equally many for each of streams in company with one another, and stand after them."""
    first = streams[0]
    model = first.model
    given = Given(
        torch.tensor(ids, device=model.device),
        torch.cat([stream.now.logits for stream in streams]),
        side_by_side([stream.state for stream in streams]),
        first.edits(first.position),
    )
    with flushed():
        found = step_of(model, len(ids[0]))(given)
    columns, nll = to_numpy(found.columns), to_numpy(found.nll)
    sound = np.isfinite(columns).all() and np.isfinite(nll).all() and even(found.logits)
    after = zip(found.logits[:, None].split(1), apart(found.state), strict=True)
    traces = []
    for row, (stream, read, (logits, state)) in enumerate(zip(streams, ids, after, strict=True)):
        start = stream.position
        own = dict(zip(found.names, columns[row].copy(), strict=True))  # not the whole class's
        own["nll"] = nll[row].copy()
        if not sound:
            stream.fork().feed(read)  # tells the very token
            check(own, None if even(logits) else len(read) - 1, start, bool(stream.overrides))
        tokens = stream._advance(list(read), state, logits[:, -1], None)
        traces.append(Trace(start, tuple(read), tokens, own))
    return traces


def side_by_side(states: Sequence[ModelState]) -> ModelState:
    """One state of B sequences, of B states of one phase."""
    return filled(states[0], map(torch.cat, zip(*map(tensors, states), strict=True)))


def apart(state: ModelState) -> list[ModelState]:
    """The inverse of ``side_by_side``. Its tensors are views: the batch stays until all of them have read
    on."""
    rows = zip(*(tensor.split(1) for tensor in tensors(state)), strict=True)
    return [filled(state, iter(row)) for row in rows]


def filled(template: ModelState, values: Iterator[Tensor]) -> ModelState:
    """The template with these in the place of its tensors."""
    return map_state(lambda _: next(values), template)


def step(model: TitansLM, given: Given) -> Found:
    """Read on, and tell what a trace holds. Looks at no value, so that it can be recorded."""
    out = model(given.ids, given.state, True, given.edits)
    names = tuple(out.telemetry[0].columns) if out.telemetry else ()
    each = [report.columns[name] for name in names for report in out.telemetry]  # [B, T, H] each
    columns = given.expected.new_empty(len(given.ids), 0)
    if each:
        columns = torch.stack(each).unflatten(0, (len(names), -1)).permute(2, 0, 3, 1, 4)
    expected = torch.cat([given.expected[:, None], out.logits[:, :-1]], 1).float()  # [B, T, vocab]
    nll = F.cross_entropy(expected.flatten(0, 1), given.ids.flatten(), reduction="none")
    return Found(names, columns, nll.view_as(given.ids), out.logits[:, -1], out.state)


def step_of(model: TitansLM, tokens: int) -> Any:
    """``step`` of a model, recorded where that pays: for one token, on a GPU."""
    return recorded_steps(model) if tokens == 1 and model.device.type == "cuda" else partial(step, model)


@lru_cache(MODELS)
def recorded_steps(model: TitansLM) -> Phases[Given, Found]:
    """The recorded steps of a model on a GPU, which must stay there."""
    return Phases(partial(step, model), partial(graph, model.device, torch.cuda.graph_pool_handle()))
