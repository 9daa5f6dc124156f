"""Claims about the address: it is written where nobody has, and a link's own words are not said again."""

from __future__ import annotations

from typing import Any

import pytest

from app import address
from tests.app.pressing import State


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
