"""Two kinds of bars beside, or upon, one another: told apart by colour, and by an outline for whoever sees no
colours."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from app.palette import palette, theme


def paired(kinds: Sequence[str], colours: Sequence[str], columns: int | None = None) -> dict[str, object]:
    """The encodings of the column "kind": of the two colours of the palette the second has an outline."""
    inks, named = palette(theme()), list(kinds)
    look = alt.Legend(orient="top", title=None, labelLimit=300, columns=columns or alt.Undefined)
    fills = alt.Scale(domain=named, range=[inks[colour] for colour in colours])
    outlines = alt.Scale(domain=named, range=["transparent", inks["ink"]])
    return {
        "color": alt.Color("kind:N", scale=fills, legend=look),
        "stroke": alt.Stroke("kind:N", scale=outlines, legend=look),
    }
