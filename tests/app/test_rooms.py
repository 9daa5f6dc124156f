"""Rooms as they are kept: who may do what, what is remembered, and for how long."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.classroom import rooms as limits
from app.classroom.redis import RedisRooms
from app.classroom.rooms import (
    CODE,
    LETTERS,
    LIFE,
    MOST_CHECKPOINTS,
    REMEMBERED,
    Look,
    NoSeat,
    NoSuchRoom,
    NotKept,
    NotTheHost,
    OtherChoices,
    Place,
    RoomEnded,
    RoomFull,
    Rooms,
    TooManyRooms,
    digest,
    tidy,
)
from app.classroom.sqlite import SqliteRooms
from tests.servers.running import RedisServer

OPEN = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
MINUTE = 60.0
PRINTED = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200)


class Clock:
    """A time that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Kept(Protocol):
    """Where rooms are kept, as somebody sees it who can look into it and turn its clock."""

    rooms: Rooms
    module: str

    def passes(self, seconds: float) -> None:
        """So much later."""

    def kept(self) -> str:
        """All that is there, as text."""


class InSqlite:
    """Rooms in a file."""

    module = "app.classroom.sqlite"

    def __init__(self, base: Path, clock: Clock) -> None:
        self.rooms, self._base, self._clock = SqliteRooms(base, clock), base, clock

    def passes(self, seconds: float) -> None:
        self._clock.now += seconds

    def kept(self) -> str:
        with sqlite3.connect(self._base) as base:
            return "\n".join(base.iterdump())


class InRedis:
    """Rooms in a real Redis."""

    module = "app.classroom.redis"

    def __init__(self, server: RedisServer) -> None:
        self.rooms, self.passes, self.kept = RedisRooms(server.address), server.passes, server.kept


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "of" / "rooms.sqlite"


@pytest.fixture(params=["sqlite", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[Kept]:
    if request.param == "redis":
        yield InRedis(request.getfixturevalue("redis"))
        return
    kept = InSqlite(request.getfixturevalue("base"), request.getfixturevalue("clock"))
    yield kept
    kept.rooms.end()


@pytest.fixture
def rooms(store: Kept) -> Rooms:
    return store.rooms


def test_a_room_begins_empty_and_at_no_place(rooms: Rooms) -> None:
    code, secret = rooms.open()
    room = rooms.host(code, secret)
    assert (room.code, room.step, room.place, room.look) == (code, 0, None, None)
    assert (room.frozen, room.roam, room.learners) == (False, False, 0)


def test_codes_are_of_letters_that_are_not_taken_for_one_another(rooms: Rooms) -> None:
    codes = {rooms.open()[0] for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code) == CODE and set(code) <= set(LETTERS) for code in codes)
    assert not set("01OIAEUY") & set(LETTERS)


@given(st.data())
@OPEN
def test_a_code_is_known_however_it_is_typed(rooms: Rooms, data: st.DataObject) -> None:
    code, _ = rooms.open()
    marks = data.draw(st.lists(st.sampled_from(["", " ", "-", "–", "\u00a0"]), min_size=CODE, max_size=CODE))
    typed = "".join(mark + letter for mark, letter in zip(marks, code.lower(), strict=True))
    assert rooms.join(typed)[1].code == code


@given(st.text(max_size=30))
@OPEN
def test_a_code_that_no_room_has_is_told(rooms: Rooms, typed: str) -> None:
    with pytest.raises(NoSuchRoom, match="no room with this code"):
        rooms.join(typed)


@given(path=st.from_regex(r"[a-z0-9-]{0,40}", fullmatch=True), query=PRINTED, token=st.integers(0, 10**6))
@OPEN
def test_where_the_host_is_comes_back_as_it_was_told(rooms: Rooms, path: str, query: str, token: int) -> None:
    code, secret = rooms.open()
    place, look = Place(path, query), Look(token + 1, token)
    assert rooms.publish(code, secret, place).step == 1
    rooms.look(code, secret, look)
    _, room = rooms.join(code)
    assert (room.place, room.look, room.step) == (place, look, 1)


def test_at_a_new_place_the_playhead_is_not_told_yet(rooms: Rooms) -> None:
    code, secret = rooms.open()
    rooms.publish(code, secret, Place("", "v=1"))
    rooms.look(code, secret, Look(9, 3))
    room = rooms.publish(code, secret, Place("compare", "v=1"))
    assert (room.look, room.step) == (None, 2)


@given(st.text(max_size=64))
@OPEN
def test_nobody_leads_a_room_without_its_secret(rooms: Rooms, guess: str) -> None:
    code, _ = rooms.open()
    before = rooms.room(code)
    for act in (
        lambda: rooms.host(code, guess),
        lambda: rooms.publish(code, guess, Place("", "")),
        lambda: rooms.look(code, guess, Look(2, 1)),
        lambda: rooms.rule(code, guess, frozen=True),
        lambda: rooms.reset(code, guess),
        lambda: rooms.close(code, guess),
    ):
        with pytest.raises(NotTheHost, match="Only the browser that opened this room"):
            act()
    assert rooms.room(code) == before


def test_one_rooms_secret_and_seats_are_nothing_in_another(rooms: Rooms) -> None:
    (one, secret), (other, _) = rooms.open(), rooms.open()
    seat, _ = rooms.join(one)
    with pytest.raises(NotTheHost):
        rooms.host(other, secret)
    with pytest.raises(NoSeat):
        rooms.answer(other, seat, "surprise/1", 0, 2)
    assert rooms.join(other, seat)[0] != seat


def test_rules_change_one_by_one(rooms: Rooms) -> None:
    code, secret = rooms.open()
    assert rooms.rule(code, secret, frozen=True).frozen
    room = rooms.rule(code, secret, roam=True)
    assert room.frozen and room.roam
    assert not rooms.rule(code, secret, frozen=False).frozen


def test_a_full_room_says_so_and_a_seat_that_was_left_can_be_had(
    rooms: Rooms, store: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{store.module}.MOST_LEARNERS", 2)
    code, _ = rooms.open()
    (first, _), (_, room) = rooms.join(code), rooms.join(code)
    assert room.learners == 2
    with pytest.raises(RoomFull, match=f"holds {limits.MOST_LEARNERS} learners"):
        rooms.join(code)
    assert rooms.join(code, first)[0] == first  # who sits there may load the page again
    assert rooms.leave(code, first).learners == 1
    newcomer, room = rooms.join(code)
    assert newcomer != first and room.learners == 2
    with pytest.raises(RoomFull):
        rooms.join(code, first)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30))
@OPEN
def test_the_tally_counts_everybodys_latest_answer(rooms: Rooms, answers: list[tuple[int, int]]) -> None:
    code, _ = rooms.open()
    seats = [rooms.join(code)[0] for _ in range(6)]
    latest: dict[int, int] = {}
    for learner, choice in answers:
        latest[learner] = choice
        tally = rooms.answer(code, seats[learner], "forgetting/2", choice, 4)
        assert tally.counts == tuple(Counter(latest.values())[i] for i in range(4))
    assert [tally.checkpoint for tally in rooms.tallies(code)] == ["forgetting/2"] * bool(answers)


def test_the_checkpoint_that_was_answered_last_is_last(rooms: Rooms) -> None:
    code, _ = rooms.open()
    seat, _ = rooms.join(code)
    for checkpoint in ("b/1", "a/1", "b/1"):
        rooms.answer(code, seat, checkpoint, 1, 2)
    assert [tally.checkpoint for tally in rooms.tallies(code)] == ["a/1", "b/1"]


def test_only_who_sits_there_answers_and_not_without_end(rooms: Rooms) -> None:
    code, _ = rooms.open()
    seat, _ = rooms.join(code)
    for number in range(MOST_CHECKPOINTS):
        rooms.answer(code, seat, f"a/{number}", 0, 2)
    rooms.answer(code, seat, "a/0", 1, 2)
    with pytest.raises(NoSeat):
        rooms.answer(code, seat, "b/1", 0, 2)
    rooms.leave(code, seat)
    for nobody in (seat, "0" * 32):
        with pytest.raises(NoSeat, match="join the room again"):
            rooms.answer(code, nobody, "a/1", 0, 2)


def test_an_answer_with_another_number_of_choices_is_refused(rooms: Rooms) -> None:
    code, secret = rooms.open()
    (one, _), (other, _) = rooms.join(code), rooms.join(code)
    rooms.answer(code, one, "a/1", 1, 3)
    for seat, choices in ((other, 12), (other, 2), (one, 4)):
        with pytest.raises(OtherChoices, match="other choices there"):
            rooms.answer(code, seat, "a/1", 1, choices)
    assert rooms.answer(code, other, "a/1", 2, 3).counts == (0, 1, 1)
    rooms.answer(code, other, "b/1", 0, 2)  # another checkpoint may have others
    rooms.reset(code, secret)
    assert rooms.answer(code, one, "a/1", 0, 2).counts == (1, 0)


def test_only_so_many_rooms_live_at_a_time(
    rooms: Rooms, store: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{store.module}.MOST_ROOMS", 2)
    (code, secret), _ = rooms.open(), rooms.open()
    with pytest.raises(TooManyRooms, match="once another class has ended"):
        rooms.open()
    rooms.close(code, secret)
    rooms.open()
    store.passes(LIFE)  # those that have outlived their time do not count
    rooms.open()


def test_a_reset_forgets_the_answers_and_frees_the_pages(rooms: Rooms) -> None:
    code, secret = rooms.open()
    seat, _ = rooms.join(code)
    rooms.answer(code, seat, "a/1", 0, 2)
    rooms.rule(code, secret, frozen=True, roam=True)
    room = rooms.reset(code, secret)
    assert rooms.tallies(code) == [] and (room.frozen, room.roam, room.learners) == (False, True, 1)
    assert rooms.answer(code, seat, "a/1", 1, 2).counts == (0, 1)


def test_a_room_that_ended_says_so_and_keeps_nothing(rooms: Rooms, store: Kept) -> None:
    code, secret = rooms.open()
    rooms.publish(code, secret, Place("", "a-private-text"))
    seat, _ = rooms.join(code)
    rooms.answer(code, seat, "a-checkpoint/1", 0, 2)
    private = ("a-private-text", "a-checkpoint", digest(seat), digest(secret))
    assert all(text in store.kept() for text in private)
    rooms.close(code, secret)
    for act in (lambda: rooms.join(code), lambda: rooms.host(code, secret), lambda: rooms.leave(code, seat)):
        with pytest.raises(RoomEnded, match="This room has ended"):
            act()
    assert code in store.kept()
    assert not any(text in store.kept() for text in private)


def test_of_a_room_that_outlived_its_time_nothing_is_kept_either(rooms: Rooms, store: Kept) -> None:
    code, secret = rooms.open()
    rooms.publish(code, secret, Place("", "a-private-text"))
    seat, _ = rooms.join(code)
    rooms.answer(code, seat, "a-checkpoint/1", 0, 2)
    store.passes(LIFE)
    rooms.expire()
    assert code in store.kept()
    assert not any(text in store.kept() for text in ("a-private-text", "a-checkpoint", digest(seat)))


def test_a_room_expires_once_its_host_was_away_too_long_and_is_forgotten_later(
    rooms: Rooms, store: Kept
) -> None:
    code, secret = rooms.open()
    store.passes(LIFE - MINUTE)
    rooms.host(code, secret)
    store.passes(LIFE - MINUTE)
    rooms.join(code)
    store.passes(MINUTE)
    with pytest.raises(RoomEnded):
        rooms.join(code)
    rooms.expire()
    with pytest.raises(RoomEnded):
        rooms.host(code, secret)
    store.passes(REMEMBERED)
    rooms.expire()
    with pytest.raises(NoSuchRoom):
        rooms.join(code)


def test_rooms_outlive_their_server_and_nobody_sits_there_then(base: Path, clock: Clock) -> None:
    before = SqliteRooms(base, clock)
    code, secret = before.open()
    before.publish(code, secret, Place("needle", "length=512"))
    seat, _ = before.join(code)
    before.answer(code, seat, "a/1", 2, 3)
    before.end()
    after = SqliteRooms(base, clock)
    room = after.host(code, secret)
    assert room.place == Place("needle", "length=512") and room.learners == 0
    assert after.tallies(code)[0].counts == (0, 0, 1)
    assert after.join(code, seat)[0] == seat
    after.end()


def test_neither_secrets_nor_seats_are_kept_only_digests(rooms: Rooms, store: Kept) -> None:
    code, secret = rooms.open()
    seat, _ = rooms.join(code)
    rooms.answer(code, seat, "a/1", 0, 2)
    kept = store.kept()
    assert all(text in kept for text in (code, digest(secret), digest(seat)))
    assert secret not in kept and seat not in kept


@given(st.text(max_size=40))
def test_a_tidy_code_has_letters_and_digits_only(typed: str) -> None:
    assert all(letter.isascii() and letter.isalnum() for letter in tidy(typed))
    assert tidy(tidy(typed)) == tidy(typed)


def test_rooms_that_cannot_be_kept_say_so(base: Path, clock: Clock) -> None:
    rooms = SqliteRooms(base, clock)
    with pytest.raises(NotKept, match="look at its disk"):
        SqliteRooms(base / "below-a-file.sqlite")
    code, _ = rooms.open()
    with sqlite3.connect(base) as other:
        other.execute("DROP TABLE answers")
    with pytest.raises(NotKept):
        rooms.tallies(code)
    assert rooms.join(code)[1].learners == 1  # what can be done still is
    rooms.end()
