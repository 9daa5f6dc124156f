"""The exhibit "variants": masks under one playhead, how far a word is felt, and what memory hands over."""

from __future__ import annotations

import html
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from app import comparing, models
from app.charts.drawn import draw_chart
from app.components.compare import compare_view
from app.exhibits.curves import DASHED, DOTTED, SOLID, Axis, Look, curves, rows
from app.exhibits.mask import picture
from app.exhibits.svg import image
from app.exhibits.wide import wide
from app.palette import palette, theme
from lessons import words
from lessons.exhibits.variants import COLOURS, STARTS, STRIPS, TEXT, VARIANTS, Felt, Shown, Variants, sight

STYLE = Path(__file__).resolve().parent / "variants.css"
KINDS = ("attended", "retrieved", "remembered")  # of what is seen, each with a colour

say = words("variants")
state = st.session_state
PLACES = 96  # that a mask shows: three segments
FIRST = 20  # where the playhead stands at first: in the first segment
FAINTEST = 1e-6  # of the share that moves: what is less is drawn as faint, what is nothing not at all
QUESTION = "Where is the red key?"


def draw(exhibit: Shown, found: Variants, view: str, key: str) -> tuple[str, ...]:
    """Show a view; in "masks" the playhead is to be moved over a segment's border."""
    if view == "masks":
        return masks(found, key)
    if view == "strips":
        moved_word(found, key, {say("strip", letter=letter): name for letter, name in STRIPS.items()})
    elif view == "reach":
        moved_word(found, key, {name.upper(): name for name in VARIANTS}, asks_writing=True)
    elif view == "retrieval":
        draw_chart(retrieval(found), say("retrieval"))
    else:
        with wide(key):
            compare_view(message())
    return ()


def masks(found: Variants, key: str) -> tuple[str, ...]:
    """The three masks and one playhead; "crossed" once it has stood in two segments."""
    window = found.configs["mac"].window
    place = st.slider(say("place"), 0, PLACES - 1, FIRST, key=f"{key}-place")
    visited: set[int] = state.setdefault(f"{key}-segments", set())
    visited.add(place // window)
    st.html(STYLE)
    with wide(key):
        pictures = "".join(panel(found, name, place) for name in VARIANTS)
        keys = "".join(f"<span class='{kind}'>{html.escape(say(f'key_{kind}'))}</span>" for kind in KINDS)
        st.html(f"<div class='masks'>{pictures}</div><p class='mask-keys'>{keys}</p>")
    return ("crossed",) if len(visited) > 1 else ()


def panel(found: Variants, name: str, place: int) -> str:
    """One variant's mask, and in words what the token under the playhead sees."""
    config = found.configs[name]
    seen = sight(config, place)
    told = f"{name}_sees_none" if name == "mac" and not seen.remembered else f"{name}_sees"
    caption = say(
        told,
        place=place,
        persistent=config.persistent,
        retrieved=len(seen.retrieved),
        attended=len(seen.attended),
        remembered=seen.remembered.stop - 1,
    )
    return (
        f"<figure class='mask-{name}'><figcaption><b>{html.escape(say(name))}</b></figcaption>"
        f"{image(picture(config, place, PLACES, say), say(name))}<p>{html.escape(caption)}</p></figure>"
    )


def moved_word(found: Variants, key: str, named: dict[str, str], asks_writing: bool = False) -> None:
    """How far a word is felt, the word standing where the learner puts it."""
    places = {start: found.silent["mac"][start].place for start in STARTS}
    start = st.segmented_control(
        say("left_out"), STARTS, default=STARTS[0], required=True,
        format_func=lambda start: say("at", place=places[start]), key=f"{key}-start",
    )  # fmt: skip
    writing = asks_writing and st.toggle(say("writing"), key=f"{key}-writing")
    felt = {
        title: found.writing[name][start] if writing else found.silent[name][start]
        for title, name in named.items()
    }
    window = found.configs["mac"].window
    draw_chart(strips(felt, window), say("strips"))


def strips(felt: dict[str, Felt], window: int) -> alt.LayerChart:
    """One strip a variant, by place in the text, the darker the more of the probability moves; the segments'
    borders across all."""
    colours = palette(theme())
    table = pd.DataFrame(
        {"name": name, "place": one.place + n, "moved": moved, "ink": max(moved, FAINTEST)}
        for name, one in felt.items()
        for n, moved in enumerate(one.moved)
        if moved > 0
    )
    end = max(one.place + len(one.moved) for one in felt.values())
    across = alt.Scale(domain=[0, end], nice=False)
    cells = (
        alt.Chart(table, height=alt.Step(46))
        .transform_calculate(next="datum.place + 1")
        .mark_rect()
        .encode(
            x=alt.X(
                "place:Q", title=say("felt"), scale=across, axis=alt.Axis(values=[*range(0, end, window)])
            ),
            x2="next:Q",
            y=alt.Y("name:N", title=None, sort=list(felt), axis=alt.Axis(domain=False, ticks=False)),
            color=alt.Color(
                "ink:Q",
                title=say("moved"),
                scale=alt.Scale(
                    type="log",
                    domain=[FAINTEST, 1],
                    range=[mixed(colours["surprise"], colours["zero"], 0.25), colours["surprise"]],
                ),
                legend=alt.Legend(
                    orient="top",
                    values=[1e-6, 1e-4, 1e-2, 1],
                    format="~%",
                    gradientLength=200,
                    titleLimit=400,
                ),
            ),
            tooltip=["name:N", "place:Q", alt.Tooltip("moved:Q", format=".1e")],
        )
    )
    borders = pd.DataFrame({"place": np.arange(window, end, window)})
    rules = alt.Chart(borders).mark_rule(color=colours["ink"], strokeDash=[3, 3], opacity=0.7)
    return cells + rules.encode(x=alt.X("place:Q", scale=across))


def mixed(colour: str, ground: str, share: float) -> str:
    """So much of a colour on a ground."""
    pairs = zip(*(bytes.fromhex(part[1:]) for part in (colour, ground)), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def retrieval(found: Variants) -> alt.LayerChart:
    """What memory hands over at every place; the segments' borders across."""
    window = found.configs["mac"].window
    series = {
        name.upper(): [(n, float(norm)) for n, norm in enumerate(norms[: 3 * window], 1)]
        for name, norms in found.retrieval.items()
    }
    strokes = zip(series, ("retrieval", "surprise", "ink"), (SOLID, DASHED, DOTTED), strict=True)
    chart = curves(
        rows(series, "place", "norm"),
        Axis("place", say("felt"), ".0f"),
        Axis("norm", say("retrieval_axis"), ".0f"),
        [Look(*one) for one in strokes],
    )
    borders = alt.Chart(pd.DataFrame({"place": [window, 2 * window]}))
    return chart + borders.mark_rule(color=palette(theme())["ink"], strokeDash=[3, 3]).encode(x="place:Q")


@st.cache_resource(show_spinner=False, max_entries=1)
def message() -> bytes:
    """The three side by side, with an answer each."""
    chosen = [models.load(name) for name in VARIANTS]
    return comparing.compare(chosen, TEXT.format(colour=COLOURS[0]), QUESTION).message
