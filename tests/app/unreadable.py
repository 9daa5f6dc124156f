"""Texts that no page reads, and what each of them is told."""

from __future__ import annotations

import pytest

from app.limits import MAX_CHARACTERS, MAX_TOKENS

UNREADABLE = pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "type or paste a text"),
        ("x" * (MAX_CHARACTERS + 1), "40,001 characters"),
        ("\U0001f9ff" * (MAX_TOKENS // 2), "tokens"),
    ],
    ids=["empty", "too many characters", "too many tokens"],
)
