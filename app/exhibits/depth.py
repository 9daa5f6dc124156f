"""The exhibit "depth": memories of one to four layers learn pairs, and forget them."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app.charts.drawn import draw_chart
from app.exhibits.curves import DASHED, DOTTED, SOLID, Axis, Look, Stroke, curves, rows
from app.exhibits.paired import paired
from app.palette import palette, theme
from lessons import percent, words
from lessons.exhibits.depth import DEPTHS, KNOWN, PASSES, SETS, Depths, Forgotten, Learned, Shown

say = words("depth")
HELD = 2 * KNOWN  # an error below this counts as held, when the learner looks for the fewest layers
NO_MATRIX = 0.5  # an error of the best matrix above this: no matrix holds the set
STROKES: tuple[Stroke, ...] = ((10, 3), SOLID, DASHED, (3, 3))  # one a depth
REACH = 150  # percent that the chart of learning shows at least


def draw(exhibit: Shown, found: Depths, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "learning" a set is to be found that needs more than a matrix, and what it needs."""
    if view == "forgetting":
        draw_chart(forgetting(found), say("forgetting"))
        return ()
    name = st.segmented_control(
        say("set"), list(SETS), default="rule", required=True, format_func=say, key=f"{key}-set"
    )
    depth = st.segmented_control(
        say("layers"), DEPTHS, default=1, required=True,
        format_func=lambda count: say("layer_1") if count == 1 else say("layer", count=count),
        key=f"{key}-depth",
    )  # fmt: skip
    learned = found.learned[name]
    told = say(
        "told", passes=PASSES, error=percent(learned.errors[depth][-1]), best=percent(learned.best_matrix)
    )
    st.caption(told)
    draw_chart(learning(learned, depth), say("curve"))
    return ("held",) if fewest(learned) == depth and learned.best_matrix > NO_MATRIX else ()


def fewest(learned: Learned) -> int | None:
    """The fewest layers that hold a set in the end."""
    return next((depth for depth, errors in learned.errors.items() if errors[-1] < HELD), None)


def title(depth: int) -> str:
    """A memory of so many layers."""
    return say("named_1") if depth == 1 else say("named", count=depth)


def learning(learned: Learned, depth: int) -> alt.LayerChart:
    """The error after each pass, of the chosen depth, the others pale, and of the best matrix."""
    series = {
        title(each): [(n, 100 * error) for n, error in enumerate(errors, 1)]
        for each, errors in learned.errors.items()
    }
    top = max(REACH, 100 * max(map(max, learned.errors.values())))
    best = [(n, 100 * learned.best_matrix) for n in (1, PASSES)]
    looks = [
        Look(title(each), "retrieval" if each == depth else "soft", stroke)
        for each, stroke in zip(DEPTHS, STROKES, strict=True)
    ]
    return curves(
        rows({**series, say("best"): best}, "pass", "error"),
        Axis("pass", say("passes"), ".0f"),
        Axis("error", say("error"), ".0f", scale=alt.Scale(domain=[0, top])),
        [*looks, Look(say("best"), "ink", DOTTED)],
    )


def forgetting(found: Depths) -> alt.LayerChart:
    """Two bars a depth: how wrong the first pairs are once the second are known."""
    colours = palette(theme())
    kinds: dict[str, dict[int, Forgotten]] = {say("apart"): found.apart, say("close"): found.close}
    table = pd.DataFrame(
        {"depth": depth, "kind": kind, "error": 100 * one.after}
        for kind, by_depth in kinds.items()
        for depth, one in by_depth.items()
    )
    bars = (
        alt.Chart(table, height=310)
        .mark_bar()
        .encode(
            x=alt.X("depth:O", title=say("depth"), axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("kind:N", sort=list(kinds)),
            y=alt.Y("error:Q", title=say("first"), axis=alt.Axis(tickCount=4, domain=False)),
            tooltip=["kind:N", "depth:O", alt.Tooltip("error:Q", format=".0f")],
            **paired(list(kinds), ("retrieval", "surprise")),
        )
    )
    silence = pd.DataFrame({"error": [100], "told": [say("silent")]})
    rule = alt.Chart(silence).mark_rule(color=colours["ink"], strokeDash=[4, 3]).encode(y="error:Q")
    note = alt.Chart(silence).mark_text(
        align="right", dy=-7, x="width", dx=-4, color=colours["ink"], fontSize=12
    )  # fmt: skip
    return bars + rule + note.encode(y="error:Q", text="told:N")
