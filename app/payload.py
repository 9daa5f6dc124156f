"""Traces as one binary message to the browser.

The message is a header, its length first, and after it the numbers:

    uint32 n · n bytes of JSON in UTF-8, padded with spaces to a multiple of 4 · little-endian float32 arrays

The header holds the token strings, the sizes, and for each array its offset (in floats, from the header's
end) and its shape. Memory weights are not in it but their rank-one factors are; the browser rebuilds the
weights of any token. The message of several models' readings has one entry a model under "columns", and the
tokens, which are the same for all of them, once.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from titans_core.answer import Answer
from titans_core.config import ModelConfig
from titans_core.tokenizer import Tokenizer
from titans_core.trace import Floats, Guesses, LayerWrites, Trace

MATRICES = ("inputs", "deltas", "weights", "momentum", "initial")
SERIES = ("surprise", "write", "momentum", "memory_norm", "eta", "theta", "alpha", "nll")
FORKED = (*SERIES, "retrieval")  # what an original and its fork are compared by
READS = ("retrieval", "gate", "readout", "nll_without")  # what the player does not draw


class Column(NamedTuple):
    """What the browser is told of one model's reading.

    frozen: for each layer the weights that MAC's first segment reads, [H, D_in, D_out] a matrix; else ().
    """

    key: str
    name: str
    title: str
    about: str
    trace: Trace
    config: ModelConfig
    frozen: tuple[tuple[Floats, ...], ...]
    answer: Answer | None


class Body:
    """Arrays laid one after another; each is known by where it lies."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.floats = 0

    def place(self, array: NDArray[Any]) -> dict[str, Any]:
        """Append an array; its offset in floats and its shape."""
        at = {"offset": self.floats, "shape": list(array.shape)}
        self.parts.append(np.ascontiguousarray(array, "<f4").tobytes())
        self.floats += array.size
        return at

    def place_guesses(self, guesses: Guesses) -> dict[str, Any]:
        """Ids and probabilities; an id is well below the integers that a float holds exactly."""
        return {"ids": self.place(guesses.ids), "probabilities": self.place(guesses.probabilities)}

    def message(self, header: dict[str, Any]) -> bytes:
        """The header, and all that was placed."""
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        return b"".join([struct.pack("<I", len(text)), text, *self.parts])


def encode(trace: Trace, key: str, model: str, place: Mapping[str, int] | None = None) -> bytes:
    """The message that shows what ``model`` made of a text. ``key`` names the reading: the same key, the same
    message. Of a stretch of a longer text, ``place`` tells its start, how many tokens the whole has, and, as
    "at", the token of the stretch to begin with."""
    body = Body()
    header = {"model": model, "tokens": trace.tokens} | dict(place or {})
    return body.message(header | place_trace(body, trace, key, SERIES))


def encode_columns(columns: Sequence[Column], question: str) -> bytes:
    """The message that shows several models' readings of one text, and their answers to ``question``."""
    body = Body()
    header = {
        "key": " ".join([*(f"{column.key} {column.answer is not None}" for column in columns), question]),
        "tokens": columns[0].trace.tokens,
        "question": question,
        "columns": [place_column(body, column) for column in columns],
        "vocabulary": vocabulary(columns),
    }
    return body.message(header)


def encode_fork(
    traces: tuple[Trace, Trace],
    key: str,
    model: str,
    edited: tuple[Sequence[tuple[int, int]], Sequence[int]],
    question: str,
    answers: Sequence[Answer | None],
) -> bytes:
    """The message that shows an original and its fork: their curves, where the fork was ``edited`` (spans of
    tokens, and tokens before which the memory was wiped), and their answers to ``question``."""
    body = Body()
    header = {
        "key": key,
        "model": model,
        "tokens": traces[0].tokens,
        "traces": [
            place_series(body, trace, f"{key} {number}", FORKED) for number, trace in enumerate(traces)
        ],
        "spans": edited[0],
        "wipes": edited[1],
        "question": question,
        "answers": [answer and describe_answer(answer) for answer in answers],
    }
    return body.message(header)


def place_trace(body: Body, trace: Trace, key: str, series: Sequence[str]) -> dict[str, Any]:
    """What is told of a trace whose memory is shown, its tokens aside."""
    writes = [place_writes(body, layer) for layer in trace.writes]
    return place_series(body, trace, key, series) | {"writes": writes}


def place_series(body: Body, trace: Trace, key: str, series: Sequence[str]) -> dict[str, Any]:
    """A trace's curves."""
    layers, heads = trace["surprise"].shape[1:] if "surprise" in trace else (0, 0)
    return {
        "key": key,
        "layers": layers,
        "heads": heads,
        "series": {name: body.place(trace[name]) for name in series if name in trace},
        "writes": [],
    }


def place_writes(body: Body, writes: LayerWrites) -> list[dict[str, Any]]:
    """One entry a memory matrix, each naming where its five arrays lie."""
    return [
        {name: body.place(getattr(writes, name)[m]) for name in MATRICES} for m in range(len(writes.inputs))
    ]


def place_column(body: Body, column: Column) -> dict[str, Any]:
    """A reading with all that is needed to attribute what was read, and what was expected next."""
    trace, config = column.trace, column.config
    assert trace.guesses and trace.guesses_without, "a comparison shows what was expected"
    return place_trace(body, trace, column.key, SERIES + READS) | {
        "name": column.name,
        "title": column.title,
        "about": column.about,
        "variant": config.variant,
        "window": config.window,
        "persistent": config.persistent,
        "readsAfter": config.memory.read == "after",
        "reads": [
            {name: body.place(getattr(layer, name)) for name in ("queries", "writing", "reading")}
            | {"lens": body.place_guesses(layer.lens)}
            for layer in trace.writes
        ],
        "frozen": [[body.place(matrix) for matrix in layer] for layer in column.frozen],
        "guesses": body.place_guesses(trace.guesses),
        "without": body.place_guesses(trace.guesses_without),
        "answer": column.answer and describe_sources(column.answer),
    }


def describe_answer(answer: Answer) -> dict[str, Any]:
    """What is answered, as JSON."""
    return {"text": answer.text, "known": answer.known, "candidates": answer.candidates}


def describe_sources(answer: Answer) -> dict[str, Any]:
    """The same, and where it comes from: what is answered without the memory, and the write that made a known
    answer likely. To find that reads the text again, once."""
    return describe_answer(answer) | {"without": answer.candidates_without, "source": answer.source}


def vocabulary(columns: Sequence[Column]) -> dict[int, str]:
    """The string of every token that some column names."""
    tokenizer = Tokenizer.load()
    named: set[int] = set()
    for trace in (column.trace for column in columns):
        for found in (trace.guesses, trace.guesses_without, *(layer.lens for layer in trace.writes)):
            named.update(np.unique(found.ids).tolist() if found else [])
    return {i: tokenizer.name(i) for i in sorted(named)}
