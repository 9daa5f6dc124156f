"""A tab comes back to what was done in it: after a reload, after its server died, beside another tab."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.hosting.store import name
from benchmarks.browser import free_port, healthy, launch
from tests.browser.conftest import StreamPage

TEXT = "Mara put the red key in the attic. The rain fell over the quiet hills."
MORE = " Then Tom moved the red key to the cellar."
KEY = "titans-lab-session"
KEEPS = f"sessionStorage.getItem('{KEY}')"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Lab:
    """A server that can be killed and started again where it was."""

    def __init__(self, state: Path, **environment: str) -> None:
        self.port, self.state = free_port(), state
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.start(**environment)

    def start(self, **environment: str) -> None:
        self.process = launch(self.port, self.log, TITANS_STATE=str(self.state), **environment)
        assert healthy(f"{self.address}/_stcore/health", self.process)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def running(self) -> bool:
        return self.process.poll() is None

    def saved(self, page: Page) -> Path:
        """Where the session of a tab is kept."""
        return self.state / "sessions" / name(page.evaluate(KEEPS))


@contextmanager
def running_lab(state: Path, **environment: str) -> Iterator[Lab]:
    lab = Lab(state, **environment)
    yield lab
    if lab.running():
        lab.process.terminate()
        lab.process.wait(30)
    lab.log.close()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab(started: Lab) -> Lab:
    """One for all: every tab has a session of its own."""
    if not started.running():
        started.start()
    return started


def tab(browser: Browser, lab: Lab) -> StreamPage:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    return StreamPage(page, lab.address).open()


def read_and_add(stream: StreamPage) -> str:
    """Read a text, and more after it; the numbers then shown."""
    stream.read(TEXT)
    stream.page.get_by_label("Add text at the end").fill(MORE)
    stream.page.get_by_role("button", name="Read on").click()
    expect(stream.text).to_have_text(TEXT + MORE)
    return numbers(stream.page)


def numbers(page: Page) -> str:
    """Everything that the page tells at its last token."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        page.locator(".player .slider").press("End")
        shown = page.locator(".player").inner_text()
        if re.search(r"token (\d+) of \1\b", shown):
            return shown
    raise AssertionError(f"the last token is not shown: {shown}")


def told(address: str) -> str:
    """What a server answers there."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def test_a_server_that_was_killed_goes_on_with_identical_numbers(browser: Browser, lab: Lab) -> None:
    stream = tab(browser, lab)
    before = read_and_add(stream)
    key = stream.page.evaluate(KEEPS)
    lab.kill()
    lab.start()
    stream.page.reload()
    expect(stream.text).to_have_text(TEXT + MORE)
    assert numbers(stream.page) == before
    assert stream.page.evaluate(KEEPS) == key
    stream.page.context.close()


def test_a_page_that_stays_open_while_its_server_dies_goes_on_by_itself(browser: Browser, lab: Lab) -> None:
    stream = tab(browser, lab)
    before = read_and_add(stream)
    lab.kill()
    metrics = free_port()
    lab.start(TITANS_METRICS_PORT=str(metrics))
    deadline = time.monotonic() + 120
    while "titans_sessions_restored_total 1.0" not in told(f"http://127.0.0.1:{metrics}"):
        assert time.monotonic() < deadline, "the new server was not asked to go on"
        stream.page.wait_for_timeout(200)
    expect(stream.player).to_contain_text("token 29 of 29")
    expect(stream.text).to_have_text(TEXT + MORE)
    expect(stream.page.get_by_label("The text", exact=True)).to_have_value(TEXT + MORE)
    assert numbers(stream.page) == before
    stream.page.context.close()


def test_a_needles_map_is_there_again_and_drawn_on(browser: Browser, lab: Lab) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{lab.address}/needle?view-of-needle=By+depth+and+length&mapped=LMM&longest=2%2C048")
    page.get_by_role("button", name="Draw the map").click()
    caption = page.get_by_test_id("stCaptionContainer").filter(has_text="right answers")
    expect(caption).to_contain_text("cells so far")
    page.reload()
    expect(caption).to_contain_text("right answers: 4 haystacks")
    whole = caption.inner_text()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()  # now it is saved
    metrics = free_port()
    lab.kill()
    lab.start(TITANS_METRICS_PORT=str(metrics))
    page.reload()
    expect(caption).to_have_text(whole)
    assert read_tokens(metrics) == [], "nothing was read again"
    page.context.close()


def read_tokens(metrics: int) -> list[str]:
    """The lines that tell how many tokens were read."""
    lines = told(f"http://127.0.0.1:{metrics}").splitlines()
    return [line for line in lines if line.startswith("titans_tokens_total")]


def test_a_damaged_session_is_told_and_costs_only_itself(browser: Browser, lab: Lab) -> None:
    hurt, other = tab(browser, lab), tab(browser, lab)
    read_and_add(hurt)
    expect(hurt.page.locator("[data-test-script-state=notRunning]")).to_be_attached()  # nor is it being saved
    path = lab.saved(hurt.page)
    before = read_and_add(other)
    lab.kill()
    path.write_bytes(path.read_bytes()[:-7])
    lab.start()
    hurt.page.reload()
    expect(hurt.alert).to_contain_text("What was kept of your last visit in this tab is damaged")
    hurt.page.wait_for_selector(".player[data-position]")
    other.page.reload()
    expect(other.text).to_have_text(TEXT + MORE)
    assert numbers(other.page) == before
    hurt.read(TEXT)  # it goes on, and is saved again
    hurt.page.context.close()
    other.page.context.close()


def test_a_tab_that_was_duplicated_goes_its_own_way(browser: Browser, lab: Lab) -> None:
    first = tab(browser, lab)
    first.read(TEXT)
    key = first.page.evaluate(KEEPS)
    page = first.page.context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(f"sessionStorage.getItem('{KEY}') ?? sessionStorage.setItem('{KEY}', '{key}')")
    second = StreamPage(page, lab.address).open()
    expect(second.text).to_have_text(TEXT)
    page.wait_for_function(f"{KEEPS} !== '{key}'")
    second.read(MORE)
    first.page.reload()
    expect(first.text).to_have_text(TEXT)
    first.page.context.close()


def test_a_link_that_holds_a_text_is_not_overruled_by_what_the_tab_had(browser: Browser, lab: Lab) -> None:
    stream = tab(browser, lab)
    stream.read(TEXT)
    stream.open("?v=1&sample=The+lighthouse")
    expect(stream.text).to_contain_text("lighthouse")
    stream.page.wait_for_timeout(1500)  # time in which the tab could be overruled
    expect(stream.text).to_contain_text("lighthouse")
    stream.page.context.close()


def test_a_store_that_fails_is_told_and_the_lab_goes_on(browser: Browser, tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        stream = tab(browser, lab)
        shutil.rmtree(lab.state / "sessions")
        (lab.state / "sessions").write_text("no folder")
        stream.read(TEXT)
        expect(stream.alert).to_contain_text("Your session cannot be saved now")
        stream.read(TEXT + MORE)
        stream.page.context.close()


def test_who_comes_to_a_full_lab_waits_while_others_keep_their_place_and_gets_in_by_itself(
    browser: Browser, tmp_path: Path
) -> None:
    with running_lab(tmp_path, TITANS_SESSIONS="1") as lab:
        first = tab(browser, lab)
        page = browser.new_context().new_page()
        page.goto(f"{lab.address}/?v=1&sample=The+lighthouse")
        expect(page.get_by_role("heading", name="The lab is full")).to_be_visible()
        expect(page.locator(".queue")).to_have_text("You are next.")
        first.read(TEXT)  # who is in is not disturbed
        first.page.reload()
        expect(first.text).to_have_text(TEXT)
        expect(page.locator(".queue")).to_have_text("You are next.")
        watching = page.context.new_page()
        watching.goto(f"{lab.address}/status")  # whoever runs a full lab can still look at it
        expect(watching.locator(".server")).to_contain_text("1 of 1")
        watching.close()
        first.page.context.close()
        expect(page.locator(".player .text")).to_contain_text("lighthouse")  # as its link said
        page.context.close()
