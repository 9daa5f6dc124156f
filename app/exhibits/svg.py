"""Pictures drawn by hand, as images: the page takes no SVG in its text."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Mapping


def image(svg: str, told: str) -> str:
    """An SVG as an image of HTML; ``told`` is what it shows, in words."""
    return (
        f"<img alt='{html.escape(told)}' src='data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}'>"
    )


def style(rules: Mapping[str, Mapping[str, str]]) -> str:
    """A style sheet within an SVG: what each selector says."""
    sheet = "".join(
        f"{selector}{{{';'.join(f'{name}:{value}' for name, value in values.items())}}}"
        for selector, values in rules.items()
    )
    return f"<style>{sheet}</style>"
