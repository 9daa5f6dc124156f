"""Saved sessions in a real Redis: what is put is there for every server, until its time is over; and where
Redis is gone or full, that is told soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from app.hosting.redis import RedisStore, check_password
from app.hosting.store import FolderStore, Store, StoreProblem, name
from app.hosting.where import store as chosen
from app.settings import BadSettings
from app.settings import settings as set_up
from benchmarks.browser import free_port
from tests.servers.running import RedisServer, black_hole

DAY = 24 * 3600
SOON = 1.5  # seconds; half a second is aimed at, on a machine that does much else


@pytest.fixture
def store(redis: RedisServer) -> RedisStore:
    return RedisStore(redis.address, DAY)


@given(key=st.text(st.characters(), max_size=40), content=st.binary(max_size=3_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_what_one_server_puts_another_has(redis: RedisServer, store: Store, key: str, content: bytes) -> None:
    store.put(key, content)
    assert RedisStore(redis.address, DAY).get(key) == content


def test_of_a_key_only_its_digest_is_kept_and_the_latest_under_it(redis: RedisServer, store: Store) -> None:
    store.put("a secret key", b"first")
    store.put("a secret key", b"second")
    assert store.get("a secret key") == b"second"
    assert store.get("another key") is None
    assert name("a secret key") in redis.kept() and "a secret key" not in redis.kept()


def test_what_was_not_put_for_so_long_is_forgotten(redis: RedisServer, store: Store) -> None:
    store.put("used", b"content")
    store.put("unused", b"content")
    redis.passes(DAY - 60)
    store.put("used", b"content")
    assert store.get("unused") == b"content"  # having it is no use of it
    redis.passes(61)
    store.expire()
    assert (store.get("used"), store.get("unused")) == (b"content", None)


def test_a_redis_that_is_killed_is_told_at_once_and_all_is_there_when_it_is_back(
    redis: RedisServer, store: Store
) -> None:
    store.put("key", b"content")
    redis.kill()
    try:
        began = time.monotonic()
        with pytest.raises(StoreProblem, match="cannot be kept: Redis does not answer"):
            store.put("key", b"lost")
        with pytest.raises(StoreProblem, match="cannot be read: Redis does not answer"):
            store.get("key")
        assert time.monotonic() - began < SOON
    finally:
        redis.start()
    assert store.get("key") == b"content"  # at the first try
    store.put("key", b"newer")
    assert store.get("key") == b"newer"


def test_a_redis_that_never_answers_keeps_nobody_waiting() -> None:
    with black_hole() as address:
        store, began = RedisStore(address, DAY), time.monotonic()
        with pytest.raises(StoreProblem, match="Redis does not answer"):
            store.get("key")
        assert time.monotonic() - began < SOON


def test_a_full_redis_is_told_and_what_was_there_stays(redis: RedisServer, store: Store) -> None:
    store.put("key", b"content")
    redis.fill()
    try:
        with pytest.raises(StoreProblem, match="cannot be kept: Redis is full"):
            store.put("key", b"another")
        assert store.get("key") == b"content"
    finally:
        redis.empty()
    store.put("key", b"another")


def test_a_password_that_redis_does_not_take_is_refused_without_telling_it(redis: RedisServer) -> None:
    place = f"127.0.0.1:{redis.port}/0"
    redis.client.config_set("requirepass", "right")
    try:
        check_password(f"redis://:right@{place}")
        for given in (":hidden@", "somebody:right@", ""):
            with pytest.raises(BadSettings, match="Redis refuses the password in TITANS_REDIS") as problem:
                check_password(f"redis://{given}{place}")
            assert "hidden" not in str(problem.value)
    finally:
        Redis.from_url(f"redis://:right@{place}").config_set("requirepass", "")


def test_a_redis_that_is_away_is_waited_for() -> None:
    check_password(f"redis://:any@127.0.0.1:{free_port()}/0")
    with black_hole() as address:
        check_password(address)


def test_where_sessions_are_kept_is_set(
    redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chosen_now() -> Store:
        set_up.cache_clear()
        chosen.cache_clear()
        return chosen()

    monkeypatch.setenv("TITANS_STATE", str(tmp_path))
    monkeypatch.setenv("TITANS_KEPT_HOURS", "1")
    try:
        folder = chosen_now()
        assert isinstance(folder, FolderStore) and chosen() is folder
        folder.put("key", b"content")
        assert [path.name for path in (tmp_path / "sessions").iterdir()] == [name("key")]
        monkeypatch.setenv("TITANS_REDIS", redis.address)
        shared = chosen_now()
        assert isinstance(shared, RedisStore) and shared.get("key") is None
        shared.put("key", b"content")
        redis.passes(3600)
        assert shared.get("key") is None
        monkeypatch.setenv("TITANS_REDIS", "http://:hidden@127.0.0.1")
        with pytest.raises(BadSettings, match="TITANS_REDIS should be like redis://") as problem:
            chosen_now()
        assert "hidden" not in str(problem.value)
    finally:
        set_up.cache_clear()
        chosen.cache_clear()
