"""The paper's tables at our scale: what was measured, how sure it is, and beside it the paper's figures."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from app.appendix.tables import table
from app.exhibits.curves import Axis, curves
from app.family.looks import looks
from titans_core.tables import SUITES, Suite, path_of, read_results
from titans_core.tables.paper import NIAH, NIAH_TIMES
from titans_core.tables.run import Result
from titans_core.tables.summary import Direction, Place, Score, ablation_directions, niah_directions, scores
from titans_core.tables.words import figure, made, titled

Found = dict[tuple[str, Place], Score]
COLUMNS = 3  # charts beside each other
DIRECTIONS = {"niah": niah_directions, "ablation": ablation_directions}
ABOUT = {
    "niah": "One fact in a text, asked at its end: a passkey in repeated sentences, a number and a made-up "
    "word in mixed prose. Trained on at most 512 tokens, asked at one to eight times that.",
    "ablation": "The same model without one of its parts, trained anew: perplexity on stories, eight facts "
    "asked at 512 tokens, and at 4,096.",
    "depth": "Memories of one matrix and of deeper networks: eight facts at one to eight times the length of "
    "training, and how many tokens a second are read.",
    "babilong": "Where somebody is, where something is, and where it was before: one, two or three sentences "
    "decide it, hidden among others and filler, in up to eight times the length of training.",
    "mqar": "Pairs of words, then all of their first words in another order: how many pairs a memory holds.",
}
PAPERS = {
    "niah": "the paper’s table 2, at 2K to 16K tokens; its models are trained at 4K, ours at 512",
    "ablation": "the paper’s table 5; its whole memory is a deep one",
}


def every() -> None:
    """All tables that were made, and the commands that make the others."""
    absent = []
    for suite in SUITES.values():
        command = f"python -m titans_core evaluate --suite {suite.name}"
        try:
            results = read_results(path_of(suite.name))
        except ValueError as problem:
            st.warning(f"This table cannot be read: {problem}. Make it anew with `{command}`.")
            continue
        if results:
            draw(suite, results)
        else:
            absent.append(f"*{suite.title}*, after {suite.repeats}: `{command}`")
    if absent:
        st.caption(
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
    if suite.name in DIRECTIONS:
        st.html(compared(suite, DIRECTIONS[suite.name](results)))
    st.caption(made(suite, results))


# ------------------------------------------------------------------------------------------------ charts


def charts(suite: Suite, found: Found) -> None:
    """A chart for each task that is asked at several lengths."""
    tasks = {task: [n for t, n in places(found) if t == task] for task, _ in places(found)}
    drawn = [task for task, lengths in tasks.items() if len(lengths) > 1]
    if not drawn:
        return
    for column, task in zip(st.columns(COLUMNS, gap="medium"), drawn[:COLUMNS], strict=False):
        with column:
            st.markdown(f"**{task}**")
            st.altair_chart(by_length(suite, found, task), width="stretch")
            if suite.name == "niah":
                st.caption(f"{task}: {PAPERS['niah']}")
                st.altair_chart(papers(suite, task), width="stretch")


def by_length(suite: Suite, found: Found, task: str) -> alt.LayerChart:
    """Share of right answers over the text's length, with a bar as long as what is unsure."""
    named = looks(suite)
    table = pd.DataFrame(
        {
            "name": named[model].name,
            "length": n,
            "right": one.mean,
            "low": max(one.mean - one.margin, 0.0),
            "high": min(one.mean + one.margin, 1.0),
        }
        for (model, (where, n)), one in found.items()
        if where == task
    )
    x, y = Axis("length", "tokens", ",d", ordered=True), Axis("right", "right answers", ".0%", scale=UNIT)
    shown = [look for model, look in named.items() if look.name in set(table["name"])]
    bars = (
        alt.Chart(table)
        .mark_rule(aria=False)
        .encode(x="length:O", y="low:Q", y2="high:Q", color=alt.Color("name:N", legend=None))
    )
    return curves(table, x, y, shown) + bars


UNIT = alt.Scale(domain=[0, 1])


def papers(suite: Suite, task: str) -> alt.LayerChart:
    """The paper's own, in the same looks."""
    named = looks(suite)
    table = pd.DataFrame(
        {"name": named[model].name, "length": 2048 * times, "right": percent / 100}
        for model, told in NIAH.items()
        for times, percent in zip(NIAH_TIMES, told[task], strict=True)
    )
    x, y = (
        Axis("length", "tokens", ",d", ordered=True),
        Axis("right", "right answers", ".0%", scale=UNIT),
    )
    return curves(table, x, y, [look for model, look in named.items() if model in NIAH])


# ----------------------------------------------------------------------------------------------- figures


def places(found: Found) -> list[Place]:
    """The table's columns, in the order they were measured."""
    return list(dict.fromkeys(place for _, place in found))


def figures(suite: Suite, found: Found) -> str:
    """All of it in numbers, one model a row: a table for each task that is asked at several lengths, and one
    for all others."""
    tasks = {task: [place for place in places(found) if place[0] == task] for task, _ in places(found)}
    groups = [columns for columns in tasks.values() if len(columns) > 1]
    rest = [columns[0] for columns in tasks.values() if len(columns) == 1]
    measured = [entry for entry in suite.entries if any(model == entry.name for model, _ in found)]
    told = f"; in brackets {PAPERS[suite.name]}" if suite.name in PAPERS else ""
    return "".join(
        table(
            f"{suite.title}, {'all in percent' if columns is rest else columns[0][0] + ', in percent'}{told}",
            ["", *(titled(place) if columns is rest else f"{place[1]:,} tokens" for place in columns)],
            (
                [entry.title, *(figure(suite, entry.name, at, found.get((entry.name, at))) for at in columns)]
                for entry in measured
            ),
        )
        for columns in (*groups, *([rest] if rest else []))
    )


def compared(suite: Suite, directions: Sequence[Direction]) -> str:
    """Which differences of the paper are found here too."""
    titles = {entry.name: entry.title for entry in suite.entries}
    rows = [
        [
            f"{titles[one.better]} over {titles[one.worse]}",
            titled(one.place),
            one.verdict,
            f"{100 * one.paper:+.1f}",
            f"{100 * one.ours:+.0f} ± {100 * one.margin:.0f}",
        ]
        for one in directions
    ]
    heads = ["difference", "where", "direction", "paper, points", "ours, points"]
    return table("Whether a difference goes the way that it goes in the paper", heads, rows, words=3)
