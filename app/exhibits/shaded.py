"""A text, each token shaded by what a gate did at it."""

from __future__ import annotations

import html
from collections.abc import Sequence

from app.palette import palette, theme

DEPTH = {"light": 62, "dark": 44}  # percent of the colour at the most: ink can still be read on it


def shaded(tokens: Sequence[str], shares: Sequence[float], colour: str, now: int | None = None) -> str:
    """The text as HTML, shaded in a colour of the palette; ``shares`` lie between 0 and 1, and the token
    ``now`` is framed."""
    ink, most = palette(theme())[colour], DEPTH[theme()]
    parts = []
    for place, (token, share) in enumerate(zip(tokens, shares, strict=True)):
        word = token.lstrip()
        gap = html.escape(token[: len(token) - len(word)]).replace("\n", "<br>")
        mark = ' class="now"' if place == now else ""
        depth = most * min(1.0, max(0.0, share))
        style = f"background:color-mix(in srgb, {ink} {depth:.0f}%, transparent)"
        parts.append(f'{gap}<span{mark} style="{style}">{html.escape(word)}</span>' if word else gap)
    return f'<p class="lesson-text shaded">{"".join(parts)}</p>'
