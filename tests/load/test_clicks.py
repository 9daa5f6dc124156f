"""A click that is followed at once by something else is acted on: a busy server reads both together."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.load.faults import Reader
from tests.load.server import serving
from tests.load.texts import text


async def hurry(address: str, times: int) -> None:
    """Go on with a text, and ask for the page again in the same moment. Raises TimeoutError where the text
    does not come, as of a click that was lost."""
    reader = Reader(address, 1, 60)
    await reader.begin()
    await reader.end()
    for number in range(1, times + 1):
        more = " " + text(1, number)
        reader.words += more
        await reader.tab.submit("addition", more, "Read on")
        await reader.tab.run()
        await reader.end()
    assert reader.tab.problems == []
    await reader.tab.close()


@pytest.mark.slow
def test_no_click_is_lost_where_the_page_asks_again_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server, ThreadPoolExecutor(1) as thread:  # Playwright has a loop in this one
        thread.submit(lambda: asyncio.run(hurry(server.address, 8))).result()
