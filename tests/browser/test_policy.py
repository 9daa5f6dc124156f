"""The policy that every answer carries: it is there, it stops what was injected, and nobody frames our pages.

That nothing of ours breaks under it, every other test in this folder shows: they fail on what the console
complains of.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.hosting.headers import HEADERS, policy
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser
# Ways to a script for whoever could put something into the page, each of which is to set window.xss; and by
# which part of the policy it is stopped.
INJECTED = {
    "an inline handler": ("(foreign) => add('<img src=x onerror=\"window.xss=1\">')", "script-src-attr"),
    "an inline script": ("(foreign) => put('script', { textContent: 'window.xss=1' })", "script-src-elem"),
    "a foreign script": ("(foreign) => put('script', { src: `${foreign}/x.js` })", "script-src-elem"),
    "a foreign module": ("(foreign) => import(`${foreign}/x.js`).catch(() => {})", "script-src-elem"),
    "a script as data": (
        "(foreign) => import('data:text/javascript,window.xss=1').catch(() => {})",
        "script-src-elem",
    ),
    "a link": ("(foreign) => put('a', { href: 'javascript:window.xss=1' }).click()", "script-src-elem"),
    "a frame": ("(foreign) => add(`<iframe src='${foreign}/frame/'></iframe>`)", "frame-src"),
    "a text that is run": ("(foreign) => setTimeout('window.xss=1')", "script-src"),
}
HELP = """window.broken = [];
document.addEventListener('securitypolicyviolation', (event) => broken.push(event.effectiveDirective));
window.put = (name, having) => {
  const one = Object.assign(document.createElement(name), having);
  document.body.append(one);
  return one;
};
window.add = (html) => document.body.insertAdjacentHTML('beforeend', html);"""


class Foreign(http.server.BaseHTTPRequestHandler):
    """Another site: a script that anybody may load, and a page that frames the one it is asked for."""

    def do_GET(self) -> None:
        """Answer with the script, or the page."""
        script = self.path == "/x.js"
        frame = f"<iframe src='{self.path.removeprefix('/frame/')}'></iframe>"
        content = b"window.xss=1" if script else frame.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def foreign() -> Iterator[str]:
    """The address of another site."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """The Stream page, in which somebody has got hold of what it takes to inject."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(HELP)
    page.goto(server)
    page.wait_for_selector(".player[data-position]")
    yield page
    page.close()


@pytest.mark.parametrize(
    "path", ["", "compare", "static/js/none.js", "_stcore/health", "_stcore/host-config", "media/none.png"]
)
def test_every_answer_carries_the_headers(browser: Browser, server: str, path: str) -> None:
    context = browser.new_context()
    found = context.request.get(f"{server}/{path}").headers
    context.close()
    assert found["content-security-policy"] == policy()
    assert {name: found.get(name.lower()) for name in HEADERS} == HEADERS


def test_the_policy_lets_no_text_be_run_as_a_script() -> None:
    scripts = next(rule for rule in policy().split("; ") if rule.startswith("script-src"))
    assert "unsafe" not in scripts and "http" not in scripts and "*" not in scripts


def test_what_was_injected_does_not_run(page: Page, foreign: str) -> None:
    before = page.evaluate("broken.length")
    for number, (way, (injected, part)) in enumerate(INJECTED.items(), before + 1):
        page.evaluate(injected, foreign)
        page.wait_for_function("(number) => broken.length >= number", arg=number)
        assert page.evaluate("[broken.length, broken.at(-1), window.xss]") == [number, part, None], way


def test_nothing_is_sent_to_another_site(page: Page, foreign: str) -> None:
    said = page.evaluate("(url) => fetch(url).then(() => 'sent', () => 'refused')", f"{foreign}/x.js")
    assert (said, page.evaluate("broken.at(-1)")) == ("refused", "connect-src")


def test_another_site_cannot_show_our_pages_in_a_frame(browser: Browser, server: str, foreign: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{foreign}/frame/{server}/")
    framed = page.frames[1]
    expect(framed.locator("body")).not_to_contain_text("Titans Lab")
    assert not framed.url.startswith(server)
    page.close()


def test_a_link_to_another_site_does_not_tell_it_the_address(
    browser: Browser, server: str, foreign: str
) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server}/?text=secret")
    page.wait_for_selector(".player[data-position]")
    with page.expect_request(f"{foreign}/**") as asked:
        page.evaluate("(url) => { location.href = url; }", f"{foreign}/frame/")
    assert "referer" not in asked.value.all_headers()
    page.close()
