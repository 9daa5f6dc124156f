"""A link opens the page as it was; one that is damaged, huge or of another version is told, and the page
opens as it does without."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app import limits, permalink, samples
from app.edits import Edit
from app.permalink import pack, read, unpack
from tests.app.pressing import held

VIEWS = Path(__file__).parents[2] / "app" / "views"
STORY = "Mara put the red key in the attic. “Quiet!” 🗝️\nThe rain fell."
QUESTION = "Where is the red key?"


def opened(view: str, **fields: str) -> AppTest:
    page = AppTest.from_file(str(VIEWS / f"{view}.py"), default_timeout=120)
    for name, value in fields.items():
        page.query_params[name] = value
    return page.run()


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


@given(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), min_size=1, max_size=400)
)
def test_any_text_goes_through_an_address(text: str) -> None:
    packed = pack(text)
    assert unpack(packed) == text and packed.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=80))
def test_what_was_not_packed_is_told(packed: str) -> None:
    with pytest.raises(limits.BadInput):
        unpack(packed + "!")


def test_a_text_that_is_cut_off_or_unpacks_to_too_much_is_told() -> None:
    with pytest.raises(limits.BadInput, match="damaged"):
        unpack(pack(STORY)[:-6])
    bomb = base64.urlsafe_b64encode(zlib.compress(b"a" * 50_000_000, 9)).decode()
    with pytest.raises(limits.BadInput, match="longer than a page reads"):
        unpack(bomb)


@pytest.mark.parametrize("version", ["2", "", "<script>"])
def test_another_version_is_told(version: str) -> None:
    with pytest.raises(limits.BadInput, match="another version"):
        read({"v": version})


def test_a_link_without_its_version_is_not_whole() -> None:
    with pytest.raises(limits.BadInput, match="not whole"):
        read({"text": "abc"})


@pytest.mark.parametrize("text", ["Mara\0put it.", "\x07 \x1b[31m", "🦉\r\n", ""])
def test_a_link_takes_every_text_that_the_box_takes(text: str) -> None:
    assert unpack(pack(text)) == text


def test_intervene_opens_with_text_question_and_edits() -> None:
    page = opened("intervene", v="1", text=pack(STORY), ask=QUESTION, edits="alpha=0.2,tokens=10-;wipe")
    shown = held(page).intervention
    assert warnings(page) == [] and shown.original.text == STORY and shown.question == QUESTION
    assert shown.edits == (Edit("alpha", 0.2, start=9), Edit("wipe"))
    assert page.text_area(key="text").value == STORY and page.text_input(key="question").value == QUESTION


def test_compare_opens_with_text_question_and_models() -> None:
    page = opened("compare", v="1", text=pack(STORY), ask=QUESTION, models="LMM")
    shown = held(page).comparison
    assert shown.shown == ("lmm",) and shown.text == STORY and shown.question == QUESTION


@pytest.mark.parametrize("view", ["stream", "compare", "intervene", "weights"])
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"v": "1", "text": "%%%"}, "damaged"),
        ({"v": "9", "text": pack(STORY)}, "another version"),
        ({"v": "1", "text": pack(STORY), "edits": "alpha=much"}, "is not an edit"),
        ({"v": "1", "text": pack(STORY), "ask": "x" * 500}, "500 characters"),
        ({"v": "1", "sample": "A <b>night"}, "names a sample that is not here"),
    ],
)
def test_a_bad_link_is_told_and_the_page_opens_as_without(
    view: str, fields: dict[str, str], told: str
) -> None:
    page = opened(view, **fields)
    (message,) = warnings(page)
    assert told in message
    assert page.text_area(key="text").value == samples.text(samples.titles()[0])


def links(page: AppTest) -> list[str]:
    """The addresses that the page shows to be copied."""
    shown = [component.proto for component in page.get("bidi_component")]
    return [json.loads(proto.json)["link"] for proto in shown if proto.component_name == "titans_lab_share"]


def shared(page: AppTest) -> dict[str, str]:
    (address,) = links(page)
    return {name: values[0] for name, values in parse_qs(address.partition("?")[2]).items()}


def test_the_link_that_is_shared_opens_the_same() -> None:
    page = opened("intervene", v="1", text=pack(STORY), ask=QUESTION, edits="alpha=0.2,tokens=10-")
    page = page.run()
    fields = shared(page)
    assert unpack(fields["text"]) == STORY
    again = opened("intervene", **fields).session_state.session.held.intervention
    before = held(page).intervention
    assert (again.edits, again.question, again.original.text) == (before.edits, QUESTION, STORY)


def test_a_sample_is_named_and_not_packed() -> None:
    fields = shared(opened("stream"))
    assert fields["sample"] == samples.titles()[0] and "text" not in fields


def test_a_text_too_long_for_an_address_can_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permalink, "LONGEST", 20)
    page = opened("stream", v="1", text=pack(STORY)).run()
    assert not links(page) and warnings(page) == []


def test_where_a_class_goes_on_its_link_is_taken_once() -> None:
    page = opened("compare", models="LMM")
    fields = {"v": "1", "text": pack(STORY), "ask": QUESTION, permalink.STEP: "1"}
    for name, value in fields.items():
        page.query_params[name] = value
    page.run()
    assert page.text_area(key="text").value == STORY and page.session_state.asked == QUESTION
    for name, value in fields.items():  # an address that the browser has not tidied yet
        page.query_params[name] = value
    page.text_area(key="text").set_value("My own words.").run()
    assert page.text_area(key="text").value == "My own words."
    page.query_params.clear()
    for name, value in {"v": "1", "sample": samples.titles()[1], permalink.STEP: "2"}.items():
        page.query_params[name] = value
    page.run()
    assert page.text_area(key="text").value == samples.text(samples.titles()[1])
    assert page.session_state.asked == "" and warnings(page) == []
