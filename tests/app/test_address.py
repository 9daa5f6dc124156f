"""Claims about the address: it is written where nobody has, and a link's own words are not said again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import address
from tests.app.pressing import State

VIEWS = Path(__file__).resolve().parents[2] / "app" / "views"


class Query(dict[str, str]):
    """What the browser's address asks, and how often it was written."""

    written = 0

    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def from_dict(self, fields: Any) -> None:
        self.written += 1


@pytest.fixture
def query(monkeypatch: pytest.MonkeyPatch) -> Query:
    found = Query(lesson="why-memory")
    monkeypatch.setattr(address, "state", State())
    monkeypatch.setattr(address.st, "query_params", found)
    return found


def test_what_a_link_said_is_not_said_again_even_where_the_first_run_was_cut_off(query: Query) -> None:
    address.arrive("Lessons")  # cut off here by the next run
    address.arrive("Lessons")
    address.say_so({"lesson": "why-memory"})
    assert query.written == 0


def test_a_link_within_the_page_leaves_it_to_us(query: Query) -> None:
    address.arrive("Lessons")
    address.stay()
    address.arrive("Lessons")
    address.say_so({"lesson": "why-memory"})
    assert query.written == 1


def test_what_the_link_did_not_say_is_said(query: Query) -> None:
    address.arrive("Lessons")
    address.say_so({"lesson": "why-memory", "step": "1"})
    assert query.written == 1


def told(query: Query, *names: str) -> str:
    query.clear()
    query.update(dict.fromkeys(names, "x"))
    return address.not_understood()


def test_what_nobody_knows_is_told_by_name(query: Query) -> None:
    assert told(query, "modell", "model", "view").startswith("This address names “modell”, which")
    assert "“modell” and “Layer”, which" in told(query, "modell", "Layer")
    assert "“a”, “b”, “c” and 2 more, which" in told(query, *"abcde")
    assert "“\\<b\\>”" in told(query, "<b>") and len(told(query, "x" * 999)) < 200


def test_what_others_add_is_not_told_nor_anything_once_the_session_goes_on(query: Query) -> None:
    assert told(query, "utm_source", "fbclid", "gclid", "_ga", "__theme", "mc_eid", "ref", "lesson") == ""
    address.arrive("Stream")
    assert told(query, "modell") == ""


@pytest.mark.parametrize(
    ("view", "fields"),
    [
        ("stream", {"model": "LMM"}),
        ("compare", {"models": "LMM"}),
        ("intervene", {}),
        ("weights", {"weights-model": "MAL deep", "weights-since": "a marked token"}),
        ("needle", {"searchers": "LMM"}),
        ("needle", {"view-of-needle": "By depth and length", "hay": "A text of your own"}),
        ("family", {}),
    ],
)
def test_every_choice_that_stands_in_the_address_is_known(view: str, fields: dict[str, str]) -> None:
    page = AppTest.from_file(str(VIEWS / f"{view}.py"), default_timeout=120)
    page.session_state.text = "Mara put the red key in the attic."
    for name, value in fields.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    kinds = ("button_group", "slider", "select_slider", "text_input", "number_input", "text_area")
    widgets = [widget.proto for kind in kinds for widget in page.get(kind)]
    bound = {widget.query_param_key for widget in widgets if getattr(widget, "query_param_key", "")}
    assert bound and bound <= address.KNOWN, bound - address.KNOWN
