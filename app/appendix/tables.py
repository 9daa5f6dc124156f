"""Tables of HTML that a narrow window scrolls, and the files of what was measured."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from lessons import words as words_of

RESULTS = Path(__file__).resolve().parent.parent.parent / "benchmarks" / "results"

ENDS: Final = re.compile(r"\[[^]]*\]")  # between which a number may lie

say = words_of("appendix")


def measured(name: str, command: str) -> dict[str, Any] | None:
    """A file of results; where there is none that can be read, the page says so."""
    path = RESULTS / f"{name}.json"
    told = {"file": f"`benchmarks/results/{path.name}`", "command": f"`{command}`"}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content
    except FileNotFoundError:
        st.info(say("missing", **told))
    except ValueError:
        st.warning(say("damaged", **told))
    return None


def table(told: str, heads: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table whose first columns are ``words`` and whose others are numbers; ``told`` is its caption."""
    head = "".join(
        f'<th scope="col"{marked(n, words)}>{html.escape(cell)}</th>' for n, cell in enumerate(heads)
    )
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f"<td{marked(n, words)}>{ended(cell)}</td>" for n, cell in enumerate(cells, 1))
        + "</tr>"
        for name, *cells in rows
    )
    return (
        f'<div class="measured" role="region" tabindex="0" aria-label="{html.escape(told)}"><table>'
        f"<caption><span>{html.escape(told)}</span></caption><tr>{head}</tr>{body}</table></div>"
    )


def marked(column: int, words: int) -> str:
    """The class of a column that holds words, beside the first."""
    return ' class="words"' if 0 < column < words else ""


def ended(cell: str) -> str:
    """A cell, whose square brackets may stand below its number where a table has many columns."""
    return ENDS.sub(r'<span class="ends">\g<0></span>', html.escape(cell))


def machine(result: dict[str, Any]) -> str:
    """The processor that measured, and when."""
    facts = result["machine"]
    return say(
        "where",
        cores=facts["cores"],
        processor=facts["processor"],
        torch=facts["packages"]["torch"],
        date=facts["date"][:10],
    )
