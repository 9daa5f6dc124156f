"""A text that cannot be read is answered with one sentence that names the limit and the text's size."""

from __future__ import annotations

import pytest

import titans_core as tc
from app.limits import (
    MAX_QUESTION,
    BadInput,
    TooLong,
    check_book,
    check_characters,
    check_question,
    check_tokens,
    decode_upload,
)
from app.settings import settings


def test_a_text_at_the_limit_is_taken() -> None:
    check_characters("x" * settings().text_characters)
    check_tokens(settings().text_tokens)


def test_a_text_over_the_limit_is_refused_with_both_numbers() -> None:
    with pytest.raises(BadInput, match=r"40,001 characters.* up to 40,000"):
        check_characters("x" * (settings().text_characters + 1))
    with pytest.raises(BadInput, match=r"8,193 tokens.* up to 8,192"):
        check_tokens(settings().text_tokens + 1)


def test_the_advice_for_a_text_over_the_limit_can_be_followed() -> None:
    with pytest.raises(TooLong, match="the page Stream can also read all of it as a long text"):
        check_characters("x" * settings().book_characters)
    for opens in (True, False):
        with pytest.raises(
            BadInput, match=r"1,000,001 characters; the lab reads up to 1,000,000\. Upload a part"
        ):
            check_book("x" * (settings().book_characters + 1), opens)
    with pytest.raises(BadInput, match=r"up to 1,000,000\. Read a part of it\.$") as refused:
        check_characters("x" * (settings().book_characters + 1))
    assert not isinstance(refused.value, TooLong)


def test_an_addition_counts_together_with_what_stands_before() -> None:
    check_characters("x" * 10, already=settings().text_characters - 10)
    with pytest.raises(BadInput, match="With this addition the text would have 40,001 characters"):
        check_characters("x" * 11, already=settings().text_characters - 10)
    with pytest.raises(BadInput, match="With this addition the text would have 8,193 tokens"):
        check_tokens(1, already=settings().text_tokens)


def test_an_empty_text_says_what_to_do() -> None:
    with pytest.raises(BadInput, match="type or paste a text"):
        check_characters("")


def test_an_empty_addition_says_that_there_is_nothing_to_add() -> None:
    with pytest.raises(BadInput, match="nothing to add yet"):
        check_characters("", already=10)


def test_a_question_is_asked_for_where_there_is_none_and_refused_where_it_is_too_long() -> None:
    check_question("x" * MAX_QUESTION)
    with pytest.raises(BadInput, match="no question yet"):
        check_question(" \n")
    with pytest.raises(BadInput, match=r"401 characters.* up to 400"):
        check_question("x" * (MAX_QUESTION + 1))


def test_an_upload_beyond_the_limit_is_refused_before_it_is_looked_at() -> None:
    most = settings().upload_bytes
    assert len(decode_upload(b"a" * most)) == most
    with pytest.raises(BadInput, match=f"This file has {most + 1:,} bytes; the page takes up to {most:,}"):
        decode_upload(b"\xff" * (most + 1))


def test_an_upload_is_read_as_utf8_and_its_mark_dropped() -> None:
    assert decode_upload("\ufeffeine Brücke\r\nund mehr".encode()) == "eine Brücke\nund mehr"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", "Brücke".encode("latin-1"), "ab".encode("utf-16")])
def test_an_upload_that_is_not_utf8_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="not UTF-8 text"):
        decode_upload(content)


@pytest.mark.parametrize("content", [b"", "\ufeff".encode()])
def test_an_empty_upload_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="This file is empty"):
        decode_upload(content)


def test_binary_data_that_happens_to_be_utf8_is_refused() -> None:
    with pytest.raises(BadInput, match="binary data"):
        decode_upload(b"GIF\0\0\0")


@pytest.mark.parametrize("name", tc.available())
def test_going_back_in_the_longest_text_keeps_at_most_24_megabytes_of_states(name: str) -> None:
    stream = tc.Stream(tc.load(name))
    begun = stream.nbytes
    stream.feed([i % 1000 + 100 for i in range(1024)])
    assert stream.nbytes > begun  # at(t) has something to start from
    assert begun + (stream.nbytes - begun) * settings().text_tokens / 1024 < 24e6
