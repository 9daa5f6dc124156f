"""One class over two servers that share a real Redis: the host is at one, the learners at the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median
from typing import Any

import pytest

from app.classroom.bus import Word
from app.classroom.hub import Hub
from app.classroom.redis import LEASE, RedisRooms
from app.classroom.redis_bus import CHANNEL, RedisBus
from app.classroom.rooms import NoSeat, Place, RoomFull
from tests.app.talking import Browser, Visit, hearing, hosted, joined, serving, visiting
from tests.servers.running import RedisServer, black_hole, until

MINUTE = 60.0
SOON = 3.0  # seconds within which a Redis must answer that never does: a busy machine is slow, not stuck


@pytest.fixture
def visit(redis: RedisServer) -> Iterator[Visit]:
    """How browsers connect: each at the other server than the one before."""

    def hub() -> Hub:
        return Hub(RedisRooms(redis.address), RedisBus(redis.address))

    with ExitStack() as running, visiting([running.enter_context(serving(hub)) for _ in range(2)]) as visit:
        hearing(visit, redis, 2)
        yield visit


@pytest.fixture
def two(redis: RedisServer) -> tuple[RedisRooms, RedisRooms]:
    """The rooms as two servers see them."""
    return RedisRooms(redis.address), RedisRooms(redis.address)


def test_a_seat_of_a_server_that_was_killed_falls_free(
    redis: RedisServer, two: tuple[RedisRooms, RedisRooms], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.classroom.redis.MOST_LEARNERS", 1)
    killed, lives = two
    code, _ = lives.open()
    seat, _ = killed.join(code)
    redis.passes(LEASE - MINUTE)
    with pytest.raises(RoomFull):
        lives.join(code)
    redis.passes(MINUTE)
    assert lives.room(code).learners == 0
    with pytest.raises(NoSeat):
        lives.answer(code, seat, "a/1", 0, 2)
    assert lives.join(code)[1].learners == 1
    with pytest.raises(RoomFull):
        lives.join(code, seat)


def test_who_shows_signs_of_life_keeps_a_seat(redis: RedisServer, visit: Visit) -> None:
    host, code, _ = hosted(visit)
    (shows, _), _, (silent, _) = joined(visit, code), visit(), joined(visit, code)
    until(lambda: host.hear("learners")["learners"] == 2)
    for _ in range(2):
        redis.passes(LEASE - MINUTE)
        shows.say(do="alive").hear("alive")
    until(lambda: host.say(do="alive").hear("learners")["learners"] == 1)  # by its own sign of life
    silent.say(do="alive").hear("alive")  # and where there is a place, it has it again
    until(lambda: host.say(do="alive").hear("learners")["learners"] == 2)


def test_who_came_to_another_server_has_not_left(two: tuple[RedisRooms, RedisRooms]) -> None:
    ending, other = two
    code, _ = other.open()
    seat, _ = ending.join(code)
    assert other.join(code, seat)[0] == seat
    assert ending.leave(code, seat).learners == 1  # it notices last, and the seat is not its any more
    other.answer(code, seat, "a/1", 0, 2)
    assert other.leave(code, seat).learners == 0


def test_many_at_once_get_no_more_seats_than_there_are_and_every_answer_counts(redis: RedisServer) -> None:
    servers = [RedisRooms(redis.address) for _ in range(4)]
    code, _ = servers[0].open()

    def come(number: int) -> bool:
        rooms = servers[number % 4]
        try:
            seat, _ = rooms.join(code)
        except RoomFull:
            return False
        rooms.answer(code, seat, "a/1", number % 3, 3)
        return True

    with ThreadPoolExecutor(8) as threads:
        came = list(threads.map(come, range(80)))
    assert sum(came) == 60 and servers[0].room(code).learners == 60
    (tally,) = servers[1].tallies(code)
    assert tally.counts == tuple(sum(c for n, c in enumerate(came) if n % 3 == choice) for choice in range(3))


def test_words_that_were_lost_on_the_way_are_told_again(redis: RedisServer, visit: Visit) -> None:
    host, code, secret = hosted(visit)
    learner, _ = joined(visit, code)
    host.say(do="place", path="", query="first")
    assert learner.hear("place")["step"] == 1
    RedisRooms(redis.address).publish(code, secret, Place("needle", "second"))  # and nobody says so
    assert redis.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub") == 2
    assert learner.hear("place") == {
        "is": "place", "place": {"path": "needle", "query": "second"}, "step": 2,
    }  # fmt: skip


def again(visit: Visit, welcome: str, **greeting: Any) -> Browser:
    """Come again and greet, as often as it takes."""
    while True:
        browser = visit().say(**greeting)
        if browser.next("refused", welcome) == welcome:
            return browser


def test_a_class_goes_on_once_redis_is_back(redis: RedisServer, visit: Visit) -> None:
    host, code, secret = hosted(visit)
    learner, told = joined(visit, code)
    redis.kill()
    try:
        for one in (host.say(do="place", path="", query="v=1"), learner.say(do="alive")):
            refused = one.hear("refused")
            assert "tries again by itself" in refused["why"] and not refused["over"]
            assert one.closed()  # for it greets anew when it comes again, and says what was not done
    finally:
        redis.start()
    host = again(visit, "leading", do="lead", code=code, secret=secret)
    learner = again(visit, "joined", do="join", code=code, seat=told["seat"])
    host.say(do="place", path="compare", query="v=1")
    assert learner.hear("place")["place"]["path"] == "compare"
    learner.say(do="answer", checkpoint="a/1", choice=1, choices=2)
    assert host.hear("tally")["counts"] == [0, 1]


def test_a_redis_that_is_full_lets_nobody_in_and_costs_nobody_who_is(
    redis: RedisServer, visit: Visit
) -> None:
    host, code, _ = hosted(visit)
    learner, _ = joined(visit, code)
    redis.fill()
    try:
        for newcomer in ({"do": "open"}, {"do": "join", "code": code, "seat": None}):
            assert not visit().say(**newcomer).hear("refused")["over"]
        host.say(do="place", path="", query="v=1")
        assert learner.hear("place")["step"] == 1
        learner.say(do="alive").hear("alive")
        learner.say(do="answer", checkpoint="a/1", choice=0, choices=2)
        assert host.hear("tally")["counts"] == [1, 0]
        host.say(do="close")
        learner.hear("ended")
    finally:
        redis.empty()
    hosted(visit)


def test_a_redis_that_does_not_answer_keeps_nobody_from_being_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.hosting.redis.SOON", SOON)
    with black_hole() as address, serving(lambda: Hub(RedisRooms(address), RedisBus(address))) as port:
        with visiting([port]) as visit:
            stuck, other = visit(), visit()
            stuck.say(do="open")
            other.say(do="sing").hear("refused")
            with pytest.raises(TimeoutError):
                stuck.connection.recv(0)  # it still waits
            began = time.monotonic()
            waiting = [visit().say(do="join", code="QQQQQQ", seat=None) for _ in range(20)]
            for one in (stuck, *waiting):
                assert "cannot be reached now" in one.hear("refused")["why"]
            assert time.monotonic() - began < 20 * SOON  # who comes after is told at once


def test_a_step_of_the_host_is_soon_at_the_other_server(visit: Visit) -> None:
    host, code, _ = hosted(visit)
    learner, _ = joined(visit, code)
    took = []
    for step in range(1, 41):
        began = time.monotonic()
        host.say(do="place", path="", query=f"v={step}")
        assert learner.hear("place")["step"] == step
        took.append(time.monotonic() - began)
    print(f"median {1000 * median(took):.1f} ms, most {1000 * max(took):.1f} ms")
    assert median(took) < 0.1


def test_words_that_redis_does_not_take_wait_the_newest_of_each_kind(redis: RedisServer) -> None:
    async def heard() -> list[str]:
        said: list[str] = []
        speaks, hears = RedisBus(redis.address), RedisBus(redis.address)
        caught_up = asyncio.Event()

        async def catch_up() -> None:
            caught_up.set()

        async def nothing() -> None:
            pass

        hears.join(lambda word: said.append(word.text), catch_up)
        await asyncio.wait_for(caught_up.wait(), 30)
        caught_up.clear()
        redis.kill()
        speaks.join(lambda word: None, nothing)
        await asyncio.sleep(0)
        for number in range(1_000):
            speaks.say(Word("BCDFGH", "look", f"look {number}"))
        redis.start()
        await asyncio.wait_for(caught_up.wait(), 30)
        speaks.say(Word("BCDFGH", "reset", "the last"))
        while "the last" not in said:
            await asyncio.sleep(0.01)
        return said

    said = asyncio.run(heard())
    assert said[-1] == "the last" and len(said) <= 3


def test_what_another_release_says_does_no_harm(redis: RedisServer, visit: Visit) -> None:
    host, code, _ = hosted(visit)
    learner, _ = joined(visit, code)
    for odd in ("", "x", "x y", "x []", "x 1", 'x {"code": 1}', 'x {"sung": "a song"}'):
        redis.client.publish(CHANNEL, odd)
    host.say(do="place", path="", query="v=1")
    assert learner.hear("place")["step"] == 1
