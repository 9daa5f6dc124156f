"""The entry of the app: `streamlit run app/main.py`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # Streamlit puts this folder on the path, not the project's
    sys.path.insert(0, str(HERE.parent))

import streamlit as st  # noqa: E402

from app.components.typing import mend_typing  # noqa: E402

PAGES = {"stream": "Stream", "lessons": "Lessons"}

st.set_page_config("Titans Lab", layout="wide")
st.html(HERE / "style.css")
st.logo(HERE / "wordmark.svg", size="large")
mend_typing()
# A folder called "pages" here would be served by Streamlit itself: a first visit to /lessons would then never
# come by this file.
pages = [
    st.Page(HERE / "views" / f"{name}.py", title=title, url_path=name, default=name == "stream")
    for name, title in PAGES.items()
]
st.navigation(pages, position="top").run()
