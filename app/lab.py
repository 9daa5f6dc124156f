"""What every page has, and which pages there are."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import address, following, keeping, permalink, queueing, session, typed, work
from app.components.classroom import class_room
from app.components.links import follow_links
from app.components.themes import follow_theme
from app.components.typing import mend_typing

HERE = Path(__file__).resolve().parent
# what each page shows of all that its session holds, in the words of ``Held``
NEEDED = {
    "Stream": {"left", "book", "stretch"},
    "Compare": {"comparison"},
    "Intervene": {"intervention"},
    "Needle": {"search"},
    "Weights": {"weighing"},
    "Family": {"comparison"},
}

st.set_page_config("Titans Lab", layout="wide")
for sheet in ("style.css", "classroom.css"):
    st.html(HERE / sheet)
st.logo(HERE / "wordmark.svg", size="large")
mend_typing()
follow_links()
follow_theme()
# A folder called "pages" here would be served by Streamlit itself: a first visit to /lessons would then never
# come by this file.
stream = st.Page(HERE / "views" / "stream.py", title="Stream", url_path="", default=True)
compare = st.Page(HERE / "views" / "compare.py", title="Compare", url_path="compare")
intervene = st.Page(HERE / "views" / "intervene.py", title="Intervene", url_path="intervene")
needle = st.Page(HERE / "views" / "needle.py", title="Needle", url_path="needle")
weights = st.Page(HERE / "views" / "weights.py", title="Weights", url_path="weights")
family = st.Page(HERE / "views" / "family.py", title="Family", url_path="family")
lessons = st.Page(HERE / "views" / "lessons.py", title="Lessons", url_path="lessons")
appendix = st.Page(HERE / "views" / "appendix.py", title="Appendix", url_path="appendix", visibility="hidden")
status = st.Page(HERE / "views" / "status.py", title="Status", url_path="status", visibility="hidden")
# The default page has the bare address alone; its name should lead there as well.
by_name = st.Page(lambda: st.switch_page(stream), title="Stream", url_path="stream", visibility="hidden")
pages = [stream, compare, intervene, needle, weights, family, lessons, appendix, status, by_name]
page = st.navigation(pages, position="top")
# Only now: the run that a tab asks for by its key, before it knows its page, would be one of the first page.
keeping.come_back()
if page is status or queueing.wait_for_a_place():  # a full lab, too, can be watched
    class_room(goes_on=permalink.take())
    work.leave(page.title)
    if told := address.not_understood():
        keeping.lose(told)
    address.arrive(page.title)
    if st.session_state.just_come:
        typed.carry()
        following.arrive()
    with keeping.kept(), session.metered():
        page.run()
    address.stay()
    session.put_away(NEEDED.get(page.title, set()))
