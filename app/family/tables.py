"""The paper's tables at our scale: what was measured, how sure it is, and beside it the paper's figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from app.appendix.tables import table
from app.charts.drawn import draw_chart
from app.exhibits.curves import Axis, curves
from app.family.about import ABOUT, PAPERS
from app.family.looks import looks
from titans_core.tables import SUITES, Suite, path_of, read_results
from titans_core.tables.directions import DIRECTIONS, Direction, directions
from titans_core.tables.looked import LOOKED_INTO
from titans_core.tables.paper import NIAH, NIAH_LENGTHS
from titans_core.tables.run import Result
from titans_core.tables.summary import Found, Place, scores
from titans_core.tables.words import counted, figure, form, made, paper_length, titled

COLUMNS = 3  # charts beside each other, or two, where that leaves no gap
FAINT = 0.6  # of the bars
COMMAND: Final = re.compile("`([^`]+)`")  # in Markdown
TALL = 400  # pixels of a chart, of which the legend of eight models takes a third


def every() -> None:
    """All tables that were made, and the commands that make the others."""
    absent = []
    for suite in SUITES.values():
        command = f"python -m titans_core evaluate --suite {suite.name}"
        try:
            results = [one for one in read_results(path_of(suite.name)) if one["model"] in looks(suite)]
        except ValueError as problem:
            st.warning(f"This table cannot be read: {problem}. Make it anew with `{command}`.")
            continue
        if results:
            draw(suite, results)
        else:
            absent.append(f"*{suite.title}*, {suite.source}: `{command}`")
    if absent:
        caption(
            "Not made yet, each by a command that trains its models and measures them:  \n"
            + "  \n".join(absent)
        )


def draw(suite: Suite, results: Sequence[Result]) -> None:
    """One table: its charts, its figures, where they go the paper's way, and how they were made."""
    st.html(f"<h2 class='table-title'>{suite.title}</h2>")
    st.caption(ABOUT[suite.name])
    found = scores(results)
    charts(suite, found)
    st.html(figures(suite, found))
    if suite.name in LOOKED_INTO:
        st.markdown(LOOKED_INTO[suite.name])
    if suite.name in DIRECTIONS:
        st.html(compared(suite, directions(results, DIRECTIONS[suite.name]())))
    caption(made(suite, results))


def caption(told: str) -> None:
    """A caption, in which each word of a command is code of its own, which the page does not break: within an
    option a browser breaks at the hyphens."""
    st.caption(COMMAND.sub(lambda found: " ".join(f"`{word}`" for word in found[1].split()), told))


# ------------------------------------------------------------------------------------------------ charts


BELOW = "how well each model does it; the table below has the numbers"


def charts(suite: Suite, found: Found) -> None:
    """A chart for each task that is asked at several lengths."""
    drawn = [columns[0].task for columns in by_task(found) if len(columns) > 1]
    beside = 2 if len(drawn) % COLUMNS else COLUMNS
    for start in range(0, len(drawn), beside):
        for column, task in zip(
            st.columns(beside, gap="medium"), drawn[start : start + beside], strict=False
        ):
            with column:
                st.markdown(f"**{task}**")
                draw_chart(by_length(suite, found, task), f"{task}: {BELOW}")
                if suite.name == "niah":
                    st.caption(f"{task}: {PAPERS['niah']}")
                    draw_chart(papers(suite, task), f"{task}: {PAPERS['niah']}")


def by_length(suite: Suite, found: Found, task: str) -> alt.LayerChart:
    """A task's scores over the text's length or the pairs in it, with a bar as long as what is unsure."""
    named = looks(suite)
    drawn = {key: one for key, one in found.items() if key[1].task == task}
    at = next(iter(drawn))[1]
    share = form(at).unit == "percent"
    table = pd.DataFrame(
        {
            "name": named[model].name,
            "number": place.number,
            "value": one.mean,
            "low": one.low if one.known else one.mean,
            "high": one.high if one.known else one.mean,
        }
        for (model, place), one in drawn.items()
    )
    y = (
        Axis("value", "right answers", ".0%", scale=UNIT)
        if share
        else Axis("value", form(at).unit, ".1f", scale=FROM_NOUGHT)
    )
    shown = [look for look in named.values() if look.name in set(table["name"])]
    bars = (
        alt.Chart(table)
        .mark_rule(aria=False, opacity=FAINT)
        .encode(x="number:O", y="low:Q", y2="high:Q", color="name:N")
    )
    x = Axis("number", at.unit, ",d", ordered=True, scale=PLACES)
    # side by side, so that every bar is seen
    beside = alt.XOffset("name:N", scale=alt.Scale(domain=[look.name for look in shown]))
    return (curves(table, x, y, shown) + bars).encode(xOffset=beside).properties(height=TALL)


UNIT = alt.Scale(domain=[0, 1])
FROM_NOUGHT = alt.Scale(zero=True)
PLACES = alt.Scale(paddingInner=0.5, paddingOuter=0.25)  # of a place in the row, left free beside its curves


def papers(suite: Suite, task: str) -> alt.LayerChart:
    """The paper's own, in the same looks."""
    named = looks(suite)
    table = pd.DataFrame(
        {"name": named[model].name, "length": length, "right": percent / 100}
        for model, told in NIAH.items()
        for length, percent in zip(NIAH_LENGTHS, told[task], strict=True)
    )
    x, y = Axis("length", "tokens", ",d", ordered=True), Axis("right", "right answers", ".0%", scale=UNIT)
    shown = [look for model, look in named.items() if model in NIAH]
    return curves(table, x, y, shown).properties(height=TALL)


# ----------------------------------------------------------------------------------------------- figures


def by_task(found: Found) -> list[list[Place]]:
    """The places of every task, in the order they were measured."""
    every = list(dict.fromkeys(place for _, place in found))
    return [[place for place in every if place.task == task] for task in dict.fromkeys(p.task for p in every)]


def figures(suite: Suite, found: Found) -> str:
    """All of it in numbers, one model a row: a table for each task that is asked at several lengths, and one
    for all others."""
    groups = [columns for columns in by_task(found) if len(columns) > 1]
    rest = [columns[0] for columns in by_task(found) if len(columns) == 1]
    told = "; in square brackets, the range in which it may lie"
    told += f"; in round brackets, where it has one, {PAPERS[suite.name]}" if suite.name in PAPERS else ""
    named = {model: look.name for model, look in looks(suite).items() if any(m == model for m, _ in found)}
    return "".join(
        table(
            f"{suite.title}, {shares(rest) if columns is rest else what(columns[0])}{told}",
            ["", *(titled(place) if columns is rest else headed(suite, place) for place in columns)],
            (
                [name, *(figure(suite, model, at, found.get((model, at))) for at in columns)]
                for model, name in named.items()
            ),
        )
        for columns in (*groups, *([rest] if rest else []))
    )


def shares(columns: Sequence[Place]) -> str:
    """Which of the columns are shares."""
    named = [place.task for place in columns if form(place).unit == "percent"]
    return "shares in percent" if len(named) == len(columns) else f"{' and '.join(named)} in percent"


def headed(suite: Suite, place: Place) -> str:
    """A column's length, and in round brackets the paper's, which its figures below are of."""
    paper = paper_length(suite, place)
    return counted(place) if paper is None else f"{counted(place)} ({paper // 1024}K)"


def what(place: Place) -> str:
    """A task, and what its numbers are."""
    return (
        f"{place.task}, in percent" if form(place).unit == "percent" else f"{place.task}, {form(place).unit}"
    )


def compared(suite: Suite, given: Sequence[Direction]) -> str:
    """Which differences of the paper are found here too."""
    titles = {entry.name: entry.title for entry in suite.entries}
    rows = [
        [
            f"{titles[one.better]} over {titles[one.worse]}",
            titled(one.place),
            one.verdict,
            points(one, one.paper),
            points(one, one.ours.mean) + (f" ({ends(one)})" if one.ours.known else ""),
        ]
        for one in given
    ]
    heads = [
        "difference",
        "where",
        "direction",
        "published",
        "ours (what is left open)",
    ]
    return table(
        "Whether a published difference is found here too, in the unit of the figures above",
        heads,
        rows,
        words=3,
    )


def ends(one: Direction) -> str:
    """Between which differences ours may lie."""
    return f"{points(one, one.ours.low)} to {points(one, one.ours.high)}"


def points(one: Direction, number: float | None) -> str:
    """A difference in the unit of its place; the paper's, where it has a curve alone, is above nought."""
    scale, digits, _ = form(one.place)
    return "above" if number is None else f"{scale * number:+z{digits}}".replace("-", "−")
