"""Tokens and counts as a person reads them; the browser components say them alike."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """A text that stands in Markdown as it is: what an address or a file says may neither link nor load."""
    return re.sub(r"([\\`*_{}\[\]()<>#!$:~|])", r"\\\1", text)


def quoted(token: str) -> str:
    """A token in quotation marks, white space made visible; one without text of its own says so."""
    if not token:
        return "part of a character, or a mark"
    bare = token[1:] if len(token) > 1 and token[0] == " " else token
    return f"“{bare.replace(chr(10), '↵').replace(chr(9), '⇥').replace(' ', '␣')}”"


def after(tokens: list[str], count: int) -> str:
    """A place in a text: how many tokens were read, and the last of them."""
    return f"token {count:,}, {quoted(tokens[count - 1])}" if count else "before the first token"
