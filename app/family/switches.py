"""What each relative is: its rule, the switches that make it of ours, where it comes from."""

from __future__ import annotations

import html

from titans_core.config import MemoryConfig
from titans_core.family import FAMILY, Relative

HEADS = ("what is written", "momentum", "forgetting", "tokens a gradient", "memory")


def table() -> str:
    """All of the family as HTML, one row a relative."""
    heads = "".join(f'<th scope="col" class="words">{head}</th>' for head in HEADS)
    rows = "".join(map(row, FAMILY.values()))
    told = "The family: switches of one rule"
    return (
        f'<div class="measured family" role="region" tabindex="0" aria-label="{told}"><table>'
        f'<caption><span>{told}</span></caption><tr><th scope="col"></th>{heads}</tr>{rows}</table></div>'
    )


def row(relative: Relative) -> str:
    """One relative: its name, rule and source, then its switches, then what was decided."""
    name = (
        f"<b>{html.escape(relative.title)}</b><span class='rule'>{html.escape(relative.rule)}</span>"
        f"<span class='source'>{html.escape(relative.source)}</span>"
        f"<span class='decided'>{html.escape(relative.decided)}</span>"
    )
    cells = "".join(f'<td class="words">{cell}</td>' for cell in switches(relative.memory))
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def switches(memory: MemoryConfig) -> tuple[str, ...]:
    """Each switch in a word or two, in the order of HEADS."""
    written = "the value" if memory.objective == "inner" else "the error"
    if memory.decayed:
        written += ", after forgetting"
    forgetting = {"learned": "by a gate", "fixed": "one number a head", "none": "–"}[memory.forgetting]
    return (
        written,
        "by a gate" if memory.eta_max else "–",
        forgetting,
        str(memory.block_size) if memory.objective == "squared" else "–",
        "a matrix" if memory.depth == 1 else f"{memory.depth} layers",
    )
