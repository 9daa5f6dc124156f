"""From what the model reports while it reads to what a trace holds: arrays on the host."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from titans_core.expected import GUESSES, expect
from titans_core.layers import Telemetry
from titans_core.memory import NeuralMemory
from titans_core.model import ModelState, TitansLM
from titans_core.override import Edits
from titans_core.trace import Floats, LayerWrites, to_numpy
from titans_core.wipe import memories


def stack_columns(reports: tuple[Telemetry, ...], rows: int) -> dict[str, Floats]:
    """The layers' columns [1, T, H] as arrays [rows, layers, heads]."""
    if not reports:
        return {}
    return {
        name: to_numpy(torch.stack([r.columns[name][0, :rows] for r in reports], 1))
        for name in reports[0].columns
    }


def layer_writes(
    model: TitansLM,
    reports: tuple[Telemetry, ...],
    before: ModelState,
    edits: Sequence[Edits] | None,
    rows: int,
) -> tuple[LayerWrites, ...]:
    """What each layer wrote in its first ``rows`` tokens, from the state ``before`` them; () without a
    memory."""
    layers = [part for part in model.modules() if isinstance(part, NeuralMemory)]
    every = torch.ones(model.config.heads, dtype=torch.bool)
    found = []
    for number, (layer, report, state) in enumerate(zip(layers, reports, memories(before), strict=True)):
        deep = model.config.memory.depth > 1
        writing, reading = (edits[number].write, edits[number].read) if edits else (every, every)
        found.append(
            LayerWrites(
                inputs=tuple(to_numpy(x[0, :rows]) for x, _ in report.factors),
                deltas=tuple(to_numpy(d[0, :rows]) for _, d in report.factors),
                weights=tuple(to_numpy(w[0]) for w in state.weights),
                momentum=tuple(to_numpy(s[0]) for s in state.momentum),
                initial=tuple(to_numpy(w if deep else torch.zeros_like(w)) for w in layer.initial),
                queries=to_numpy(report.queries[0, :rows]),
                writing=np.tile(writing.cpu().numpy(), (rows, 1)),
                reading=np.tile(reading.cpu().numpy(), (rows, 1)),
                lens=expect(model, report.handed[0, :rows], guesses=GUESSES).guesses,
            )
        )
    return tuple(found)
