"""The rooms' own WebSocket route, on a real server: who may come, what each is told, who is refused what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from app.classroom import socket as route
from app.classroom.bus import Alone
from app.classroom.hub import Hub
from app.classroom.messages import LONGEST
from app.classroom.outbox import Outbox
from app.classroom.redis import RedisRooms
from app.classroom.redis_bus import RedisBus
from app.classroom.sqlite import SqliteRooms
from tests.app.talking import PATIENCE, Browser, Visit, hearing, hosted, joined, serving, visiting

HOST_COMMANDS: list[dict[str, Any]] = [
    {"do": "place", "path": "", "query": ""},
    {"do": "look", "length": 2, "token": 1},
    {"do": "rule", "frozen": True, "roam": None},
    {"do": "reset"},
    {"do": "close"},
]


@pytest.fixture(params=["sqlite", "redis"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[int]]:
    """Where servers with the route alone listen: one with its rooms in a file; or two, which share theirs in
    Redis, and whoever comes is at the other one than who came before."""
    with ExitStack() as running:
        if request.param == "sqlite":
            rooms = SqliteRooms(tmp_path / "rooms.sqlite")
            running.callback(rooms.end)
            yield [running.enter_context(serving(lambda: Hub(rooms, Alone())))]
        else:
            address = request.getfixturevalue("redis").address
            shared = [lambda: Hub(RedisRooms(address), RedisBus(address))] * 2
            yield [running.enter_context(serving(hub)) for hub in shared]


@pytest.fixture
def port(ports: list[int]) -> int:
    """Where the first of them listens."""
    return ports[0]


@pytest.fixture
def visit(ports: list[int], request: pytest.FixtureRequest) -> Iterator[Visit]:
    """How browsers connect."""
    with visiting(ports) as visit:
        if len(ports) > 1:
            hearing(visit, request.getfixturevalue("redis"), len(ports))
        yield visit


def test_who_opens_a_room_is_told_its_code_its_secret_and_how_to_invite(visit: Visit, port: int) -> None:
    host = visit().say(do="open")
    told = host.hear("opened")
    leading = host.hear("leading")
    assert leading["address"] == f"http://127.0.0.1:{port}/?room={told['code']}"
    assert len({len(row) for row in leading["picture"]} | {len(leading["picture"])}) == 1
    assert set("".join(leading["picture"])) == {"0", "1"}
    assert told["secret"] not in json.dumps(leading)


def test_learners_are_told_every_place_look_and_rule(visit: Visit) -> None:
    host, code, _ = hosted(visit)
    host.say(do="place", path="compare", query="v=1").say(do="look", length=9, token=4)
    host.say(do="alive").hear("alive")  # all of it was done
    learner, told = joined(visit, code.lower())
    assert told["room"]["place"] == {"path": "compare", "query": "v=1"}
    assert told["room"]["look"] == {"length": 9, "token": 4}
    assert host.hear("learners")["learners"] == 1
    host.say(do="place", path="lessons", query="v=1&step=2")
    assert learner.hear("place") == {
        "is": "place", "place": {"path": "lessons", "query": "v=1&step=2"}, "step": 2,
    }  # fmt: skip
    host.say(do="look", length=9, token=5)
    assert learner.hear("look")["look"] == {"length": 9, "token": 5}
    host.say(do="rule", frozen=True, roam=None)
    assert learner.hear("rules") == {"is": "rules", "frozen": True, "roam": False}
    learner.connection.close()
    assert host.hear("learners")["learners"] == 0


def test_answers_reach_the_host_alone_and_a_reset_reaches_all(visit: Visit) -> None:
    host, code, _ = hosted(visit)
    (one, _), (other, _) = joined(visit, code), joined(visit, code)
    one.say(do="answer", checkpoint="surprise/2", choice=1, choices=3)
    assert host.hear("tally") == {"is": "tally", "checkpoint": "surprise/2", "counts": [0, 1, 0]}
    other.say(do="answer", checkpoint="surprise/2", choice=1, choices=3)
    assert host.hear("tally")["counts"] == [0, 2, 0]
    host.say(do="reset")
    for learner in (one, other):
        heard: set[str] = set()
        while "reset" not in heard:
            heard.add(json.loads(learner.connection.recv(PATIENCE))["is"])
        assert heard == {"rules", "reset"}


@pytest.mark.parametrize("command", HOST_COMMANDS, ids=lambda command: command["do"])
def test_a_learner_is_refused_what_only_the_host_may_do(visit: Visit, command: dict[str, Any]) -> None:
    host, code, _ = hosted(visit)
    learner, _ = joined(visit, code)
    refused = learner.say(**command).hear("refused")
    assert refused["why"].startswith("Only the host can do this") and not refused["over"]
    learner.say(do="alive").hear("alive")  # and goes on
    assert joined(visit, code)[1]["room"]["step"] == 0
    stranger = visit().say(**command)
    assert "Only the host" in stranger.hear("refused")["why"]


def test_nobody_leads_with_another_secret_or_sits_in_two_rooms(visit: Visit) -> None:
    _, code, secret = hosted(visit)
    thief = visit().say(do="lead", code=code, secret="0" * 32)
    refused = thief.hear("refused")
    assert "Only the browser that opened this room" in refused["why"] and refused["over"]
    learner, _ = joined(visit, code)
    learner.say(do="lead", code=code, secret=secret)
    assert "in a room already" in learner.hear("refused")["why"]
    assert (
        "Only learners"
        in visit().say(do="answer", checkpoint="a/1", choice=0, choices=2).hear("refused")["why"]
    )


def test_a_wrong_code_a_full_room_and_one_that_ended_say_so(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.classroom.sqlite.MOST_LEARNERS", 1)
    monkeypatch.setattr("app.classroom.redis.MOST_LEARNERS", 1)
    host, code, secret = hosted(visit)
    assert "no room with this code" in visit().say(do="join", code="QQQQQQ", seat=None).hear("refused")["why"]
    learner, _ = joined(visit, code)
    assert "This room is full" in visit().say(do="join", code=code, seat=None).hear("refused")["why"]
    host.say(do="close")
    for one in (host, learner):
        assert "has ended" in one.hear("ended")["why"]
    assert "has ended" in visit().say(do="join", code=code, seat=None).hear("refused")["why"]
    assert "has ended" in visit().say(do="lead", code=code, secret=secret).hear("refused")["why"]
    assert "has ended" in learner.say(do="alive").hear("refused")["why"]


def test_a_host_that_comes_back_finds_the_room_as_it_was(visit: Visit) -> None:
    host, code, secret = hosted(visit)
    learner, _ = joined(visit, code)
    host.say(do="place", path="needle", query="v=1").say(do="rule", frozen=None, roam=True)
    learner.say(do="answer", checkpoint="a/1", choice=0, choices=2)
    host.hear("tally")
    host.connection.close()
    again = visit().say(do="lead", code=code, secret=secret)
    leading = again.hear("leading")
    assert leading["room"]["place"] == {"path": "needle", "query": "v=1"}
    assert (leading["room"]["roam"], leading["room"]["learners"]) == (True, 1)
    assert leading["tallies"] == [{"checkpoint": "a/1", "counts": [1, 0]}]
    again.say(do="place", path="", query="v=1")
    while learner.hear("place")["step"] < 2:
        pass


def test_a_learner_in_two_tabs_is_one_and_one_that_comes_back_is_the_same(visit: Visit) -> None:
    host, code, _ = hosted(visit)
    first, told = joined(visit, code)
    second, again = joined(visit, code, told["seat"])
    assert again["seat"] == told["seat"] and again["room"]["learners"] == 1
    first.connection.close()
    second.say(do="answer", checkpoint="a/1", choice=0, choices=2)
    assert host.hear("tally")["counts"] == [1, 0]
    second.connection.close()
    while host.hear("learners")["learners"]:
        pass
    assert joined(visit, code, told["seat"])[1]["seat"] == told["seat"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://elsewhere.example",
        "https://127.0.0.1",
        "ftp://{host}",
        "null",
        "http://127.0.0.1.elsewhere.example",
        None,
    ],
)
def test_a_foreign_page_is_refused_and_told_why(visit: Visit, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        visit(origin)
    assert refused.value.response.status_code == 403
    assert b"open the lab, and join there" in (refused.value.response.body or b"")


def test_hosts_and_other_origins_are_allowed_as_streamlit_is_told(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"server.allowedHosts": ["lab.example"], "server.corsAllowedOrigins": ["https://school.example"]}
    known = config.get_option
    monkeypatch.setattr(config, "get_option", lambda key: said.get(key, None) or known(key))
    visit("http://lab.example", "lab.example").say(do="open").hear("opened")
    visit("https://school.example", "lab.example").say(do="open").hear("opened")
    for origin, host in (
        ("http://rebound.example", "rebound.example"),
        ("https://other.example", "lab.example"),
    ):
        with pytest.raises(InvalidStatus):
            visit(origin, host)


@pytest.mark.parametrize("message", ["", "{", "[]", '{"do": "sing"}', b"\x00\xff"])
def test_what_is_malformed_is_refused_and_the_room_goes_on(visit: Visit, message: str | bytes) -> None:
    host, code, _ = hosted(visit)
    learner, _ = joined(visit, code)
    learner.connection.send(message)
    refused = learner.hear("refused")
    assert refused["why"].startswith("A message m") and not refused["over"]
    host.say(do="place", path="", query="v=1")
    assert learner.hear("place")["step"] == 1


def test_who_sends_nothing_but_errors_or_far_too_much_is_let_go(visit: Visit) -> None:
    guesser = visit()
    for number in range(route.PROBLEMS):
        guesser.say(do="join", code=f"QQQQQ{number}", seat=None)
    assert guesser.closed()
    flood = visit()
    with suppress(ConnectionClosed):  # it may be let go before all is said
        for _ in range(2 * route.BURST):
            flood.say(do="alive")
    assert flood.hear("refused") == {"is": "refused", "why": route.TOO_FAST, "over": True}
    assert flood.closed()


def test_who_sends_one_message_over_the_limit_is_let_go(visit: Visit) -> None:
    glutton = visit()
    glutton.connection.send("x" * (LONGEST[False] + 1))
    refused = glutton.hear("refused")
    assert refused["why"].startswith("A message may have 1,000 characters") and refused["over"]
    assert glutton.closed()


def test_who_is_silent_is_gone(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    host, code, _ = hosted(visit)
    silent, _ = joined(visit, code)
    monkeypatch.setattr(route, "SILENCE", 0.05)
    silent.say(do="alive")  # the last that is heard of it
    assert silent.closed()
    while host.hear("learners")["learners"]:
        pass


def test_where_rooms_cannot_be_kept_whoever_comes_is_told() -> None:
    with serving(lambda: Hub(SqliteRooms(Path(__file__) / "rooms.sqlite"), Alone())) as port:
        address = f"127.0.0.1:{port}"
        with connect(f"ws://{address}/classroom", origin=f"http://{address}", proxy=None) as line:
            refused = Browser(line).hear("refused")
    assert "Rooms cannot be kept now" in refused["why"] and refused["over"]


def test_who_is_slow_is_told_the_newest_of_each_kind_and_no_more() -> None:
    async def told() -> list[str]:
        outbox = Outbox()
        for number in range(1_000):
            outbox.put("place", f"place {number}")
            outbox.put("look", f"look {number}")
        return await outbox.take()

    assert asyncio.run(told()) == ["place 999", "look 999"]


def test_an_outbox_that_is_closed_still_gives_its_last_word() -> None:
    async def told() -> tuple[list[str], list[str]]:
        outbox = Outbox()
        outbox.put("refused", "why")
        outbox.close()
        return await outbox.take(), await outbox.take()

    assert asyncio.run(told()) == (["why"], [])


def test_the_real_server_has_the_route_beside_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.browser import running_app

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with running_app() as address:
        route = address.replace("http", "ws") + "/classroom"
        with connect(route, origin=address, proxy=None) as line:
            told = Browser(line).say(do="open").hear("opened")
        with pytest.raises(InvalidStatus), connect(route, origin="http://elsewhere.example", proxy=None):
            pass
    (kept,) = (tmp_path / "titans-lab").glob("rooms-*.sqlite")
    written = [path.read_bytes() for path in kept.parent.glob(f"{kept.name}*")]  # and its log
    assert told["code"].encode() in b"".join(written)
