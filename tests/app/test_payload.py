"""The message to the browser says what the trace says."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from app.payload import READS, SERIES, Column, encode, encode_columns
from titans_core.config import ModelConfig
from titans_core.tokenizer import BEGIN, Tokenizer
from titans_core.trace import Guesses, LayerWrites, Trace

T, LAYERS, HEADS, ROWS, COLUMNS = 7, 2, 3, 4, 5
TOKENS = ["Mara", " put", "", " \U0001f989", "\n", " <b>", " שלום"]


def random_trace(memory: bool = True) -> Trace:
    """A trace of random numbers, with two memory matrices a layer, or of a model without memory."""
    rng = np.random.default_rng(0)

    def floats(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return rng.normal(size=shape).astype(np.float32)

    columns = {"nll": floats(T), "nll_without": floats(T)}
    writes: tuple[LayerWrites, ...] = ()
    if memory:
        columns |= {name: floats(T, LAYERS, HEADS) for name in SERIES if name != "nll"}
        columns |= {name: floats(T, LAYERS, HEADS) for name in READS if name != "nll_without"}
        sizes = ((ROWS, COLUMNS), (COLUMNS, ROWS))
        writes = tuple(
            LayerWrites(
                tuple(floats(T, HEADS, rows) for rows, _ in sizes),
                tuple(floats(T, HEADS, columns) for _, columns in sizes),
                *(tuple(floats(HEADS, *size) for size in sizes) for _ in range(3)),
                floats(T, HEADS, ROWS),
                *(rng.random((T, HEADS)) < 0.5 for _ in range(2)),
                guesses(rng),
            )
            for _ in range(LAYERS)
        )
    return Trace(0, tuple(range(T)), TOKENS, columns, writes, guesses(rng), guesses(rng))


def guesses(rng: np.random.Generator) -> Guesses:
    """Any tokens of the vocabulary."""
    ids = rng.integers(0, Tokenizer.load().vocab_size, (T, 5))
    return Guesses(ids, rng.random((T, 5)).astype(np.float32))


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
    header, array = decode(encode(trace, "k", "mac"))
    assert set(header["series"]) == set(SERIES)
    for name, at in header["series"].items():
        np.testing.assert_array_equal(array(at), trace[name])
    for layer, sent in zip(trace.writes, header["writes"], strict=True):
        for m, matrix in enumerate(sent):
            for name, at in matrix.items():
                np.testing.assert_array_equal(array(at), getattr(layer, name)[m])


def test_the_header_gives_tokens_and_sizes() -> None:
    header, _ = decode(encode(random_trace(), "some key", "mac"))
    assert (header["tokens"], header["model"]) == (TOKENS, "mac")
    assert (header["key"], header["layers"], header["heads"]) == ("some key", LAYERS, HEADS)
    assert [len(layer) for layer in header["writes"]] == [2, 2]


def test_a_model_without_memory_sends_its_nll_alone() -> None:
    trace = random_trace(memory=False)
    header, array = decode(encode(trace, "k", "mac"))
    assert list(header["series"]) == ["nll"] and header["writes"] == [] and header["layers"] == 0
    np.testing.assert_array_equal(array(header["series"]["nll"]), trace["nll"])


@pytest.mark.parametrize("token", ["", "a", "ab", "abc", "\U0001f989"])
def test_floats_are_aligned_whatever_the_header_length(token: str) -> None:
    trace = Trace(0, (0,), [token], {"nll": np.array([1.5], np.float32)})
    header, array = decode(encode(trace, "k", "mac"))
    assert array(header["series"]["nll"])[0] == 1.5


def test_what_is_not_contiguous_is_sent_in_order() -> None:
    column = np.arange(12, dtype=np.float32).reshape(6, 2)[:, 0]
    header, array = decode(encode(Trace(0, tuple(range(6)), [""] * 6, {"nll": column}), "k", "mac"))
    np.testing.assert_array_equal(array(header["series"]["nll"]), column)


def random_column(name: str, memory: bool = True) -> Column:
    """A column of random numbers, its first segment's weights among them."""
    rng = np.random.default_rng(1)
    frozen = ((rng.random((HEADS, ROWS, COLUMNS)).astype(np.float32),),) * LAYERS if memory else ()
    config = ModelConfig(variant="mac" if memory else "attention")
    return Column(
        f"key of {name}", name, name.upper(), "about it", random_trace(memory), config, frozen, None
    )


def test_every_number_of_every_column_arrives_unchanged() -> None:
    columns = [random_column("mac"), random_column("attention", memory=False)]
    header, array = decode(encode_columns(columns, "Where?"))
    assert (header["tokens"], header["question"]) == (TOKENS, "Where?")
    for column, sent in zip(columns, header["columns"], strict=True):
        trace = column.trace
        assert (sent["key"], sent["name"], sent["variant"]) == (
            column.key,
            column.name,
            column.config.variant,
        )
        assert set(sent["series"]) == set(trace.quantities)
        for name, at in sent["series"].items():
            np.testing.assert_array_equal(array(at), trace[name])
        for layer, read in zip(trace.writes, sent["reads"], strict=True):
            for name in ("queries", "writing", "reading"):
                np.testing.assert_array_equal(array(read[name]), getattr(layer, name))
            check_guesses(layer.lens, read["lens"], array)
        assert trace.guesses is not None and trace.guesses_without is not None
        check_guesses(trace.guesses, sent["guesses"], array)
        check_guesses(trace.guesses_without, sent["without"], array)
        for layer, matrices in zip(column.frozen, sent["frozen"], strict=True):
            np.testing.assert_array_equal(array(matrices[0]), layer[0])


def check_guesses(guesses: Guesses, sent: dict[str, Any], array: Any) -> None:
    np.testing.assert_array_equal(array(sent["ids"]), guesses.ids)
    np.testing.assert_array_equal(array(sent["probabilities"]), guesses.probabilities)


def test_every_token_that_is_named_has_its_string() -> None:
    column = random_column("mac")
    begin = Tokenizer.load().begin
    assert column.trace.guesses is not None and column.trace.guesses_without is not None
    column.trace.guesses.ids[0, 0] = begin
    header, _ = decode(encode_columns([column], ""))
    named = {int(i) for i in column.trace.guesses.ids.ravel()}
    named |= {int(i) for i in column.trace.guesses_without.ids.ravel()}
    named |= {int(i) for layer in column.trace.writes for i in layer.lens.ids.ravel()}
    assert {int(i) for i in header["vocabulary"]} == named
    assert header["vocabulary"][str(begin)] == BEGIN


def test_the_message_is_another_where_a_reading_or_the_question_is_another() -> None:
    column = random_column("mac")
    keys = {
        decode(encode_columns(columns, question))[0]["key"]
        for columns in ([column], [column, column], [column._replace(key="another")])
        for question in ("", "Where?")
    }
    assert len(keys) == 6
