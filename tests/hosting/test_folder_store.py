"""Saved sessions in a folder: whole or not at all, for as long as they are kept, and under digests alone."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from app.hosting import life, metrics
from app.hosting.store import LARGEST, FolderStore, StoreProblem, name

HOUR = 3600.0


class Clock:
    time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


def test_what_was_put_is_there_also_for_the_next_server_and_the_latest_counts(tmp_path: Path) -> None:
    FolderStore(tmp_path / "sessions", HOUR).put("key", b"first")
    FolderStore(tmp_path / "sessions", HOUR).put("key", b"second")
    assert FolderStore(tmp_path / "sessions", HOUR).get("key") == b"second"
    assert FolderStore(tmp_path / "sessions", HOUR).get("another") is None
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == [name("key")]


@pytest.mark.parametrize("key", ["../../out", "a/b", "\0", "\ud800", "x" * 10_000, ""])
def test_a_key_of_any_kind_stays_in_the_folder(tmp_path: Path, key: str) -> None:
    store = FolderStore(tmp_path / "sessions", HOUR)
    store.put(key, b"content")
    assert store.get(key) == b"content" and os.listdir(tmp_path) == ["sessions"]


def test_what_is_unused_for_too_long_is_not_given_out_and_forgotten(tmp_path: Path) -> None:
    clock = Clock()
    store = FolderStore(tmp_path, HOUR, clock)
    store.put("old", b"content")
    clock.time += HOUR / 2
    store.put("new", b"content")
    clock.time += HOUR / 2 + 1
    assert store.get("old") is None and store.get("new") == b"content"
    store.expire()
    assert [path.name for path in tmp_path.iterdir()] == [name("new")]


def test_where_it_cannot_write_that_is_told_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path, HOUR)
    store.put("key", b"first")

    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreProblem, match="No space left on device"):
        store.put("key", b"second")
    assert store.get("key") == b"first" and len(list(tmp_path.iterdir())) == 1


def test_where_there_is_a_file_in_place_of_the_folder_every_call_tells(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("no folder")
    store = FolderStore(tmp_path / "sessions", HOUR)
    with pytest.raises(StoreProblem):
        store.put("key", b"content")
    with pytest.raises(StoreProblem):
        store.get("key")
    with pytest.raises(StoreProblem) as told:
        store.expire()
    assert told.value.why in ("EEXIST", "ENOTDIR")


def test_no_more_is_read_than_a_session_can_be(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, HOUR)
    (tmp_path / name("key")).write_bytes(b"x" * (LARGEST + 100))
    found = store.get("key")
    assert found is not None and len(found) == LARGEST + 1  # which ``saving.decode`` refuses


def test_a_server_forgets_old_sessions_as_it_starts_and_lives_on_where_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    store = FolderStore(tmp_path, HOUR, clock)
    store.put("old", b"content")
    clock.time += HOUR + 1
    monkeypatch.setattr(life, "store", lambda: store)

    async def begin() -> None:
        task = asyncio.create_task(life.keep_clear())
        while list(tmp_path.iterdir()):
            await asyncio.sleep(0)
        monkeypatch.setattr(life, "HOUR", 0)
        task.cancel()

    asyncio.run(begin())
    before = metrics.total(metrics.STORE_PROBLEMS)

    def fail() -> None:
        raise StoreProblem("gone")

    monkeypatch.setattr(store, "expire", fail)

    async def fails() -> None:
        task = asyncio.create_task(life.keep_clear())
        while metrics.total(metrics.STORE_PROBLEMS) < before + 2:
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(fails())
