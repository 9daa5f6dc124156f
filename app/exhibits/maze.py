"""A T-maze as a picture: the sign at the entrance, the corridor, and how a model turns at the junction."""

from __future__ import annotations

import html

from app.exhibits.svg import style
from app.palette import palette, theme
from lessons import Words
from lessons.exhibits.decisions import Choice, Maze
from titans_core.tasks.words import WAYS

WIDTH, HEIGHT, WALL = 360, 196, 26  # units; the corridor is as wide as WALL
MIDDLE, ARM = WIDTH / 2, 62  # where the corridor lies, and how far down the arms do


def picture(place: Maze, tokens: int, choice: Choice, wiped: bool, say: Words) -> str:
    """An SVG: the arms as full as the model is sure of them; and how sure with its memory ``wiped``."""
    floor = (
        f"M{MIDDLE - WALL / 2} {HEIGHT - 34}V{ARM + WALL}H14V{ARM}H{WIDTH - 14}V{ARM + WALL}"
        f"H{MIDDLE + WALL / 2}V{HEIGHT - 34}Z"
    )
    parts = [f"<path class='floor' d='{floor}'/>"]
    for way in WAYS:
        right = way == place.way
        kept, bare = (one if right else 1 - one for one in choice)
        parts += arm(way, kept, bare if wiped else None, say)
    between = say("between", tokens=f"{tokens:,}")
    parts += [
        text(MIDDLE, HEIGHT - 18, say("entrance", sign=place.sign), "said"),
        text(MIDDLE + WALL / 2 + 6, (HEIGHT + ARM) / 2 + 8, between, "note start"),
        text(MIDDLE, 14, say("asked", question=place.question), "said"),
    ]
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}'>"
    return f"{head}{style(rules())}{''.join(parts)}</svg>"


def arm(way: str, kept: float, wiped: float | None, say: Words) -> list[str]:
    """One arm: filled from the junction on by the probability of turning there, and both in numbers."""
    side = -1 if way == WAYS[0] else 1
    length = MIDDLE - 14 - WALL / 2
    begin = MIDDLE + side * WALL / 2
    end = begin + side * length * kept
    middle = begin + side * length / 2
    shown = [
        f"<rect class='turn' x='{min(begin, end):.1f}' y='{ARM + 3}' width='{abs(end - begin):.1f}' "
        f"height='{WALL - 6}'/>",
        text(middle, ARM - 22, f"{say(way)}", "way"),
        text(middle, ARM - 8, f"{say('kept')} {100 * kept:.0f} %", "note"),
    ]
    if wiped is not None:
        shown.append(text(middle, ARM + WALL + 13, f"{say('wiped')} {100 * wiped:.0f} %", "note soft"))
    return shown


def text(x: float, y: float, told: str, kind: str) -> str:
    """Words, in the middle of a place."""
    return f"<text class='{kind}' x='{x:g}' y='{y:g}'>{html.escape(told)}</text>"


def rules() -> dict[str, dict[str, str]]:
    """Colours and letters."""
    colours = palette(theme())
    serif = "Charter, Georgia, 'Liberation Serif', serif"
    return {
        "text": {"font": "10px system-ui, sans-serif", "fill": colours["ink"], "text-anchor": "middle"},
        ".said": {"font": f"12px {serif}"},
        ".way": {"font": f"600 12px {serif}"},
        ".start": {"text-anchor": "start"},
        ".soft": {"fill": colours["soft"]},
        ".floor": {"fill": colours["zero"], "stroke": colours["ink"], "stroke-width": "1.2"},
        ".turn": {"fill": colours["retrieval"]},
    }
