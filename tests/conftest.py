"""What several rooms of tests need: one Chromium, and a Redis for each module, emptied for each test. No page
shows the models that somebody keeps in the checkout.

What drives these is imported by who needs it: kernels and models are tested where none of it is installed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.servers.running import RedisServer

# Each worker takes one file after another: the longest come first, lest one is left alone with such a file.
LONGEST = (
    "test_compiled_ahead",
    "test_shipped",
    "test_classroom",
    "test_accessibility",
    "test_appendix",
    "test_compare",
    "test_returning",
    "test_faults",
    "test_injection",
    "test_save",
)

os.environ["TITANS_MODELS"] = "configs"  # a folder that is there, and has none
if find_spec("hypothesis"):
    from hypothesis import settings

    settings.register_profile("steady", deadline=None)  # a busy machine is slow, not wrong
    settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests: of Playwright, too, there can be but one at a time."""
    from benchmarks.browser import chromium

    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    from tests.servers.running import running_redis

    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(started: RedisServer) -> RedisServer:
    """A Redis with nothing in it; whoever killed it starts it again."""
    started.client.flushall()
    return started
