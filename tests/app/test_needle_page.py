"""The Needle page's server side, run without a browser: what is searched, what is told, what a link holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import models, typed
from app.needle import MOST, Needle, Search, distances
from app.views.needle import FIELDS
from tests.app.pressing import held, press

PAGE = Path(__file__).parents[2] / "app" / "views" / "needle.py"


def opened(**fields: str | list[str]) -> AppTest:
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.query_params["searchers"] = [models.title("mac"), models.title("attention")]
    page.query_params["length"] = "256"
    for name, value in fields.items():
        page.query_params[name] = value
    return page.run()


@pytest.fixture
def page() -> AppTest:
    return opened()


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


def press_search(page: AppTest) -> AppTest:
    return next(button for button in page.button if button.label == "Search").click().run()


def shown(page: AppTest, name: str) -> str:
    """The HTML of this class; empty where there is none."""
    parts = [element.proto.body for element in page.get("html")]
    return next((part for part in parts if f"class='{name}'" in part), "")


def marked(page: AppTest) -> list[str]:
    """The facts of one click that are marked as the one in the boxes."""
    facts = [button for button in page.button if (button.key or "").startswith("facts-")]
    return [button.label for button in facts if button.proto.type == "primary"]


def search(page: AppTest) -> Search:
    found: Search = held(page).search
    return found


def test_the_page_opens_with_a_fact_in_its_haystack_and_nothing_searched(page: AppTest) -> None:
    assert warnings(page) == []
    assert "<mark>Mara put the red key in the attic.</mark>" in shown(page, "hay")
    assert shown(page, "needle") == "" and "search" not in page.session_state


def test_the_table_tells_what_each_model_answered_at_each_distance(page: AppTest) -> None:
    press_search(page)
    found, html = search(page), shown(page, "needle")
    assert warnings(page) == [] and found.complete and tuple(found.streams) == ("mac", "attention")
    cells = re.findall(r"<b dir='auto'>([✓✗]) (.*?)</b>", html)
    answers = [one for name in found.streams for one in found.found[name]]
    assert cells == [("✓" if one.said == "attic" else "✗", one.said or "nothing") for one in answers]
    assert len(re.findall(r"<th scope='col'>[\d,]+</th>", html)) == len(distances(found.hay))
    assert "0%" not in re.findall(r"<span>(\S+) ", html)


def test_the_fact_moves_with_its_slider(page: AppTest) -> None:
    before = shown(page, "hay")
    page.slider(key="depth").set_value(90).run()
    assert warnings(page) == [] and shown(page, "hay") != before
    start = int(re.findall(r"Told at tokens (\d+)", shown(page, "hay"))[0])
    assert 200 < start <= 231


def test_a_fact_of_one_click_fills_the_boxes_and_is_what_is_searched(page: AppTest) -> None:
    press(page, "A code")
    press_search(page)
    assert search(page).needle.answer == "4 0 7 1" and warnings(page) == []
    assert page.text_input(key="fact").value == search(page).needle.fact and marked(page) == ["A code"]


def test_who_searches_before_the_browser_knows_of_the_fact_of_one_click_searches_that(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed, "LATE", 600.0)  # a busy machine is slow
    before = {key: page.text_input(key=key).value for key in FIELDS}
    press(page, "A code")
    for key, text in before.items():
        page.text_input(key=key).set_value(text)
    press_search(page)
    assert search(page).needle.answer == "4 0 7 1" and marked(page) == ["A code"]


def test_a_fact_of_ones_own_is_none_of_those_of_one_click(page: AppTest) -> None:
    assert marked(page) == ["A place"]
    page.text_input(key="fact").set_value("Mara put the red key in the <tower>.").run()
    assert marked(page) == []
    (message,) = warnings(press_search(page))
    assert message.startswith("The fact does not say “attic”") and not shown(page, "needle")
    assert "&lt;tower&gt;" in shown(page, "hay") and "<tower>" not in shown(page, "hay")


def test_what_was_found_stays_until_it_is_searched_anew(page: AppTest) -> None:
    press_search(page)
    before, table = search(page), shown(page, "needle")
    page.text_input(key="answer").set_value("cellar")
    page.text_input(key="fact").set_value("Mara put the red key in the cellar.").run()
    assert shown(page, "needle") == table and "“Mara put the red key in the attic.” was told" in table
    assert any("Press Search to search anew" in caption.value for caption in page.caption)
    press_search(page)
    assert search(page) is not before and search(page).needle.answer == "cellar" and not page.caption


def test_searching_for_the_same_again_reads_nothing(page: AppTest) -> None:
    before = search(press_search(page))
    assert search(press_search(page)) is before


@pytest.mark.parametrize("box", ["fact", "needle_question", "answer"])
@pytest.mark.parametrize(
    ("text", "told"), [("", "There is no"), ("x" * (MOST + 1), "401 characters")], ids=["empty", "too long"]
)
def test_what_cannot_be_searched_is_told_and_loses_nothing(
    page: AppTest, box: str, text: str, told: str
) -> None:
    before, table = search(press_search(page)), shown(page, "needle")
    page.text_input(key=box).set_value(text).run()
    for _ in range(2):
        (message,) = warnings(page)
        assert told in message and page.text_input(key=box).value == text
        assert search(page) is before and shown(page, "needle") == table
        press_search(page)


def test_without_a_model_one_is_asked_for_and_what_was_found_stays(page: AppTest) -> None:
    before = search(press_search(page))
    page.button_group(key="searchers").set_value([]).run()
    press_search(page)
    assert warnings(page) == ["Choose at least one model to search."]
    assert search(page) is before and shown(page, "needle")


def test_a_link_holds_the_fact_the_haystack_and_the_models() -> None:
    page = opened(
        fact="Leo likes figs.",
        needle_question="What does Leo like?",
        answer="figs",
        length="512",
        depth="50",
        haystack="7",
        searchers=[models.title("lmm")],
    )
    press_search(page)
    assert warnings(page) == [] and tuple(search(page).streams) == ("lmm",)
    assert search(page).needle == Needle("Leo likes figs.", "What does Leo like?", "figs", 512, 0.5, 7)


@pytest.mark.parametrize("field", ["length", "depth", "haystack", "searchers"], ids="a damaged {}".format)
@pytest.mark.parametrize("value", ["", "x", "-1", "1e999", "nan", "\0", "99999999999999999999"])
def test_a_damaged_link_opens_the_page_with_what_it_has_by_default(field: str, value: str) -> None:
    page = opened(**{field: value})
    absent = [
        told
        for told in warnings(page)
        if told.startswith("This link names a model that this page does not offer")
    ]
    assert bool(absent) == (field == "searchers" and value != "")
    assert [told for told in warnings(page) if told not in absent] in (
        [],
        ["Choose at least one model to search."],
    )
    assert "<mark>" in shown(page, "hay")


def test_without_checkpoints_the_page_says_how_to_make_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tc, "available", lambda: [])
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert any("make train" in message for message in warnings(page))
