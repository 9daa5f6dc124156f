"""What is found in text of other kinds, as it was measured once, as HTML."""

from __future__ import annotations

import html
from typing import Any

from app import models
from titans_core.tasks.haystack import STYLES

KINDS = {
    "mixed": "generated filler, all styles",
    "unseen": "prose never seen in training",
    **{name: f"filler: {name} alone" for name in STYLES},
}


def losses(measured: dict[str, Any]) -> str:
    """One row a haystack, one column a model: the share of facts that is found, and its 95 % margin; the
    generated filler first, then where most is lost."""
    rows = {(one["haystack"], one["model"]): one for one in measured["results"]}
    names = list(dict.fromkeys(one["model"] for one in measured["results"]))
    kinds = [kind for kind in measured["haystacks"] if all((kind, name) in rows for name in names)]
    worst = sorted(
        kinds, key=lambda kind: (kind != "mixed", sum(rows[kind, name]["recall"] for name in names))
    )
    head = "".join(f"<th scope='col'>{html.escape(models.title(name))}</th>" for name in names)
    body = "".join(
        f"<tr><th scope='row'>{html.escape(KINDS.get(kind, kind))}</th>"
        + "".join(cell(rows[kind, name]) for name in names)
        + "</tr>"
        for kind in worst
    )
    return (
        "<div class='needle losses' role='region' aria-label='Found in text of each kind' tabindex='0'>"
        f"<table><caption><span>{html.escape(caption(measured))}</span></caption>"
        f"<thead><tr><th scope='col'>haystack</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cell(row: dict[str, Any]) -> str:
    """A share, and its margin."""
    return (
        f"<td style='--share:{row['recall']:.3f}'><b>{100 * row['recall']:.0f} %</b>"
        f"<span>± {100 * row['margin']:.0f}</span></td>"
    )


def caption(measured: dict[str, Any]) -> str:
    """What was asked, where it was measured, and how to measure it again."""
    one = measured["results"][0]
    lengths = " and ".join(f"{length:,}" for length in measured["lengths"])
    return (
        f"One fact in {lengths} tokens, asked for at the end: the share of {one['asked']} facts that is "
        f"found, at {len(measured['depths'])} depths, with its 95 % margin (seed {measured['seed']}, "
        f"{one['device']}, {measured['command']})"
    )
