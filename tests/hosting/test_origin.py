"""Foreign pages open no connection, neither to the pages nor to the rooms, and nobody abroad is asked."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit import config

from app.hosting import logs
from app.hosting.origin import FOREIGN, MINUTE, Own, Refusals, Why


async def passed_on(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "passed"})


def answer(kind: str, **headers: str) -> list[Message]:
    """What an app behind the middleware sends to a connection with these headers."""
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope: dict[str, Any] = {
        "type": kind,
        "path": "/_stcore/stream",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "extensions": {"websocket.http.response": {}},
    }
    asyncio.run(Own(passed_on)(scope, receive, send))
    return told


@pytest.mark.parametrize(
    "origin",
    [
        "http://other.example",
        "null",
        "http://lab.example.other",
        "ftp://lab.example",
        "http://[",
        "lab.example",
    ],
)
def test_a_foreign_page_is_refused_before_streamlit_hears_of_it(origin: str) -> None:
    first, *rest = answer("websocket", host="lab.example", origin=origin)
    assert first["type"] == "websocket.http.response.start" and first["status"] == 403
    assert FOREIGN.encode() in rest[0]["body"]


def test_who_does_not_say_where_it_comes_from_is_refused() -> None:
    assert answer("websocket", host="lab.example")[0]["status"] == 403


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_labs_own_pages_and_whatever_is_no_websocket_pass(scheme: str) -> None:
    passes = [{"type": "passed"}]
    assert answer("websocket", host="lab.example:8501", origin=f"{scheme}://lab.example:8501") == passes
    assert answer("http", host="lab.example", origin="http://other.example") == passes


def test_pages_that_the_settings_name_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"server.corsAllowedOrigins": ["https://school.example"], "server.allowedHosts": []}
    monkeypatch.setattr(config, "get_option", named.__getitem__)
    assert answer("websocket", host="lab.example", origin="https://school.example") == [{"type": "passed"}]


def test_the_refused_are_told_by_their_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(logs, "tell", lambda event, level, **facts: told.append((event, level, facts)))
    nobody = dict.fromkeys(("no_origin", "another_host", "another_origin"), 0)
    answer("websocket", host="lab.example")
    answer("websocket", host="127.0.0.1:8501", origin="https://lab.example")
    answer("websocket", host="lab.example", origin="https://lab.example")
    monkeypatch.setattr(config, "get_option", {"server.allowedHosts": ["lab.example"]}.__getitem__)
    answer("websocket", host="other.example", origin="https://other.example")
    assert told == [
        (logs.Event.REFUSED, logging.WARNING, nobody | {why: 1})
        for why in ("no_origin", "another_origin", "another_host")
    ]


def test_of_many_refused_one_line_a_minute_tells_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    now, told = [0.0], list[dict[str, int]]()
    monkeypatch.setattr(logs, "tell", lambda event, level, **facts: told.append(facts))
    refusals = Refusals(lambda: now[0])
    for second in range(round(MINUTE) + 1):
        now[0] = float(second)
        refusals.add(Why.NO_ORIGIN)
        refusals.add(Why.ANOTHER_ORIGIN)
    assert told == [
        {"no_origin": 1, "another_host": 0, "another_origin": 0},
        {"no_origin": 60, "another_host": 0, "another_origin": 60},
    ]
