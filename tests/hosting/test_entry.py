"""The entry: what cannot be set is told in a sentence, and every route of ours looks at who asks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from app import samples
from app.hosting.where import check_folders
from app.settings import BadSettings, Settings, settings, state_folder
from titans_core.tokenizer import Tokenizer

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


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STATE", "/proc/none", "nothing can be kept in TITANS_STATE='/proc/none'"),
        ("METRICS_PORT", "1", "TITANS_METRICS_PORT=1 cannot be had at TITANS_METRICS_ADDRESS='192.0.2.77'"),
    ],
)
def test_a_place_that_cannot_be_is_told_in_one_sentence(name: str, value: str, told: str) -> None:
    out = python("import app.main", **{f"TITANS_{name}": value, "TITANS_METRICS_ADDRESS": "192.0.2.77"})
    (line,) = out.stderr.splitlines()
    assert out.returncode != 0 and line.startswith(f"These settings cannot be used: {told}")


@pytest.mark.parametrize(
    "place", [{"state": "/etc/passwd"}, {"models": "/etc/passwd"}, {"models": "no-models"}]
)
def test_a_folder_that_is_none_is_refused(place: dict[str, Any]) -> None:
    (name, value), *_ = place.items()
    with pytest.raises(BadSettings, match=f"TITANS_{name.upper()}='{value}'"):
        check_folders(Settings(**place))


def test_places_that_nobody_named_may_be_missing(tmp_path: Path) -> None:
    out = python("import app.main", TITANS_STATE="", TITANS_MODELS="", XDG_STATE_HOME=str(tmp_path / "none"))
    assert out.returncode == 0, out.stderr
    assert not list(tmp_path.iterdir())


def test_state_in_redis_needs_no_folder() -> None:
    check_folders(Settings(state=Path("/etc/passwd"), redis="redis://localhost"))
    with pytest.raises(BadSettings, match="TITANS_STATE"):
        check_folders(Settings(state=Path("/etc/passwd")))


def test_a_full_disk_need_not_stay_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    check_folders(Settings(state=tmp_path))


@pytest.mark.parametrize(("name", "most"), [("KEPT_HOURS", "87600"), ("IDLE_MINUTES", "10080")])
@pytest.mark.parametrize("value", ["inf", "nan", "1e300"])
def test_a_time_without_end_is_refused_and_the_longest_told(
    name: str, most: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TITANS_{name}", value)
    settings.cache_clear()
    with pytest.raises(BadSettings, match=rf"TITANS_{name}='{value}': .* {most}\."):
        settings()
    monkeypatch.undo()
    settings.cache_clear()


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TITANS_STATE", "TITANS_MODELS"):
        monkeypatch.setenv(name, "")
    assert Settings().state == state_folder() and Settings().models == Path("models")


@pytest.mark.parametrize("name", ["state", "models"])
def test_a_folder_may_be_told_from_home(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(f"TITANS_{name.upper()}", "~/lab")
    assert getattr(Settings(), name) == tmp_path / "lab"
    monkeypatch.setenv(f"TITANS_{name.upper()}", "~nobody-of-this-name/lab")
    settings.cache_clear()
    with pytest.raises(BadSettings, match="='~nobody-of-this-name/lab': .* no such user"):
        settings()
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize(("name", "value"), [("HISTORY_TOKENS", "8191"), ("TEXT_TOKENS", "20000")])
def test_a_history_that_does_not_reach_a_texts_beginning_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TITANS_{name}", value)
    settings.cache_clear()
    with pytest.raises(BadSettings, match="TITANS_HISTORY_TOKENS=.* at least .*, TITANS_TEXT_TOKENS"):
        settings()
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize(("name", "least"), [("TEXT_CHARACTERS", 2_000), ("TEXT_TOKENS", 512)])
def test_the_samples_can_be_read_whatever_is_set(
    name: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [samples.text(title) for title in samples.titles()]
    size = {"TEXT_CHARACTERS": len, "TEXT_TOKENS": lambda text: len(Tokenizer.load().encode(text))}[name]
    assert max(map(size, texts)) <= least
    monkeypatch.setenv(f"TITANS_{name}", str(least - 1))
    settings.cache_clear()
    with pytest.raises(BadSettings, match=f"TITANS_{name}='{least - 1}': .* {least}"):
        settings()
    monkeypatch.undo()
    settings.cache_clear()


def test_every_route_of_ours_refuses_who_comes_from_elsewhere() -> None:
    out = python(FOREIGN)
    assert out.returncode == 0, out.stderr
    assert out.stdout.split() == ["403"] * 3
