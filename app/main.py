"""The entry of the app: `streamlit run app/main.py`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Reading is many small products: a second thread costs more than it brings, and one that waits must not spin.
# PyTorch asks for both once, when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # Streamlit puts this folder on the path, not the project's
    sys.path.insert(0, str(HERE.parent))

import streamlit as st  # noqa: E402

from app import work  # noqa: E402
from app.components.typing import mend_typing  # noqa: E402

st.set_page_config("Titans Lab", layout="wide")
st.html(HERE / "style.css")
st.logo(HERE / "wordmark.svg", size="large")
mend_typing()
# A folder called "pages" here would be served by Streamlit itself: a first visit to /lessons would then never
# come by this file.
stream = st.Page(HERE / "views" / "stream.py", title="Stream", url_path="", default=True)
compare = st.Page(HERE / "views" / "compare.py", title="Compare", url_path="compare")
intervene = st.Page(HERE / "views" / "intervene.py", title="Intervene", url_path="intervene")
needle = st.Page(HERE / "views" / "needle.py", title="Needle", url_path="needle")
weights = st.Page(HERE / "views" / "weights.py", title="Weights", url_path="weights")
lessons = st.Page(HERE / "views" / "lessons.py", title="Lessons", url_path="lessons")
# The default page has the bare address alone; its name should lead there as well.
by_name = st.Page(lambda: st.switch_page(stream), title="Stream", url_path="stream", visibility="hidden")
page = st.navigation([stream, compare, intervene, needle, weights, lessons, by_name], position="top")
work.leave(page.title)
page.run()
