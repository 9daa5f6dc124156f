"""What a graphics card measured: everything at one size, then cost against length."""

from __future__ import annotations

from typing import Any

import altair as alt
import streamlit as st

from app.appendix.tables import measured, say, table
from app.charts.drawn import draw_chart
from app.exhibits.curves import DASHED, DOTTED, SOLID, Axis, Look, curves, rows
from kernels.gpu.fingerprint import fingerprint

Row = dict[str, Any]
LOOKS = (("retrieval", SOLID), ("theta", DASHED), ("nll", DOTTED), ("momentum", SOLID), ("eta", DASHED))
CONTESTS = {  # what a whole run times beside our kernels, and how its rows are known
    "peer": lambda row: "error" in row,
    "compile": lambda row: "compile" in row["name"],
    "deep": lambda row: "deep" in row["name"],
    "token": lambda row: "one token" in row["name"],
}


def draw() -> None:
    """All that benchmarks/results/gpu.json has."""
    result = measured("gpu", "python -m benchmarks.gpu")
    if result is None:
        return
    timed = [row for row in result["rows"] if "median_ms" in row]
    st.caption(card(result))
    if result.get("kernels") != fingerprint():
        st.caption(say("changed_gpu"))
    if timed:
        at_sizes(result["rows"])
        one_token([row for row in timed if row["size"]["tokens"] == 1])
        by_length([row for row in timed if row["size"]["batch"] == 1 and row["size"]["tokens"] > 1])
    absent = [say(f"absent_row_{name}") for name, is_one in CONTESTS.items() if not any(map(is_one, timed))]
    if absent:
        st.caption(say("absent", names=", ".join(absent)))


def at_sizes(results: list[Row]) -> None:
    """A table a size of several sequences: the long one, where peers are, and that of the slow."""
    found = [
        row["size"] for row in results if "size" in row and row["size"]["batch"] > 1 < row["size"]["tokens"]
    ]
    for main in {tuple(one.items()): one for one in found}.values():
        lines = [row for row in results if row.get("size") == main]
        st.html(table(size(lines), [say("what"), say("replayed"), say("started")], map(cells, lines)))


def card(result: dict[str, Any]) -> str:
    """The card and the day."""
    facts, packages = result["card"]["after"], result["machine"]["packages"]
    return say(
        "where_gpu",
        card=facts["name"],
        driver=facts["driver_version"],
        torch=packages["torch"],
        triton=packages["triton"],
        date=result["machine"]["date"][:10],
    )


def size(lines: list[Row]) -> str:
    """What was measured, all of one size, in words."""
    told = "sizes_deep" if any(map(CONTESTS["deep"], lines)) else "sizes"
    return say(told, **{name: f"{count:,}" for name, count in lines[0]["size"].items()})


def cells(row: Row) -> list[str]:
    """A row: its name, replayed as a graph, and started from Python."""
    if "median_ms" not in row:
        return [row["name"], say("wrong", error=f"{row['error']:.1e}"), "–"]
    return [
        row["name"],
        f"{row['median_ms']:.3f}" if row["recorded"] else "–",
        f"{row['started_ms']:.3f}",
    ]


def one_token(timed: list[Row]) -> None:
    """What the next token of a stream costs, and of a class of them."""
    if timed:
        lines = [[say("streams", count=row["size"]["batch"]), *cells(row)[1:]] for row in timed]
        st.html(table(say("one_token"), [say("what"), say("replayed"), say("started")], lines))


def by_length(timed: list[Row]) -> None:
    """Cost against length, both axes logarithmic, and the same as a table."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in timed:
        series.setdefault(row["name"], []).append((row["size"]["tokens"], row["median_ms"]))
    if not series:
        return
    short = {name.removeprefix("ours, "): points for name, points in series.items()}
    log = alt.Scale(type="log", nice=False)
    draw_chart(
        curves(
            rows(short, "tokens", "ms"),
            Axis("tokens", say("tokens"), "~s", scale=log),
            Axis("ms", say("milliseconds"), "~g", scale=log),
            [Look(name, *LOOKS[n % len(LOOKS)]) for n, name in enumerate(short)],
        ).configure_axis(grid=False),
        say("by_length"),
    )
    lengths = sorted({at for points in series.values() for at, _ in points})
    st.html(
        table(
            f"{say('by_length')}, {say('milliseconds')}",
            [say("what"), *(f"{length:,}" for length in lengths)],
            (
                [name, *(f"{found[at]:.3f}" if at in found else "–" for at in lengths)]
                for name, found in ((name, dict(points)) for name, points in series.items())
            ),
        )
    )
