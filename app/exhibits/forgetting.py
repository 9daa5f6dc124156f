"""The exhibit "forgetting": the gate along a text, the gate clamped, and a memory that fills up."""

from __future__ import annotations

import altair as alt
import streamlit as st

from app.charts.drawn import draw_chart
from app.exhibits.curves import DASHED, Axis, Look, curves, rows
from app.exhibits.measured import Bar, bars
from app.exhibits.passage import passage
from app.exhibits.shaded import shaded
from lessons import words
from lessons.exhibits.forgetting import ALPHAS, Gated, Shown, parts

say = words("forgetting")
EVERY = 4  # tokens from one point of a curve to the next


def draw(exhibit: Shown, found: Gated, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "clamp" the new fact is to be parted from the old one."""
    if view == "text":
        passage(exhibit.text, filter(None, (mention.span(exhibit.text) for mention in exhibit.words)))
    elif view == "gate":
        most = float(found.alpha.max())
        st.html(shaded(found.tokens, [float(alpha) / most for alpha in found.alpha], "alpha"))
        st.caption(say("shade", most=f"{most:.2f}"))
    elif view == "clamp":
        return clamp(exhibit, found, key)
    else:
        told = {name: str(claim) for name, claim in found.claims.items()}
        draw_chart(overflow(found), say("overflow", **told))
    return ()


def clamp(exhibit: Shown, found: Gated, key: str) -> tuple[str, ...]:
    """Both answers under a clamped gate; "parted" where the new fact is known and the old one is not."""
    alpha = st.select_slider(
        say("clamp"), ALPHAS, 0.0, format_func=lambda value: f"{value:g}", key=f"{key}-alpha"
    )
    known = found.clamped[alpha]
    answers = [
        Bar(f"{fact.question} {fact.value}", share, f"{100 * share:.0f}\u00a0%")
        for fact, share in ((exhibit.old, known.old), (exhibit.new, known.new))
    ]
    st.html(bars(say("chance"), "retrieval", answers, 1.0))
    st.caption(say("norm", norm=f"{known.norm:.1f}"))
    return ("parted",) if parts(known) else ()


def overflow(found: Gated) -> alt.LayerChart:
    """The memory's norm while chapter follows chapter."""
    series = {
        say(name): [(n + 1, float(norm)) for n, norm in enumerate(filled.norms)][::EVERY]
        for name, filled in (("with", found.own), ("never", found.never))
    }
    looks = [Look(say("with"), "alpha"), Look(say("never"), "ink", DASHED)]
    table = rows(series, "tokens", "norm")
    return curves(table, Axis("tokens", say("tokens"), ",d"), Axis("norm", say("norm_axis")), looks)
