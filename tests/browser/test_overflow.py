"""Edits under which a model's numbers overflow, in a real browser: told there, and taken back there."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from app.permalink import VERSION, pack
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser
TEXT = "Mara put the red key in the attic."


def test_edits_that_overflow_are_told_and_the_session_goes_on(browser: Browser, server: str) -> None:
    fields = {"v": VERSION, "text": pack(TEXT), "edits": "theta*1e308,tokens=3-;theta*0,tokens=3-"}
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server}/intervene?{urlencode(fields)}")
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_have_text(
        "At token 3 this model's numbers are no longer finite: weaken or take back what changes its gates.",
        use_inner_text=False,
    )
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".intervene .text")).to_have_text(TEXT, use_inner_text=False)
    expect(alert).to_have_count(0)
    page.close()
