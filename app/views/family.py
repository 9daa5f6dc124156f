"""Family: relatives of Titans on one playhead, the switches that make them, and the paper's tables."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import models
from app.family import switches, tables
from app.heading import heading
from app.side_by_side import side_by_side

APP = Path(__file__).resolve().parent.parent
NAME = "Family"
ABOUT = "Relatives of Titans are switches of one rule: the same data, the same budget, another memory."
PARTS = ("One playhead", "Switches", "Tables")

for sheet in (APP / "appendix" / "appendix.css", APP / "family" / "family.css"):
    st.html(sheet)
link = heading(NAME, ABOUT)
part = st.segmented_control(
    "What is shown",
    PARTS,
    default=PARTS[0],
    required=True,
    key="family",
    bind="query-params",
    label_visibility="collapsed",
)
if part == "Switches":
    st.html(switches.cards())
elif part == "Tables":
    tables.every()
elif names := models.relatives():
    side_by_side(NAME, link, names, "relatives", names)
else:
    st.warning("No model of the family is here yet. Run `make family`, then load this page again.")
