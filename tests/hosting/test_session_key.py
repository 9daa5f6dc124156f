"""The key that a tab keeps of its session reaches the server, also where Streamlit loses it on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.testing.v1 import AppTest
from streamlit.util import AttributeDictionary

from app.components import session, telling

LAB = Path(__file__).resolve().parents[2] / "app" / "lab.py"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> AttributeDictionary:
    monkeypatch.setattr(session.st, "session_state", AttributeDictionary())
    return session.st.session_state


def test_what_the_tab_kept_is_handed_on(state: AttributeDictionary) -> None:
    found: list[str] = []
    state["tab-key"] = {"found": "the key"}
    session.tell(found.append)
    assert found == ["the key"] and telling.lost("tab-key") == 0


@pytest.mark.parametrize("kept", [{}, {"tab-key": {}}, {"tab-key": {"found": None}}])
def test_what_was_lost_on_the_way_is_asked_for_again(
    state: AttributeDictionary, kept: dict[str, object]
) -> None:
    found: list[str] = []
    state.update(kept)
    session.tell(found.append)
    session.tell(found.append)
    assert found == []
    assert telling.lost("tab-key") == 2  # each time the tab is told something else, and so told to tell again


@pytest.mark.parametrize("kept", [7, ["key"], "k" * (session.LONGEST + 1)])
def test_what_cannot_be_a_key_is_let_be(state: AttributeDictionary, kept: object) -> None:
    found: list[object] = []
    state["tab-key"] = {"found": kept}
    session.tell(found.append)
    assert found == [] and telling.lost("tab-key") == 0


def test_a_tab_is_asked_for_its_key_only_once_it_knows_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks for a run before that, asks for one of the first page: a reload of /lessons led there."""
    done: list[str] = []
    mounted, navigation = session.mount, st.navigation

    def mount(*given: object, **named: object) -> object:
        done.append("asked for its key")
        return mounted(*given, **named)

    def navigate(*given: Any, **named: Any) -> StreamlitPage:
        done.append("told its page")
        return navigation(*given, **named)

    monkeypatch.setattr(session, "mount", mount)
    monkeypatch.setattr(st, "navigation", navigate)
    assert not AppTest.from_file(str(LAB), default_timeout=120).run().exception
    assert done[:2] == ["told its page", "asked for its key"]
