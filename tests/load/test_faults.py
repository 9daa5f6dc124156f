"""What must not be lost: a server that is killed, saved sessions that are damaged, a disk that is full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.load import faults
from tests.load.server import Server, serving
from tests.load.texts import told_by

Result = dict[str, Any]
KEPT: Result = {
    "killed": {"people": 4, "in_the_middle": 2, "identical": 4, "problems": []},
    "damaged": {"refused": 2, "untouched": 2, "identical": 4, "told": ["damaged"]},
    "full": {"told": ["full"], "saved_once_there_is_space": True},
}


def alone(how: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """In a thread of its own: the browser tests' Playwright has a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(how())).result()


@pytest.mark.slow
def test_a_server_killed_while_it_reads_goes_on_with_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "LONG", 2_500)
    with serving(tmp_path) as server:
        result = alone(lambda: faults.killed(server, 4))
    assert result.pop("in_the_middle") >= 1  # a fast server may have read a text to its end by then
    assert result == {"people": 4, "identical": 4, "problems": []}


@pytest.mark.slow
def test_a_damaged_session_is_refused_and_costs_only_itself(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        result = alone(lambda: faults.damaged(server, tmp_path))
    assert (result["refused"], result["untouched"], result["identical"]) == (2, 2, 4)


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_lab_reads_on(tmp_path: Path) -> None:
    try:
        with faults.small_disk(tmp_path) as disk, serving(disk) as server:
            result = alone(lambda: faults.full(server, disk))
    except PermissionError as problem:
        pytest.skip(str(problem))
    assert result["told"] and all("cannot be saved" in problem for problem in result["told"])
    assert result["saved_once_there_is_space"]


@pytest.mark.parametrize(
    ("fault", "worse"),
    [
        ("killed", {"identical": 3}),
        ("killed", {"problems": ["Something went wrong"]}),
        ("damaged", {"refused": 1}),
        ("damaged", {"untouched": 1}),
        ("full", {"told": []}),
        ("full", {"saved_once_there_is_space": False}),
    ],
)
def test_whatever_was_lost_is_a_failure(fault: str, worse: Result) -> None:
    assert faults.failures(KEPT) == []
    assert len(faults.failures(KEPT | {fault: KEPT[fault] | worse})) == 1


def test_a_full_disk_that_could_not_be_tried_is_told_and_no_failure() -> None:
    assert faults.failures(KEPT | {"full": "A full disk was not tried."}) == []


def test_numbers_are_compared_whatever_the_reading_is_called() -> None:
    def frame(key: str, numbers: bytes) -> bytes:
        header = b'{"key":"%s","tokens":["a"]}' % key.encode()
        header += b" " * (-len(header) % 4)
        return len(header).to_bytes(4, "little") + header + numbers

    assert told_by(frame("one", b"1234")) == told_by(frame("another", b"1234"))
    assert told_by(frame("one", b"1234")) != told_by(frame("one", b"1235"))


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = Server(tmp_path, sessions="many")
    with pytest.raises(RuntimeError, match="TITANS_SESSIONS='many'"):
        server.start()
