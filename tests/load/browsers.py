"""Real browsers beside the other learners: when each of them has painted a step."""

from __future__ import annotations

import threading
from contextlib import suppress

from playwright.sync_api import Browser, Page, TimeoutError

from benchmarks.browser import chromium

PATIENCE = 120_000  # milliseconds
# A text counts from the frame after it came, whichever player shows it: where reading takes long, Streamlit
# mounts another. It is looked for every 25 ms. What is noted is [Unix seconds, its first words].
WATCH = """() => {
  window.painted = [];
  let host, last;
  const shows = (element) => element.shadowRoot?.querySelector(".player .text");
  setInterval(() => {
    if (!host?.isConnected) host = [...document.querySelectorAll("*")].find(shows);
    const words = host && shows(host)?.textContent.slice(0, 40);
    if (!words || words === last) return;
    last = words;
    requestAnimationFrame(() => requestAnimationFrame(() =>
      painted.push([(performance.timeOrigin + performance.now()) / 1000, words])));
  }, 25);
}"""

Painted = list[tuple[float, str]]


class Beside:
    """Pages of one Chromium, in a thread of their own, beside whoever measures: ``_begin`` opens them, and
    ``_live`` does with them what is to be done until ``_done``."""

    def __init__(self) -> None:
        self._there, self._done = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with chromium() as browser:
                self._begin(browser)
                self._there.set()
                self._live()
        except BaseException as error:
            self._error = error
        finally:
            self._there.set()

    def _begin(self, browser: Browser) -> None:
        raise NotImplementedError

    def _live(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Open all pages; raises what kept them from opening."""
        self._thread.start()
        self._there.wait()
        self._check()

    def _end(self) -> None:
        """Close them; raises what went wrong meanwhile."""
        self._done.set()
        self._thread.join()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error


def page_of(browser: Browser) -> Page:
    """A page of a browser that knows nothing yet, as wide as a laptop's."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    return page


class Browsers(Beside):
    """``count`` learners with a browser each."""

    def __init__(self, address: str, code: str, count: int) -> None:
        super().__init__()
        self._address, self._code, self._count = address, code, count
        self._last = ""
        self._pages: list[Page] = []
        self._painted: list[Painted] = []

    def _begin(self, browser: Browser) -> None:
        for _ in range(self._count):
            page = page_of(browser)
            page.goto(f"{self._address}/?room={self._code}")
            page.wait_for_selector(".player[data-position]")
            page.wait_for_selector(".class-room[data-up=true]")
            page.evaluate(WATCH)
            self._pages.append(page)

    def _live(self) -> None:
        self._done.wait()
        for page in self._pages:
            with suppress(TimeoutError):  # what is not painted by then is counted as not painted
                page.wait_for_function("(last) => painted.at(-1)?.[1] === last", arg=self._last)
        self._painted = [page.evaluate("() => painted") for page in self._pages]

    def stop(self, last: str) -> list[Painted]:
        """What each painted, and when, once they painted the text that begins with ``last``, if they do."""
        self._last = last
        self._end()
        return self._painted
