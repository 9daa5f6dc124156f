"""The exhibit "needle": a fact that is dragged through a haystack, and a map of what is known of crowds."""

from __future__ import annotations

import html
from collections.abc import Iterator

import altair as alt
import streamlit as st

from app import models, work
from app.charts.drawn import draw_chart
from app.exhibits.cells import Side, cells
from app.exhibits.curves import DASHED, DOTTED, SOLID, Axis, Look, curves, rows
from app.exhibits.wide import wide
from lessons import words
from lessons.exhibits import needle
from lessons.exhibits.needle import AFTER, CROWDS, FAR, SEEDS, SOON, SURE, Asked, Searched, Shown

Map = dict[int, dict[int, float]]  # the share of right answers by crowd and distance

say = words("needle")
state = st.session_state
BEFORE = (0, 128, 256, 512, 1024, 2048)  # tokens of haystack before the fact
AFTERS = AFTER[3:10]  # tokens of it after the fact: what five models read while one waits
MAPPED = (SOON, 128, 512, FAR)  # tokens after the crowd where a map asks
PAGE = "Lessons"  # whose work a map is
FIRST = 256  # tokens after it, at first
LOOKS = (  # one a model, the one without memory first
    ("nll", DOTTED),
    ("ink", SOLID),
    ("retrieval", SOLID),
    ("surprise", DASHED),
    ("alpha", DASHED),
)


def draw(exhibit: Shown, found: Searched, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "search" the fact is to be dragged, in "map" a map is to be run."""
    if view == "search":
        return search(exhibit, key)
    if view == "map":
        return run_map(exhibit, key)
    by_model, across, told = (
        (found.lone, say("lone"), say("lone_alt"))
        if view == "lone"
        else (found.crowd, say("crowd"), say("crowd_alt"))
    )
    draw_chart(shares(by_model, across), told)
    return ()


def shares(by_model: dict[str, dict[int, float]], across: str) -> alt.LayerChart:
    """The share of right answers, one curve a model."""
    series = {
        models.title(name): [(at, 100 * right) for at, right in found.items()]
        for name, found in by_model.items()
    }
    looks = [Look(name, *look) for name, look in zip(series, LOOKS, strict=False)]
    height = Axis("right", say("right"), ".0f", scale=alt.Scale(domain=[0, 100]))
    return curves(rows(series, "at", "right"), Axis("at", across, ",.0f", ordered=True), height, looks)


def search(exhibit: Shown, key: str) -> tuple[str, ...]:
    """Drag the fact, and ask; "dragged" once it was looked for in two places, FAR tokens later."""
    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    before = left.select_slider(say("before"), BEFORE, BEFORE[2], format_func=number, key=f"{key}-before")
    after = right.select_slider(say("after"), AFTERS, FIRST, format_func=number, key=f"{key}-after")
    seed = st.segmented_control(
        say("seed"),
        range(SEEDS),
        default=0,
        required=True,
        format_func=lambda n: str(n + 1),
        key=f"{key}-seed",
    )
    told = needle.hide(before, after, seed=seed)
    total, facts = len(told.ids), told.end - told.start
    where = f"left:{100 * told.start / total:.2f}%;width:{100 * facts / total:.2f}%"
    place = say(
        "told", words=told.words.strip(), start=number(told.start + 1), end=number(told.end),
        total=number(total),
    )  # fmt: skip
    with wide(key):
        st.html(
            f"<div class='hay'><div class='line' aria-hidden='true'><b style='{where}'></b></div>"
            f"<p class='where'>{html.escape(place)}</p></div>"
        )
        found = {name: searched(name, before, after, seed) for name in exhibit.models}
        st.html(table(found))
    seen: set[int] = state.setdefault(f"{key}-seen", set())
    if after >= FAR:
        seen.add(before)
    return ("dragged",) if len(seen) > 1 else ()


def number(n: int) -> str:
    """A whole number as it is read."""
    return f"{n:,}"


@st.cache_resource(show_spinner=False, max_entries=128)
def searched(model: str, before: int, after: int, seed: int) -> tuple[Asked, ...]:
    """What a model knows of the fact, computed once."""
    return needle.search(models.load(model), needle.hide(before, after, seed=seed))


def table(found: dict[str, tuple[Asked, ...]]) -> str:
    """One row a model, one column a distance."""
    distances = [asked.after for asked in next(iter(found.values()))]
    head = "".join(f"<th scope='col'>{distance:,}</th>" for distance in distances)
    body = "".join(
        f"<tr><th scope='row'>{html.escape(models.title(name))}</th>{''.join(map(cell, asked))}</tr>"
        for name, asked in found.items()
    )
    return (
        f"<div class='needle' role='region' aria-label='{html.escape(say('region'))}' tabindex='0'>"
        f"<table><caption><span>{html.escape(say('caption'))}</span></caption>"
        f"<thead><tr><th scope='col'>{html.escape(say('since'))}</th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def cell(asked: Asked) -> str:
    """The probability of the right answer, and whether it has no rival."""
    chance = asked.chances[0]
    kind, mark = ("right", "✓") if chance > SURE else ("wrong", "✗")
    style = f"--share:{chance:.3f};min-width:4.6rem;white-space:nowrap"
    return f"<td style='{style}' class='{kind}'><b>{mark} {100 * chance:.0f}\u00a0%</b></td>"


def run_map(exhibit: Shown, key: str) -> tuple[str, ...]:
    """How many facts a model knows, and how long; "mapped" once two models' maps are there to compare."""
    remembering = [name for name in exhibit.models if name != "attention"]
    name = st.pills(
        say("model"), remembering, default=remembering[0], required=True,
        format_func=models.title, key=f"{key}-model",
    )  # fmt: skip
    asked = state.setdefault(f"{key}-asked", [])
    if st.button(say("run"), type="primary", key=f"{key}-run"):
        asked += [name] * (name not in asked)
        work.again(PAGE)
    if name in asked and (shares := crowded(name)):
        draw_chart(crowd_map(shares), say("map_alt"))
    return ("mapped",) if sum(each in maps() for each in asked) > 1 else ()


def crowded(model: str) -> Map:
    """The map of a model as far as it is, computed once for all; while it is, how far that has come."""
    if model in maps():
        return maps()[model]
    job = work.current(PAGE, ("map", model), lambda: stages(model))
    job.check()
    if not job.running and not job.stopped and job.value:
        maps()[model] = job.value
    work.progress(job, say("run"))
    return job.shown or {}


@st.cache_resource(show_spinner=False)
def maps() -> dict[str, Map]:
    """The maps that are complete."""
    return {}


def stages(model: str) -> Iterator[work.Step[Map]]:
    """A map, row by row."""
    read, total = 0, sum(needle.tokens(needle.haystacks(facts, MAPPED)) for facts in CROWDS)
    found: Map = {}
    for row in needle.rows(models.load(model), MAPPED):
        read, found = read + row.tokens, found | {row.facts: row.shares}
        yield work.Step(read, total, found, True)


def crowd_map(shares: Map) -> alt.LayerChart:
    """One cell a size of the crowd and a distance, its share of right answers in it."""
    return cells(shares, Side("after", say("lone")), Side("facts", say("crowd")), say("right"), CROWDS)
