"""How much a page reads at once, and the sentences a person gets when a text cannot be read."""

from __future__ import annotations

from typing import Final

from app.settings import settings
from titans_core.tokenizer import Tokenizer

MAX_QUESTION: Final[int] = 400  # characters
FURTHEST: Final[int] = 1_000_000  # a token after all that is ever read, asked and answered


class BadInput(ValueError):
    """What a person gave cannot be read; the message is one sentence for them, saying what to do."""


class TooLong(BadInput):
    """A text has more than a page reads, but no more than can be read as a long one."""


def check_characters(text: str, already: int = 0) -> None:
    """Raise BadInput where ``text``, after ``already`` characters, is empty or longer than is allowed."""
    if not text and already:
        raise BadInput("There is nothing to add yet: type what comes next, then press Read on.")
    if not text:
        raise BadInput("There is nothing to read yet: type or paste a text, or pick a sample.")
    check_size(len(text) + already, settings().text_characters, "characters", continued=already > 0)


def check_question(question: str) -> None:
    """Raise BadInput where a question is empty or longer than MAX_QUESTION characters."""
    if not question.strip():
        raise BadInput("There is no question yet: type one, then press Ask.")
    if len(question) > MAX_QUESTION:
        raise BadInput(
            f"This question has {len(question):,} characters; "
            f"the page takes up to {MAX_QUESTION:,}. Ask a shorter one."
        )


def check_tokens(count: int, already: int = 0) -> None:
    """Raise BadInput where ``count`` tokens after ``already`` are more than is allowed."""
    check_size(count + already, settings().text_tokens, "tokens", continued=already > 0)


def fits(text: str) -> bool:
    """Whether a text is not too long to be read on a page, every token with all that it did."""
    return len(text) <= settings().text_characters and (
        len(Tokenizer.load().encode(text, opening=True)) <= settings().text_tokens
    )


def check_book(text: str, opens: bool) -> None:
    """Raise BadInput where an uploaded text that does not fit is too long for an overview too, or its page
    has none."""
    if len(text) > settings().book_characters:
        raise BadInput(
            f"This file has {len(text):,} characters; the lab reads up to {settings().book_characters:,}. "
            "Upload a part of it."
        )
    if not opens:
        raise BadInput(
            f"This file has {len(text):,} characters; this page reads up to {settings().text_characters:,}, "
            f"or {settings().text_tokens:,} tokens. Upload it on the page Stream, which opens long texts."
        )


def check_size(size: int, limit: int, unit: str, continued: bool) -> None:
    """Raise TooLong where ``size`` is over ``limit``, naming both; BadInput where no page reads so much."""
    if size <= limit:
        return
    if continued:
        raise TooLong(
            f"With this addition the text would have {size:,} {unit}; "
            f"the page reads up to {limit:,}. Add a shorter part."
        )
    if size > settings().book_characters:  # tokens are never more than a page's characters
        raise BadInput(
            f"This text has {size:,} {unit}; the lab reads up to {settings().book_characters:,}. "
            "Read a part of it."
        )
    raise TooLong(
        f"This text has {size:,} {unit}; the page reads up to {limit:,}. "
        "Read a part of it; the page Stream can also read all of it as a long text."
    )


def check_bytes(size: int) -> None:
    """Raise BadInput where a file of so many bytes is too large."""
    if size > settings().upload_bytes:
        raise BadInput(
            f"This file has {size:,} bytes; the page takes up to {settings().upload_bytes:,}. "
            "Upload a part of it."
        )


def decode_upload(content: bytes) -> str:
    """The text of an uploaded file. Raises BadInput where it is too large, empty or not UTF-8 text."""
    check_bytes(len(content))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"This file is not UTF-8 text: its byte {error.start:,} cannot be read. "
            "Save it as UTF-8 text and upload it again."
        ) from None
    if not text:
        raise BadInput("This file is empty. Upload one that holds a text.")
    if "\0" in text:
        raise BadInput("This file holds binary data, not text. Upload a plain text file.")
    return text.replace("\r\n", "\n")


def token(told: object) -> int | None:
    """The token (from 0) that a browser names; None where it names none, whatever it sends instead."""
    return told if type(told) is int and 0 <= told < FURTHEST else None


def sentence(message: str) -> str:
    """A message as a sentence: a capital first, and a stop last."""
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!")) else ".")
