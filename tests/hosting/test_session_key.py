"""The key that a tab keeps of its session reaches the server, also where Streamlit loses it on the way."""

from __future__ import annotations

import pytest
from streamlit.util import AttributeDictionary

from app.components import session, telling


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
