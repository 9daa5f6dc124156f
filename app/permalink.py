"""A link that opens a page as it is: its text, question and edits stand in the address, with the page's own
choices. The text is packed; one that is too long for an address can be exported instead."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import streamlit as st

from app import asking, edits, limits, samples, typed
from app.components.share import shared_link
from app.edits import Edit
from app.settings import settings
from app.words import literal

VERSION: Final[str] = "1"
LONGEST: Final[int] = 6_000  # characters that a packed text takes in an address; some servers end at 8,000
FIELDS: Final[tuple[str, ...]] = ("v", "text", "sample", "ask", "edits")
STEP: Final[str] = "step-of-class"  # tells a link that a class follows from the one before it

state = st.session_state


class Linked(NamedTuple):
    """What a link holds; None where it says nothing of it."""

    text: str | None
    question: str | None
    edits: tuple[Edit, ...]


def pack(text: str) -> str:
    """A text as characters that an address can hold."""
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).rstrip(b"=").decode()


def unpack(packed: str) -> str:
    """What ``pack`` packed. Raises BadInput for anything else, and for a text longer than a page reads."""
    most = 4 * settings().text_characters  # bytes of UTF-8
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(raw, most + 1)
        if len(content) > most:
            raise limits.BadInput(
                "The text in this link is longer than a page reads, so the page opened without it."
            )
        if not unpacking.eof:
            raise ValueError("cut short")
        return content.decode()
    except limits.BadInput:
        raise
    except (binascii.Error, zlib.error, ValueError):
        raise limits.BadInput(
            "The text in this link is damaged, so the page opened without it: ask for the link again, whole."
        ) from None


def read(fields: Mapping[str, str]) -> Linked:
    """What the fields of an address hold. Raises BadInput where they are damaged, or of another version."""
    if "v" not in fields:
        raise limits.BadInput(
            "This link is not whole, so the page opened without it: ask for the link again."
        )
    if fields["v"] != VERSION:
        raise limits.BadInput(
            f"This link is from another version of the lab ({fields['v'][:8]!r}, not {VERSION!r}), "
            "so the page opened without it: make a new one with Share."
        )
    text = unpack(fields["text"]) if "text" in fields else None
    question = fields.get("ask")
    if question is not None:
        asking.check_question(question)
    return Linked(text, question, edits.decode(fields.get("edits", "")))


def take() -> bool:
    """At the beginning of a session, and where a class goes on, take what the address holds; what is damaged
    is told, and the page opens as it does without a link. Returns whether a class has gone on."""
    step = st.query_params.get(STEP, "")
    if "arrived" in state and step in ("", state.arrived):
        return False
    state.arrived = step
    take_fields(step)
    return step != ""


def named() -> bool:
    """Whether the address holds a link that was not taken yet."""
    return any(name in st.query_params for name in FIELDS)


def take_fields(step: str) -> None:
    """Take text, question and edits out of the address."""
    fields = {name: st.query_params[name] for name in FIELDS if name in st.query_params}
    for name in (*fields, *([STEP] if step else [])):  # from now on the session goes its own way
        del st.query_params[name]
    state.link_problem = None
    if not fields:
        return
    state.book = None  # the page shows what the link tells of
    sample = fields.pop("sample", None)
    state.sample = sample if sample in samples.titles() else None
    if state.sample is not None:
        typed.put_sample(state.sample)
    elif sample:
        told = literal(sample[:40])
        state.link_problem = f"This link names a sample that is not here: {told}. Choose another."
    if not fields:
        return
    try:
        linked = read(fields)
    except limits.BadInput as problem:
        state.link_problem = str(problem)
        return
    if linked.text is not None:
        typed.put(linked.text)
    state.question = state.asked = linked.question or ""
    state.edits = list(linked.edits)


def link(own: Mapping[str, str]) -> str:
    """The address of the page as it is: the choices that it has already, and what is the page's ``own``."""
    kept = [
        (name, value)
        for name in st.query_params
        if name not in (*FIELDS, STEP, "view")  # the browser adds the view
        for value in st.query_params.get_all(name)
    ]
    page = urlsplit(st.context.url or "")
    # the browser tells of the first page without the path that an address has before its question mark
    return page._replace(path=page.path or "/", query=urlencode([*kept, *own.items()])).geturl()


def fields() -> dict[str, str] | None:
    """The session's text, question and edits as they stand in a link; None where the text is too long."""
    own = everything()
    return None if len(own.get("text", "")) > LONGEST else own


def everything() -> dict[str, str]:
    """``fields``, however long."""
    own = {"v": VERSION}
    sample = state.get("sample") if "text" in state else next(iter(samples.titles()), None)
    if sample:
        own["sample"] = sample
    else:
        own["text"] = pack(state.get("text", ""))
    own |= {"ask": asking.asked()} if asking.asked() else {}
    own |= {"edits": edits.encode(state.edits)} if state.get("edits") else {}
    return own


def share(own: Mapping[str, str] | None, text: str | None = None, moving: Sequence[str] = ()) -> None:
    """The link, ready to be copied; where there is none for its length, the text as a file: ``text``, or that
    of the box. ``moving`` names the choices that are made in a fragment of the page."""
    with st.popover("Share", icon=":material/link:"):
        if own is None:
            st.write("This text is too long for a link. Save it as a file and send that.")
            st.download_button(
                "Save the text", text or state.text, "text.txt", "text/plain", on_click="ignore"
            )
        else:
            st.write("This link opens the page with all that was typed and chosen.")
            shared_link(link(own), moving)
