"""The model chosen on one page is the next page's too, where that offers it and its link names no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

VIEWS = Path(__file__).resolve().parents[2] / "app" / "views"
CHOICES = {"stream": ("model", "memory"), "weights": ("weights-model",), "intervene": ("edited-model",)}
TEXT = "Mara put the red key in the attic."


def come(view: str, before: str, **address: str) -> AppTest:
    """Come to a page from one that read with a model."""
    page = AppTest.from_file(str(VIEWS / f"{view}.py"), default_timeout=120)
    page.session_state.text, page.session_state.reader = TEXT, before
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def shown(page: AppTest, view: str) -> tuple[str, ...]:
    return tuple(page.session_state[key] for key in CHOICES[view] if key in page.session_state)


@pytest.mark.parametrize(
    ("view", "before", "expected", "address"),
    [
        ("stream", "mag", ("mag", ""), {"model": "MAG"}),
        ("stream", "mal-deep", ("mal", "deep"), {"model": "MAL", "memory": "deep"}),
        ("stream", "attention", ("attention",), {"model": "Attention"}),
        ("weights", "mal-deep", ("mal-deep",), {"weights-model": "MAL deep"}),
        ("intervene", "mag", ("mag",), {"edited-model": "MAG"}),
        ("weights", "mac", ("mac",), {}),
    ],
)
def test_it_is_chosen_and_the_address_says_so(
    view: str, before: str, expected: tuple[str, ...], address: dict[str, str]
) -> None:
    page = come(view, before)
    assert shown(page, view) == expected and page.session_state.reader == before
    assert {name: page.query_params[name] for name in page.query_params} == address


def test_a_link_names_its_own_which_the_next_page_takes_up() -> None:
    page = come("weights", "mag", **{"weights-model": "MAL"})
    assert shown(page, "weights") == ("mal",) and page.session_state.reader == "mal"
    page = come("stream", "mag-deep", model="LMM")
    assert shown(page, "stream") == ("lmm", "") and page.session_state.reader == "lmm"


def test_a_page_that_does_not_offer_it_has_its_own_and_the_next_has_it_again() -> None:
    page = come("intervene", "attention")
    assert shown(page, "intervene") == ("mac",) and page.session_state.reader == "attention"
    page.button_group(key="edited-model").set_value("mal").run()
    assert page.session_state.reader == "mal"


def test_it_is_taken_up_once_a_visit() -> None:
    page = come("weights", "mag")
    page.session_state.reader = "lmm"  # as where its file is back by now
    assert shown(page.run(), "weights") == ("mag",)
