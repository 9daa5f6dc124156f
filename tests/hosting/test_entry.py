"""The entry: what cannot be set is told in a sentence, and every route of ours looks at who asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = """
import logging
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketDenialResponse
from app.main import app

routes = app._user_routes
client = TestClient(Starlette(routes=routes), base_url="http://lab.example")
for route in routes:
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {}):
        try:
            with client.websocket_connect(route.path, headers=headers):
                print("let in", route.path, headers)
        except WebSocketDenialResponse as refused:
            print(refused.status_code)
"""


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of its own, for the entry sets up the whole process."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_setting_that_cannot_be_is_told_in_one_sentence() -> None:
    out = python("import app.main", TITANS_SESSIONS="many", TITANS_LOG_FORMAT="xml")
    assert out.returncode != 0 and "Traceback" not in out.stderr
    (told,) = out.stderr.splitlines()
    assert told.startswith("These settings cannot be used: TITANS_SESSIONS='many': ")
    assert "TITANS_LOG_FORMAT='xml'" in told


def test_a_redis_at_no_address_is_told_without_its_password() -> None:
    out = python("import app.main", TITANS_REDIS="http://:hidden@127.0.0.1")
    (told,) = out.stderr.splitlines()
    assert out.returncode != 0 and "TITANS_REDIS should be like redis://" in told
    assert "hidden" not in told


def test_every_route_of_ours_refuses_who_comes_from_elsewhere() -> None:
    out = python(FOREIGN)
    assert out.returncode == 0, out.stderr
    assert out.stdout.split() == ["403"] * 3
