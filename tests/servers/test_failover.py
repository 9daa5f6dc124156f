"""Two replicas behind nginx, and one of them is killed: whoever was there goes on at the other one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.classroom.redis import LEASE
from tests.app import talking
from tests.browser.conftest import StreamPage
from tests.servers.replicas import COOKIE, OTHER, Lab, running_lab
from tests.servers.running import until

FIRST = "Mara put the red key in the attic. The rain fell over the quiet hills."
THEN = " Then Tom moved the red key to the cellar."
LAST = " Mara looked for it everywhere."

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab(started: Lab) -> Lab:
    """Both replicas, with nothing kept."""
    started.heal()
    started.redis.client.flushall()
    return started


def home(context: BrowserContext) -> str:
    """The replica that a browser is at."""
    return next(cookie["value"] for cookie in context.cookies() if cookie["name"] == COOKIE)


def add(page: StreamPage, before: str, more: str) -> None:
    """Let a page read on, after what it has read before."""
    page.page.get_by_label("Add text at the end").fill(more)
    page.page.get_by_role("button", name="Read on").click()
    expect(page.text).to_have_text(before + more)


def numbers(page: StreamPage) -> tuple[str, dict[str, Any]]:
    """Everything that the page tells at its last token, and the weights as it has them."""
    page.slider.press("End")
    page.wait("() => player.innerText.match(/token (\\d+) of \\1\\b/)")
    return page.player.inner_text(), page.weights


@pytest.mark.browser
def test_a_session_sticks_to_its_replica_and_outlives_it(lab: Lab, browser: Browser) -> None:
    context, elsewhere = browser.new_context(), browser.new_context()
    page = StreamPage(context.new_page(), lab.address).open()
    at = home(context)
    elsewhere.add_cookies([{"name": COOKIE, "value": OTHER[at], "url": lab.address}])
    never_moved = StreamPage(elsewhere.new_page(), lab.address).open()
    for one in (page, never_moved):
        one.read(FIRST)
        one.page.reload()
        expect(one.text).to_have_text(FIRST)
        add(one, FIRST, THEN)
    assert (home(context), home(elsewhere)) == (at, OTHER[at])
    assert [lab.tells(name, "titans_sessions") for name in OTHER] == [1, 1]
    before = numbers(page)
    restored = lab.tells(OTHER[at], "titans_sessions_restored_total")

    lab.kill(at)
    until(lambda: lab.tells(OTHER[at], "titans_sessions_restored_total") > restored)
    expect(
        page.page.locator("[data-test-script-state=notRunning]")
    ).to_be_attached()  # it has come back whole
    expect(page.text).to_have_text(FIRST + THEN)
    assert home(context) == OTHER[at]
    assert numbers(page) == before
    for one in (page, never_moved):
        add(one, FIRST + THEN, LAST)
    assert numbers(page) == numbers(never_moved) != before


Come = Callable[[str], talking.Browser]


@pytest.fixture
def come(lab: Lab) -> Iterator[Come]:
    """Connect to the class rooms, as a page does in a browser that is at this replica: again and again, for
    nginx leaves a replica that failed alone for some seconds, though it may be back by then."""
    route = lab.address.replace("http", "ws") + "/classroom"
    with ExitStack() as lines:

        def connected(replica: str) -> talking.Browser:
            cookie = {"Cookie": f"{COOKIE}={replica}"}
            came: list[talking.Browser] = []

            def comes() -> bool:
                with suppress(InvalidStatus):
                    line = connect(route, origin=lab.address, additional_headers=cookie, proxy=None)
                    came.append(talking.Browser(lines.enter_context(line)))
                return bool(came)

            until(comes)
            return came[0]

        yield connected


def moved(line: talking.Browser) -> str | None:
    """The cookie that a browser got with its line: it is given one where it came to another replica."""
    response = line.connection.response
    return response and response.headers.get("Set-Cookie")


def test_a_class_over_two_replicas_outlives_one_of_them(lab: Lab, come: Come) -> None:
    host = come("1").say(do="open")
    code = host.hear("opened")["code"]
    comes_back, stays_away = (come("2").say(do="join", code=code, seat=None) for _ in range(2))
    seat = comes_back.hear("joined")["seat"]
    stays_away.hear("joined")
    until(lambda: host.hear("learners")["learners"] == 2)
    assert [moved(line) for line in (host, comes_back, stays_away)] == [None] * 3
    host.say(do="place", path="", query="v=1")
    for learner in (comes_back, stays_away):
        assert learner.hear("place")["step"] == 1
    comes_back.say(do="answer", checkpoint="a/1", choice=1, choices=2)
    assert host.hear("tally")["counts"] == [0, 1]

    lab.kill("2")
    assert comes_back.closed() and stays_away.closed()
    again = come("2").say(do="join", code=code, seat=seat)
    told = again.hear("joined")
    assert (moved(again) or "").startswith(f"{COOKIE}=1;")
    assert (told["seat"], told["room"]["step"], told["room"]["learners"]) == (seat, 1, 2)
    again.say(do="answer", checkpoint="a/1", choice=0, choices=2)
    assert host.hear("tally")["counts"] == [1, 0]
    lab.redis.passes(LEASE - 1)
    again.say(do="alive").hear("alive")
    lab.redis.passes(2)
    until(lambda: host.say(do="alive").hear("learners")["learners"] == 1)
