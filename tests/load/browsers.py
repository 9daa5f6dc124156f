"""Real browsers beside the other learners: when each of them has painted a step."""

from __future__ import annotations

import threading
from contextlib import suppress

from playwright.sync_api import TimeoutError

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


class Browsers:
    """``count`` learners with a browser each, all in one Chromium, in a thread of their own."""

    def __init__(self, address: str, code: str, count: int) -> None:
        self._address, self._code, self._count = address, code, count
        self._there, self._done = threading.Event(), threading.Event()
        self._last = ""
        self._error: BaseException | None = None
        self._painted: list[Painted] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with chromium() as browser:
                pages = []
                for _ in range(self._count):
                    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
                    page.set_default_timeout(PATIENCE)
                    page.goto(f"{self._address}/?room={self._code}")
                    page.wait_for_selector(".player[data-position]")
                    page.wait_for_selector(".class-room[data-up=true]")
                    page.evaluate(WATCH)
                    pages.append(page)
                self._there.set()
                self._done.wait()
                for page in pages:
                    with suppress(TimeoutError):  # what is not painted by then is counted as not painted
                        page.wait_for_function("(last) => painted.at(-1)[1] === last", arg=self._last)
                self._painted = [page.evaluate("() => painted") for page in pages]
        except BaseException as error:
            self._error = error
        finally:
            self._there.set()

    def start(self) -> None:
        """Let all of them join; raises what kept them from it."""
        self._thread.start()
        self._there.wait()
        self._check()

    def stop(self, last: str) -> list[Painted]:
        """What each painted, and when, once they painted the text that begins with ``last``, if they do."""
        self._last = last
        self._done.set()
        self._thread.join()
        self._check()
        return self._painted

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
