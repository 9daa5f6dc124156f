"""What several rooms of tests need: one Chromium, and a Redis for each module, emptied for each test. No page
shows the models that somebody keeps in the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks.browser import chromium
from tests.servers.running import RedisServer, running_redis

os.environ["TITANS_MODELS"] = "no-models"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests: of Playwright, too, there can be but one at a time."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(started: RedisServer) -> RedisServer:
    """A Redis with nothing in it; whoever killed it starts it again."""
    started.client.flushall()
    return started
