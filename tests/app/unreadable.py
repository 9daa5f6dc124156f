"""Texts that no page reads, and what each of them is told."""

from __future__ import annotations

import pytest

from app.settings import settings

UNREADABLE = pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "type or paste a text"),
        ("x" * (settings().text_characters + 1), "40,001 characters"),
        ("\U0001f9ff" * (settings().text_tokens // 2), "tokens"),
    ],
    ids=["empty", "too many characters", "too many tokens"],
)
