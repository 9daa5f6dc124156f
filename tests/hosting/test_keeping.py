"""A session is saved when there is something to keep, and taken up again once, by one tab."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import continuing, keeping, limits, mapping, models, reading, samples
from app.hosting import metrics, saving
from app.hosting.store import FolderStore, StoreProblem
from app.mapping import Map
from app.needle import Needle
from app.session import Session, held, session
from app.settings import settings
from tests.app.pressing import State

pytestmark = pytest.mark.usefixtures("store")
TEXT = "Mara put the red key in the attic. The rain fell over the quiet hills."


class Tab:
    """A session without a page: its state becomes the one that is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state = State(text=samples.text(samples.titles()[0]), sample=samples.titles()[0])
        self._patch = monkeypatch
        self.sit()

    def sit(self) -> Session:
        for module in ("app.session", "app.keeping", "app.continuing", "app.typed"):
            self._patch.setattr(f"{module}.state", self.state)
        keeping.living.setdefault(session().key, session())
        return session()

    def read(self, text: str) -> None:
        self.sit()
        continuing.show(reading.read(models.load("mac"), text))
        keeping.keep()


def test_a_session_as_every_other_begins_is_not_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tab = Tab(monkeypatch)
    held().reading = reading.read(models.load("mac"), tab.state.text)
    keeping.keep()
    assert list((tmp_path / "store").glob("*")) == []
    tab.read(TEXT)
    assert len(list((tmp_path / "store").glob("*"))) == 1


def test_who_has_opened_no_text_yet_has_nothing_to_keep_and_nothing_to_come_back_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tab = Tab(monkeypatch)
    tab.state.text = tab.state.sample = None
    keeping.keep()
    assert list((tmp_path / "store").glob("*")) == []
    tab.state.asked = "Where is the red key?"
    keeping.keep()
    other = Tab(monkeypatch)
    keeping.take_up(tab.state.session.key)
    assert other.state.sample == samples.titles()[0] and other.state.asked == "Where is the red key?"


def test_what_did_not_change_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab(monkeypatch)
    tab.read(TEXT)
    before = metrics.total(metrics.SAVED)
    keeping.keep()
    assert metrics.total(metrics.SAVED) == before


def test_another_tab_goes_on_under_the_same_key_once_the_first_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Tab(monkeypatch)
    first.read(TEXT)
    key, kept = first.sit().key, held().reading
    keeping.living[key] = first.sit()
    first.sit().there = lambda: False
    second = Tab(monkeypatch)
    keeping.take_up(key)
    assert second.sit().key == key and second.state.text == TEXT
    taken = held().reading
    assert taken is not None and kept is not None and (taken.ids, taken.name) == (kept.ids, kept.name)


def test_a_tab_that_is_still_there_keeps_its_key_and_the_other_gets_a_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Tab(monkeypatch)
    first.read(TEXT)
    key = first.sit().key
    keeping.living[key] = first.sit()
    second = Tab(monkeypatch)
    own = second.sit().key
    keeping.take_up(key)
    assert second.sit().key == own != key and second.state.text == TEXT


def test_a_session_that_has_begun_to_be_saved_is_not_taken_over_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = Tab(monkeypatch), Tab(monkeypatch)
    first.read("Tom likes soup.")
    second.read(TEXT)
    keeping.take_up(first.state.session.key)
    assert second.state.text == TEXT


def test_a_key_that_nobody_knows_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab(monkeypatch)
    own, text = tab.sit().key, tab.state.text
    keeping.take_up("0" * 32)
    assert (tab.sit().key, tab.state.text, tab.sit().settled) == (own, text, True)


def test_what_is_damaged_is_told_and_counted(monkeypatch: pytest.MonkeyPatch, store: FolderStore) -> None:
    tab = Tab(monkeypatch)
    store.put("hurt", b"no session")
    before = metrics.total(metrics.REFUSED)
    keeping.take_up("hurt")
    assert "damaged" in tab.state.kept_problem and metrics.total(metrics.REFUSED) == before + 1


class Broken:
    """A store on a full disk, that counts how often it is asked."""

    asked = 0

    def put(self, key: str, content: bytes) -> None:
        self.asked += 1
        raise StoreProblem("no space left on device")

    def get(self, key: str) -> bytes | None:
        raise StoreProblem("no space left on device")

    def expire(self) -> None:
        raise StoreProblem("no space left on device")


def test_a_full_disk_is_told_and_tried_again_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Broken()
    monkeypatch.setattr(keeping, "store", lambda: broken)
    tab = Tab(monkeypatch)
    tab.read(TEXT)
    assert tab.state.kept_problem == keeping.UNKEPT and held().reading is not None
    keeping.keep()
    assert broken.asked == 1
    monkeypatch.setattr(keeping, "failed_at", keeping.failed_at - keeping.PAUSE)
    keeping.keep()
    assert broken.asked == 2


def test_once_the_disk_has_room_the_session_is_saved_and_nothing_told_any_more(
    monkeypatch: pytest.MonkeyPatch, store: FolderStore
) -> None:
    monkeypatch.setattr(keeping, "store", Broken)
    tab = Tab(monkeypatch)
    tab.read(TEXT)
    monkeypatch.setattr(keeping, "store", lambda: store)
    monkeypatch.setattr(keeping, "failed_at", -keeping.PAUSE)
    keeping.keep()
    assert tab.state.kept_problem is None and store.get(tab.sit().key) == tab.sit().saved != b""


def test_what_was_let_go_is_there_again_as_it_was_when_its_person_returns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tab = Tab(monkeypatch)
    tab.read(TEXT)
    before = held().reading
    tab.sit().held.let_go()
    again = held().reading
    assert before is not None and again is not None and again.stream.position == 0
    while not again.complete:
        again = again.grown()
    assert again.message == before.message


def test_a_search_is_done_again_as_it_was_when_its_page_is_loaded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needle = Needle("Mara put the red key.", "Where is it?", "key", 256, 0.5, 3, "It rained.")
    first = Tab(monkeypatch)
    first.state.search_key = (("mac", "attention"), needle)
    keeping.keep()
    second = Tab(monkeypatch)
    keeping.take_up(first.state.session.key)
    assert second.state.search_key == first.state.search_key
    assert saving.revived_search((("mac", "a/b"), needle)) is saving.revived_search(((), needle)) is None
    for wrong in ({"length": 10**9}, {"length": 1}, {"depth": 2.0}, {"depth": float("nan")}, {"seed": -1}):
        assert saving.revived_search((("mac",), needle._replace(**wrong))) is None


def mapped(tab: Tab, digest: str = "") -> Map:
    """The tab's map, of which nothing is drawn yet; nothing else was done there."""
    plan = mapping.plan(Needle("Mara put the red key.", "Where is it?", "key", 256, 0.0, 1))
    tab.sit()
    held().map = Map("lmm", digest or models.load("lmm").digest, plan)
    keeping.keep()
    return held().map


def test_a_needles_map_is_there_when_its_page_is_loaded_again_and_when_it_was_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Tab(monkeypatch)
    drawn = mapped(first)
    first.sit().held.let_go()
    assert held().map == drawn
    key = first.state.session.key
    first.sit().there = lambda: False
    second = Tab(monkeypatch)
    keeping.take_up(key)
    assert held().map == drawn and second.state.map_key == ("lmm", drawn.plan)
    assert second.state.kept_problem is None


def test_a_map_whose_model_is_another_by_now_is_told_to_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Tab(monkeypatch)
    mapped(first, "another")
    second = Tab(monkeypatch)
    keeping.take_up(first.state.session.key)
    assert held().map is None and "map_key" not in second.state
    assert second.state.lost == (keeping.UNMAPPED,)


def test_a_store_that_cannot_be_read_is_asked_again_and_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, store: FolderStore
) -> None:
    first = Tab(monkeypatch)
    first.read(TEXT)
    key = first.sit().key
    first.sit().there = lambda: False
    monkeypatch.setattr(keeping, "store", Broken)
    second = Tab(monkeypatch)
    keeping.take_up(key)
    assert second.state.kept_problem == keeping.UNREAD and not second.sit().settled
    monkeypatch.setattr(keeping, "store", lambda: store)
    monkeypatch.setattr(keeping, "failed_at", -keeping.PAUSE)
    monkeypatch.setattr(keeping, "tab", lambda *_: None)
    keeping.come_back()
    assert (second.state.text, second.sit().key, second.state.kept_problem) == (TEXT, key, None)


def test_who_went_on_meanwhile_keeps_what_was_done(
    monkeypatch: pytest.MonkeyPatch, store: FolderStore
) -> None:
    first = Tab(monkeypatch)
    first.read(TEXT)
    monkeypatch.setattr(keeping, "store", Broken)
    second = Tab(monkeypatch)
    keeping.take_up(first.state.session.key)
    second.read("Tom likes soup.")
    monkeypatch.setattr(keeping, "store", lambda: store)
    monkeypatch.setattr(keeping, "failed_at", -keeping.PAUSE)
    monkeypatch.setattr(keeping, "tab", lambda *_: None)
    keeping.come_back()
    assert second.state.text == "Tom likes soup." and second.sit().settled


def test_a_text_that_is_too_long_is_not_kept_and_damages_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab(monkeypatch)
    tab.read(TEXT)
    tab.state.text, tab.state.question = "x" * 45_000, "?" * 10**6
    kept = keeping.as_it_is()
    assert kept.text is None and len(kept.question) == limits.MAX_QUESTION
    assert saving.decode(saving.encode(kept)) == kept
    assert len(saving.encode(kept)) < 3_000


def test_what_was_wrong_is_told_no_more_once_something_is_saved(
    monkeypatch: pytest.MonkeyPatch, store: FolderStore
) -> None:
    tab = Tab(monkeypatch)
    store.put("hurt", b"no session")
    keeping.take_up("hurt")
    assert tab.state.kept_problem
    tab.read(TEXT)
    assert tab.state.kept_problem is None


def test_while_the_store_is_left_alone_others_are_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "store", Broken)
    Tab(monkeypatch).read(TEXT)
    other = Tab(monkeypatch)
    other.read("Tom likes soup.")
    assert other.state.kept_problem == keeping.UNKEPT


def test_a_page_that_was_loaded_again_is_not_overwritten_by_the_run_that_it_left(
    monkeypatch: pytest.MonkeyPatch, store: FolderStore
) -> None:
    first = Tab(monkeypatch)
    first.read(TEXT)
    key = first.sit().key
    first.sit().there = lambda: False
    Tab(monkeypatch)
    keeping.take_up(key)
    kept = store.get(key)
    first.read("Tom likes soup.")
    assert store.get(key) == kept


def test_who_loads_the_page_again_has_no_new_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Tab(monkeypatch)
    first.sit().budget.charge(50)
    first.sit().there = lambda: False
    second = Tab(monkeypatch)
    keeping.take_up(first.state.session.key)
    assert second.sit().budget.wait() > 0


def test_a_session_in_use_is_saved_again_before_it_would_be_forgotten(
    monkeypatch: pytest.MonkeyPatch, store: FolderStore
) -> None:
    tab = Tab(monkeypatch)
    tab.read(TEXT)
    store.put(tab.sit().key, b"as good as gone")
    keeping.keep()
    assert store.get(tab.sit().key) == b"as good as gone"
    tab.sit().saved_at -= settings().kept_hours * 3600 / 4
    keeping.keep()
    assert store.get(tab.sit().key) == tab.sit().saved
