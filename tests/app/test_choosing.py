"""A link that names a model which is not here: its reader is told until they act, whatever runs meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

VIEWS = Path(__file__).resolve().parents[2] / "app" / "views"
CHOICES = {"stream": "model", "compare": "models", "weights": "weights-model"}  # of each page, and its key
TEXT = "Mara put the red key in the attic."


def opened(name: str) -> AppTest:
    """A page as a link opens it that names a model which is not here, its text read."""
    page = AppTest.from_file(str(VIEWS / f"{name}.py"), default_timeout=120)
    page.session_state.text = TEXT
    page.query_params[CHOICES[name]] = "Nope"
    page.run()
    page.query_params.pop(CHOICES[name], None)  # as the browser does with what cannot be chosen
    return page


def told(page: AppTest) -> list[str]:
    assert not page.exception
    return [
        warning.value
        for warning in page.warning
        if "names a model that this page does not offer" in warning.value
    ]


@pytest.mark.parametrize("name", CHOICES)
def test_it_is_told_in_every_run_until_another_is_chosen(name: str) -> None:
    page = opened(name)
    assert "Nope" in told(page)[0] and told(page.run()) == told(page.run()) != []
    (choice,) = (group for group in page.get("button_group") if group.key == CHOICES[name])
    choice.set_value(["lmm"] if name == "compare" else "lmm").run()
    assert told(page) == [] == told(page.run())


def test_who_comes_to_the_page_again_is_not_told_again() -> None:
    page = opened("compare")
    page.session_state.just_come = False
    assert told(page.run()) != []
    page.session_state.just_come = True
    assert told(page.run()) == []
