"""What attention sees, as a picture: one row a token, one column what it may see, one row under the
playhead."""

from __future__ import annotations

import html

from app.exhibits.svg import style
from app.palette import palette, theme
from lessons import Words
from lessons.exhibits.variants import sight
from titans_core.config import ModelConfig

PART, GAP, SIDE = 5, 4, 96  # units: a persistent token's width, what stands between parts, a part's side
TOP = 16  # for the names of the columns, in two rows: the first column is narrower than its name
PALE = {"attended": "0.4", "retrieved": "0.45", "remembered": "0.16"}


def picture(config: ModelConfig, place: int, places: int, say: Words) -> str:
    """An SVG of the mask of ``places`` tokens, the one at ``place`` marked."""
    unit = SIDE / places
    persistent = PART * config.persistent if sight(config, 0).persistent else 0
    left = persistent + GAP if persistent else 0.0
    middle = left + SIDE + GAP if config.variant == "mac" else left
    parts = [column(say("tokens"), middle, SIDE)]
    if persistent:
        parts += [column(say("persistent"), 0, persistent, row=1), bar("attended", 0, 0, persistent, SIDE)]
    if config.variant == "mac":
        parts.append(column(say("retrieved"), left, SIDE))
    for row in range(places):
        seen, y = sight(config, row), row * unit
        shown = "now" if row == place else ""
        beyond = range(min(seen.remembered.stop, seen.attended.start))
        for kind, run, x in (
            ("remembered", beyond, middle),
            ("retrieved", seen.retrieved, left),
            ("attended", seen.attended, middle),
        ):
            if run:
                parts.append(bar(f"{kind} {shown}", x + run.start * unit, y, len(run) * unit, unit))
    width, y = middle + SIDE, place * unit
    parts.append(f"<path class='playhead' d='M0 {y:.2f}H{width}M0 {y + unit:.2f}H{width}'/>")
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 {-TOP} {width} {SIDE + TOP}'>"
    return f"{head}{style(rules())}{''.join(parts)}</svg>"


def rules() -> dict[str, dict[str, str]]:
    """The colours: full under the playhead, pale elsewhere."""
    colours = palette(theme())
    kinds = {"attended": "ink", "retrieved": "retrieval", "remembered": "alpha"}
    pale = {f".{kind}": {"fill": colours[name], "opacity": PALE[kind]} for kind, name in kinds.items()}
    return pale | {
        "rect": {"shape-rendering": "crispEdges"},
        ".now": {"opacity": "1"},
        ".frame": {"fill": colours["zero"], "stroke": colours["rule"], "stroke-width": "0.3"},
        ".playhead": {"stroke": colours["ink"], "stroke-width": "0.25", "fill": "none"},
        "text": {"font": "6px system-ui, sans-serif", "fill": colours["soft"]},
    }


def column(name: str, x: float, width: float, row: int = 0) -> str:
    """A part's name, in a row above it, and its frame."""
    return (
        f"<text x='{x:g}' y='{-3 - 7 * row}'>{html.escape(name)}</text>"
        f"<rect class='frame' x='{x:g}' y='0' width='{width:g}' height='{SIDE}'/>"
    )


def bar(kind: str, x: float, y: float, width: float, height: float) -> str:
    """A run of tokens that are seen alike."""
    return f"<rect class='{kind.strip()}' x='{x:.2f}' y='{y:.2f}' width='{width:.2f}' height='{height:.2f}'/>"
