"""The status page says how the server is, in words that fit, and knows nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.classroom.rooms import NotKept, Room
from app.hosting import health, life
from app.hosting.health import Health
from app.hosting.store import StoreProblem

PAGE = Path(__file__).resolve().parents[2] / "app" / "views" / "status.py"
WELL = Health(
    version="1.2.3",
    since=0.0,
    up=90_061.0,
    inside=12,
    places=60,
    waiting=0,
    lately=60.0,
    tokens=1234.5,
    computing=0.34,
    cores=2,
    resident=812.0,
    held=256.0,
    may_hold=2048,
    errors_lately=0,
    errors=3,
    store=True,
    rooms=True,
    connected=1,
)


def shown(monkeypatch: pytest.MonkeyPatch, found: Health) -> str:
    """What the page says of it."""
    monkeypatch.setattr(health, "look", lambda: found)
    page = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not page.exception
    return " ".join(element.proto.body for element in page.get("html"))


def test_all_is_well_is_said_with_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    page = shown(monkeypatch, WELL)
    for told in ("All is well.", "12 of 60", "nobody waits", "1,234 tokens/s", "34%", "of 2 cores", "812 MB"):
        assert told in page
    for told in ("256 of 2,048 MB", "1 browser connected", "3 since it started", "1 day, 1 hour", "1.2.3"):
        assert told in page
    assert page.count("✓ reachable") == 2 and "out of reach" not in page


@pytest.mark.parametrize(
    "change, said",
    [
        ({"store": False}, "Saved sessions cannot be reached: the lab works"),
        ({"rooms": False}, "Class rooms cannot be reached: everything else works."),
        ({"errors_lately": 1}, "1 error came up in the last minute"),
        ({"errors_lately": 2}, "2 errors came up in the last minute"),
        ({"waiting": 1, "inside": 60}, "All places are taken: 1 person waits."),
        ({"waiting": 7, "inside": 60}, "All places are taken: 7 people wait."),
    ],
)
def test_what_is_not_well_is_said_first(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, int | bool], said: str
) -> None:
    page = shown(monkeypatch, replace(WELL, **change))  # type: ignore[arg-type]
    assert said in page and "All is well" not in page


def test_memory_that_the_system_does_not_tell_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "unknown" in shown(monkeypatch, replace(WELL, resident=None))


class Away:
    """A store, and rooms, that cannot be had."""

    def get(self, key: str) -> bytes | None:
        """Raise StoreProblem."""
        raise StoreProblem("away")

    def room(self, code: str) -> Room:
        """Raise NotKept."""
        raise NotKept


def test_a_store_and_rooms_that_cannot_be_had_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "store", Away)
    monkeypatch.setattr(health, "rooms", Away)
    found = health.look()
    assert (found.store, found.rooms) == (False, False)


def test_the_real_ones_are_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from app.classroom.sqlite import SqliteRooms
    from app.hosting.store import FolderStore

    folder = tmp_path_factory.mktemp("state")
    rooms = SqliteRooms(folder / "rooms.sqlite")
    monkeypatch.setattr(health, "store", lambda: FolderStore(folder / "sessions", 60))
    monkeypatch.setattr(health, "rooms", lambda: rooms)
    found = health.look()
    assert (found.store, found.rooms) == (True, True)
    assert found.version == life.version() and found.places > 0 and found.resident
