"""What each relative is: its rule, the switches that make it of ours, where it comes from."""

from __future__ import annotations

import html

from titans_core.config import MemoryConfig
from titans_core.family import FAMILY, Relative


def cards() -> str:
    """All of the family as HTML, a card each."""
    return f"<div class='family'>{''.join(map(card, FAMILY.values()))}</div>"


def card(relative: Relative) -> str:
    """One relative: its rule, its switches, what was decided, and its source."""
    told = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in switches(relative.memory).items()
    )
    return (
        f"<article><h2>{html.escape(relative.title)}</h2>"
        f"<p class='rule'>{html.escape(relative.rule)}</p><dl>{told}</dl>"
        f"<p>{html.escape(relative.decided)}</p>"
        f"<p class='source'>{html.escape(relative.source)}</p></article>"
    )


def switches(memory: MemoryConfig) -> dict[str, str]:
    """Each switch in a word or two."""
    written = "the value" if memory.objective == "inner" else "the error"
    return {
        "writes": f"{written} after forgetting" if memory.decayed else written,
        "momentum": "by a gate" if memory.eta_max else "none",
        "forgetting": {"learned": "by a gate", "fixed": "one number a head"}.get(memory.forgetting, "none"),
        "gradient": "anew at every token" if memory.block_size == 1 else f"for {memory.block_size} tokens",
        "memory": "a matrix" if memory.depth == 1 else f"{memory.depth} layers",
    }
