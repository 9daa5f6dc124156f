"""The exhibit "momentum": what is answered after a shock, and what of it enters the memory with each word."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app import models
from app.charts.drawn import draw_chart
from app.exhibits.curves import DASHED, DOTTED, SOLID, Axis, Look, curves, rows
from app.exhibits.paired import paired
from app.exhibits.passage import passage
from lessons import words
from lessons.exhibits import momentum
from lessons.exhibits.momentum import CHANGE, FACT, HIGH, LATER, NEW, OLD, SURE, Asked, Shocks, Shown, Written

say = words("momentum")
TELLINGS = (1, 2, 3)


def draw(exhibit: Shown, found: Shocks, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "try" the change is to be learned at once."""
    if view == "text":
        told = say("text", fact=FACT, change=CHANGE)
        at = told.index(NEW)
        passage(told, [(at, at + len(NEW))])
    elif view == "answers":
        named = {eta_title(eta): asked for eta, asked in found.answers.items()}
        draw_chart(answers(named), say("answers", new=NEW))
    elif view == "words":
        chosen = st.segmented_control(
            say("which"),
            list(found.words),
            default=HIGH,
            required=True,
            format_func=eta_title,
            key=f"{key}-eta",
        )
        draw_chart(entering(found.words[chosen]), say("words_alt"))
    elif view == "pulse":
        draw_chart(pulses(), say("pulse"))
    else:
        return try_it(exhibit, key)
    return ()


def eta_title(eta: float | None) -> str:
    """A value of η, or the model's own."""
    return say("eta_own") if eta is None else say("eta_is", eta=f"{eta:g}")


def try_it(exhibit: Shown, key: str) -> tuple[str, ...]:
    """Clamp η, and see what is answered; "learned" where the change is known at once and stays known."""
    left, right = st.columns([3, 2], gap="medium")
    eta = left.slider(say("try_eta"), 0.0, HIGH, 0.0, 0.1, key=f"{key}-eta")
    tellings = right.segmented_control(
        say("tellings"), TELLINGS, default=exhibit.tellings, required=True,
        format_func=lambda count: say("told_times", count=count), key=f"{key}-tellings",
    )  # fmt: skip
    asked = answered(exhibit.model, eta, tellings)
    soon, late = (NEW if one.new > one.old else OLD for one in (asked[0], asked[-1]))
    st.caption(say("known", soon=soon, late=late, last=LATER[-1]))
    chart = answers({eta_title(round(eta, 1)): asked})
    draw_chart(chart, say("answers", new=NEW))
    learned = tellings == exhibit.tellings and all(one.new > SURE for one in asked)
    return ("learned",) if learned else ()


@st.cache_resource(show_spinner=False, max_entries=64)
def answered(model: str, eta: float, tellings: int) -> tuple[Asked, ...]:
    """What a model answers after the change, computed once."""
    return momentum.after_the_change(models.load(model), eta, tellings)


def answers(series: dict[str, tuple[Asked, ...]]) -> alt.LayerChart:
    """The probability of the new place over the tokens read since."""
    strokes = zip(series, ("nll", "ink", "eta"), (DOTTED, DASHED, SOLID), strict=False)
    looks = [Look(*one) for one in strokes] if len(series) > 1 else [Look(next(iter(series)), "eta")]
    table = rows(
        {name: [(a.later, 100 * a.new) for a in asked] for name, asked in series.items()}, "later", "new"
    )
    height = Axis("new", say("chance_new", new=NEW) + ", %", ".0f", scale=alt.Scale(domain=[0, 100]))
    return curves(table, Axis("later", say("later"), ordered=True), height, looks)


def entering(written: tuple[Written, ...]) -> alt.Chart:
    """Two bars a token, one upon the other: what it writes itself, and what is carried of the shock."""
    kinds = say("carried"), say("own")
    table = pd.DataFrame(
        {"place": place, "token": word.token, "kind": kind, "size": size}
        for place, word in enumerate(written)
        for kind, size in zip(kinds, (word.carried, 0.0 if place == 0 else word.own), strict=True)
    )
    names = {place: word.token.strip() for place, word in enumerate(written)}
    label = f"{[names[place] for place in range(len(names))]!r}[datum.value]"
    return (
        alt.Chart(table, height=330)
        .mark_bar(strokeWidth=1.5)
        .encode(
            x=alt.X(
                "place:O",
                title=say("token"),
                axis=alt.Axis(labelExpr=label, labelAngle=-90, labelOverlap=False, ticks=False, domain=False),
            ),
            y=alt.Y("size:Q", title=say("enters"), axis=alt.Axis(tickCount=4, domain=False)),
            order=alt.Order("kind:N"),
            tooltip=["kind:N", "token:N", alt.Tooltip("size:Q", format=".2f")],
            **paired(kinds, ("momentum", "write"), columns=1),
        )
    )


def pulses() -> alt.LayerChart:
    """A memory on its own, one pair, and nothing new after it."""
    found = {eta_title(eta): momentum.pulse(eta).shares for eta in (0.0, 0.5, HIGH)}
    table = rows(
        {name: [(n, 100 * share) for n, share in enumerate(shares)] for name, shares in found.items()},
        "since", "share",
    )  # fmt: skip
    looks = [Look(*one) for one in zip(found, ("nll", "ink", "eta"), (DOTTED, DASHED, SOLID), strict=True)]
    return curves(table, Axis("since", say("since")), Axis("share", say("share"), ".0f"), looks)
