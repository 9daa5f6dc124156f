"""The text that the pages read: one box that they share, and where its text may come from."""

from __future__ import annotations

import streamlit as st

from app import limits, permalink, samples, typed
from app.book import Book
from app.chips import chips
from app.components.upload import hear_of_large
from app.settings import settings

state = st.session_state


def take_sample(title: str) -> None:
    """The chosen sample goes into the text box."""
    typed.put_sample(title)
    state.link_problem = state.upload_problem = state.book = None


def take_upload(opens: bool) -> None:
    """An uploaded text goes into the text box, or beside it where it is too long for that and the page
    ``opens`` long ones; one that cannot be read leaves the box as it is, and why is told beside it, where
    the uploader is out of the way."""
    state.upload_problem = None
    if state.upload is None:
        return
    close_upload()
    try:
        text = limits.decode_upload(state.upload.getvalue())
        if limits.fits(text):
            typed.put(text)
            state.book = None
        else:
            limits.check_book(text, opens)
            state.book = Book(state.upload.name, text)
    except limits.BadInput as problem:
        state.upload_problem = str(problem)


def take_large(size: int) -> None:
    """A file of so many bytes is too large for the browser to send: the page tells it like any other."""
    close_upload()
    try:
        limits.check_bytes(size)
    except limits.BadInput as problem:
        state.upload_problem = str(problem)


def close_upload() -> None:
    """The uploader goes: there is another, which nobody has opened. Told to close, the browser would not
    where it has not heard yet that it is open."""
    state.uploads = state.get("uploads", 0) + 1


def choose_source(opens: bool = False) -> None:
    """A sample, or a file, a long one too where the page ``opens`` such; a session begins with the first
    sample, or with what its link holds."""
    permalink.take()
    titles = samples.titles()
    if "text" not in state:
        state.sample = next((title for title in (state.get("sample"), *titles) if title in titles), None)
    taken = None if opens and state.get("book") else state.get("sample")
    chips("A text to read", titles, taken, "samples", take_sample)
    hear_of_large("upload", settings().upload_bytes, take_large)
    key = f"uploading-{state.get('uploads', 0)}"
    with st.popover("Upload", icon=":material/upload_file:", key=key, on_change="rerun"):
        st.file_uploader(
            f"A text file, UTF-8, of up to {settings().upload_bytes / 1e6:g} MB",
            key="upload",
            on_change=take_upload,
            args=(opens,),
        )


def tell_upload() -> None:
    """Why an upload could not be read."""
    if state.get("upload_problem"):
        st.warning(state.upload_problem)


def text_box(height: int = 104) -> None:
    """The box itself, and under it why an upload could not be read."""
    titles = samples.titles()
    if "text" not in state:
        state.text = samples.text(state.sample or titles[0]) if titles else ""
    if state.get("link_problem"):
        st.warning(state.link_problem)
    tell_upload()
    st.text_area(
        "The text",
        key="text",
        persist_state="session",
        height=height,
        label_visibility="collapsed",
        on_change=typed.take,
        placeholder="Type or paste any text, then press Ctrl+Enter or Read.",
    )
