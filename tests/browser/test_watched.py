"""Whoever watches a server sees what it does: the metrics it serves, and the status page."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.browser import free_port
from tests.browser.conftest import PATIENCE, StreamPage
from tests.browser.served import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def measured(port: int) -> dict[str, float]:
    """Every metric by its name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value)
        for name, value in (re.split(r" (?=\S+$)", line) for line in lines if line[0] != "#")
    }


def test_the_metrics_and_the_status_page_tell_what_a_server_does(browser: Browser, tmp_path: Path) -> None:
    state, port = str(tmp_path), free_port()
    with serving("app/main.py", TITANS_STATE=state, TITANS_METRICS_PORT=str(port)) as served:
        assert measured(port)["titans_sessions"] == 0
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        StreamPage(page, served.address).open().read("Tom likes soup.")
        # at the end of its run a session is weighed
        expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
        found = measured(port)
        assert found["titans_sessions"] == 1 and found["titans_sessions_waiting"] == 0
        assert found['titans_tokens_total{model="mac"}'] > 5
        assert found["titans_compute_seconds_total"] > 0 and found["titans_held_bytes"] > 0
        assert found["process_resident_memory_bytes"] > 1e8
        page.get_by_role("button", name="Class", exact=True).click()
        page.get_by_role("button", name="Open a room").click()
        expect(page.locator(".bar.host .code")).to_have_text(re.compile(r"\w{6}"))
        assert measured(port)["titans_room_connections"] == 1
        watching = browser.new_page()
        watching.set_default_timeout(PATIENCE)
        watching.goto(f"{served.address}/status")
        expect(watching.locator(".server")).to_contain_text("All is well.")
        expect(watching.locator(".server")).to_contain_text("1 of 60")
        expect(watching.locator(".server")).to_contain_text("1 browser connected")
        page.close()
        expect(watching.locator(".server")).to_contain_text("0 of 60")  # seen without loading it again
        watching.close()
