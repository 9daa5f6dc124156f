"""A haystack, where the fact stands in it, and what the models that search it say, as HTML."""

from __future__ import annotations

import html

from app import models
from app.needle import Found, Needle, Search, distances
from titans_core.tasks.hidden import Hay

AROUND = 12  # words shown on either side of the fact
CAPTION = (
    "“{fact}” was told, and “{question}” asked this many tokens after it: the answer, and the probability of "
    "the right one with the memory (and with the memory wiped)"
)


def haystack(hay: Hay, needle: Needle) -> str:
    """The haystack as a line, with the fact and the places where the models are asked; the fact among its
    neighbours; both in words."""
    total, asked_at = len(hay.ids), distances(hay)
    asked = "".join(f"<i style='left:{100 * (hay.told + n) / total:.3f}%'></i>" for n in asked_at)
    fact = f"left:{100 * hay.start / total:.3f}%;width:{100 * (hay.told - hay.start) / total:.3f}%"
    return (
        f"<div class='hay'><div class='line' aria-hidden='true'>{asked}<b style='{fact}'></b></div>"
        f"<p class='passage' dir='auto'>{passage(hay, needle.fact.strip())}</p>"
        f"<p class='where'>Told at tokens {hay.start + 1:,} to {hay.told:,} of {total:,}, asked at the "
        f"{len(asked_at)} strokes: {asked_at[0]} tokens later, at every doubling, and at the end.</p></div>"
    )


def passage(hay: Hay, fact: str) -> str:
    """The fact between the words before it and after it."""
    before, after = hay.before.split(), hay.after.split()
    left = ("… " if len(before) > AROUND else "") + " ".join(before[-AROUND:])
    right = " ".join(after[:AROUND]) + (" …" if len(after) > AROUND else "")
    return f"{html.escape(left)} <mark>{html.escape(fact)}</mark> {html.escape(right)}"


def table(search: Search) -> str:
    """One row a model, one column a distance: what it says there, shaded by what the right answer gets."""
    columns, needle = distances(search.hay), search.needle
    caption = html.escape(CAPTION.format(fact=needle.fact.strip(), question=needle.question.strip()))
    head = "".join(f"<th scope='col'>{distance:,}</th>" for distance in columns)
    rows = "".join(
        f"<tr><th scope='row'>{html.escape(models.title(name))}</th>"
        + "".join(
            cell(search, name, found[i]) if i < len(found) else "<td></td>" for i in range(len(columns))
        )
        + "</tr>"
        for name, found in search.found.items()
    )
    return (
        "<div class='needle' role='region' aria-label='What the models answer' tabindex='0'>"
        f"<table><caption><span dir='auto'>{caption}</span></caption>"
        f"<thead><tr><th scope='col'>tokens after it</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def cell(search: Search, name: str, found: Found) -> str:
    """An answer, and what the right one gets, with memory and (where there is one) without."""
    right = found.said.casefold() == search.needle.value.casefold()
    said = html.escape(found.said) or "(nothing)"
    without = f" <i>({percent(found.without)})</i>" if search.streams[name].model.has_memory else ""
    return (
        f"<td style='--share:{found.with_memory:.3f}' class='{'right' if right else 'wrong'}'>"
        f"<b dir='auto'>{'✓' if right else '✗'} {said}</b>"
        f"<span>{percent(found.with_memory)}{without}</span></td>"
    )


def percent(share: float) -> str:
    """A share as the pages write it; the chance of a value is never nothing."""
    if share < 0.001:
        return "<0.1%"
    return f"{100 * share:.0f}%" if share >= 0.9995 else f"{100 * share:.1f}%"
