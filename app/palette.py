"""The colours of what is drawn, as the browser components have them: each quantity has one, everywhere."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import streamlit as st

CSS = Path(__file__).resolve().parent / "components" / "common" / "common.css"


def theme() -> str:
    """The theme that is on: light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


@cache
def palette(theme: str) -> dict[str, str]:
    """Every named colour of the theme: ink, soft, rule, the quantities', negative, zero, positive."""
    light, dark = re.findall(
        r"^\.lab(?:\[data-theme=\"dark\"\])? \{(.*?)^\}", CSS.read_text("utf-8"), re.M | re.S
    )
    named = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return named | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark)) if theme == "dark" else named
