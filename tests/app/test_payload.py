"""The message to the browser says what the trace says."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from app.payload import SERIES, encode
from titans_core.trace import Guesses, LayerWrites, Trace

T, LAYERS, HEADS, ROWS, COLUMNS = 7, 2, 3, 4, 5
TOKENS = ["Mara", " put", "", " \U0001f989", "\n", " <b>", " שלום"]


def random_trace(memory: bool = True) -> Trace:
    """A trace of random numbers, with two memory matrices a layer, or of a model without memory."""
    rng = np.random.default_rng(0)

    def floats(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return rng.normal(size=shape).astype(np.float32)

    columns = {"nll": floats(T)}
    writes: tuple[LayerWrites, ...] = ()
    if memory:
        columns |= {name: floats(T, LAYERS, HEADS) for name in SERIES if name != "nll"}
        columns["retrieval"] = floats(T, LAYERS, HEADS)
        sizes = ((ROWS, COLUMNS), (COLUMNS, ROWS))
        writes = tuple(
            LayerWrites(
                tuple(floats(T, HEADS, rows) for rows, _ in sizes),
                tuple(floats(T, HEADS, columns) for _, columns in sizes),
                *(tuple(floats(HEADS, *size) for size in sizes) for _ in range(3)),
                floats(T, HEADS, ROWS),
                *(np.ones((T, HEADS), bool) for _ in range(2)),
                Guesses(np.zeros((T, 5), np.int64), floats(T, 5)),
            )
            for _ in range(LAYERS)
        )
    return Trace(0, tuple(range(T)), TOKENS, columns, writes)


def decode(message: bytes) -> tuple[dict[str, Any], Any]:
    """The header, and a function from a place in it to its array: the other side of the wire."""
    (length,) = struct.unpack_from("<I", message)
    body = message[4 + length :]
    assert (4 + length) % 4 == 0, "floats must start where floats may"

    def array(at: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
        size = int(np.prod(at["shape"]))
        return np.frombuffer(body, "<f4", size, 4 * at["offset"]).reshape(at["shape"])

    return json.loads(message[4 : 4 + length]), array


def test_every_number_drawn_arrives_unchanged() -> None:
    trace = random_trace()
    header, array = decode(encode(trace, "k"))
    assert set(header["series"]) == set(SERIES)
    for name, at in header["series"].items():
        np.testing.assert_array_equal(array(at), trace[name])
    for layer, sent in zip(trace.writes, header["writes"], strict=True):
        for m, matrix in enumerate(sent):
            for name, at in matrix.items():
                np.testing.assert_array_equal(array(at), getattr(layer, name)[m])


def test_the_header_gives_tokens_and_sizes() -> None:
    header, _ = decode(encode(random_trace(), "some key"))
    assert header["tokens"] == TOKENS
    assert (header["key"], header["layers"], header["heads"]) == ("some key", LAYERS, HEADS)
    assert [len(layer) for layer in header["writes"]] == [2, 2]


def test_a_model_without_memory_sends_its_nll_alone() -> None:
    trace = random_trace(memory=False)
    header, array = decode(encode(trace, "k"))
    assert list(header["series"]) == ["nll"] and header["writes"] == [] and header["layers"] == 0
    np.testing.assert_array_equal(array(header["series"]["nll"]), trace["nll"])


@pytest.mark.parametrize("token", ["", "a", "ab", "abc", "\U0001f989"])
def test_floats_are_aligned_whatever_the_header_length(token: str) -> None:
    trace = Trace(0, (0,), [token], {"nll": np.array([1.5], np.float32)})
    header, array = decode(encode(trace, "k"))
    assert array(header["series"]["nll"])[0] == 1.5


def test_what_is_not_contiguous_is_sent_in_order() -> None:
    column = np.arange(12, dtype=np.float32).reshape(6, 2)[:, 0]
    header, array = decode(encode(Trace(0, tuple(range(6)), [""] * 6, {"nll": column}), "k"))
    np.testing.assert_array_equal(array(header["series"]["nll"]), column)
