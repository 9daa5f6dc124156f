"""The deployed nginx configuration, in the real nginx: who is served where, and what never comes by it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.settings import Settings
from deploy.table import README
from tests.deploy.proxy import TEMPLATE, nginx, running_proxy

pytestmark = pytest.mark.skipif(nginx() is None, reason="nginx is not installed")


class Replica(BaseHTTPRequestHandler):
    """Says who it is and what it heard; a request to upgrade becomes a connection that repeats a line."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        name = f"127.0.0.1:{self.server.server_address[1]}"
        if "upgrade" in self.headers.get("Connection", "").lower() and "Upgrade" in self.headers:
            self.send_response(101)
            self.send_header("Upgrade", self.headers["Upgrade"])
            self.send_header("Connection", "upgrade")
            self.end_headers()
            self.wfile.write(name.encode() + b" " + self.rfile.readline())
            self.close_connection = True
            return
        told = {key.lower(): value for key, value in self.headers.items()}
        body = json.dumps(told | {"name": name, "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        """Take what is sent."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Browser:
    """Keeps the cookie, as a browser does."""

    def __init__(self, address: str, cookie: str = "") -> None:
        self.address, self.cookie, self.given = address, cookie, 0

    def get(self, path: str = "/", **headers: str) -> dict[str, str]:
        """What the replica that answered says. Raises HTTPError where none did."""
        asked = urllib.request.Request(self.address + path, headers=headers | {"Cookie": self.cookie})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            self._take(answer.headers.get("Set-Cookie"))
            told: dict[str, str] = json.loads(answer.read())
        return told

    def talk(self, path: str) -> str:
        """Open a WebSocket at ``path``, say something, and return what comes back."""
        host, port = self.address.removeprefix("http://").split(":")
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall("\r\n".join([*lines, f"Cookie: {self.cookie}", "", "hello\n"]).encode())
            heard = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
        head, _, body = heard.partition("\r\n\r\n")
        cookie = re.search(r"(?im)^set-cookie: (.*)\r?$", head)
        self._take(cookie and cookie[1])
        assert head.startswith("HTTP/1.1 101"), head
        return body

    def _take(self, given: str | None) -> None:
        if given:
            assert "HttpOnly" in given and "SameSite=Lax" in given
            self.cookie, self.given = given.split(";")[0], self.given + 1


@contextmanager
def replica(port: int = 0) -> Iterator[str]:
    """A server as plain as can be; IP:PORT."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Replica)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_newcomers_are_spread_and_each_stays_where_it_came(tmp_path: Path) -> None:
    with replica() as one, replica() as two, running_proxy(tmp_path, one, two) as address:
        browsers = [Browser(address) for _ in range(6)]
        first = [browser.get()["name"] for browser in browsers]
        assert set(first) == {one, two}
        for _ in range(4):
            assert [browser.get("/lessons?x=1")["name"] for browser in browsers] == first
        assert [browser.given for browser in browsers] == [1] * 6


@pytest.mark.parametrize("path", ["/_stcore/stream", "/classroom"])
def test_a_websocket_goes_where_its_browser_is(tmp_path: Path, path: str) -> None:
    with replica() as one, replica() as two, running_proxy(tmp_path, one, two) as address:
        for _ in range(4):
            browser = Browser(address)
            assert browser.talk(path) == f"{browser.get()['name']} hello\n"
        visitor = Browser(address)
        home = visitor.get()["name"]
        assert {visitor.talk(path) for _ in range(4)} == {f"{home} hello\n"}


def test_who_loses_its_replica_goes_on_at_the_other_and_stays_there(tmp_path: Path) -> None:
    with replica() as two, ExitStack() as first:
        one = first.enter_context(replica())
        with running_proxy(tmp_path, one, two) as address:
            browsers = [Browser(address, "titans_replica=1") for _ in range(3)]
            assert {browser.get()["name"] for browser in browsers} == {one}
            first.close()
            assert browsers[0].get()["name"] == two
            assert browsers[1].talk("/_stcore/stream") == f"{two} hello\n"
            assert browsers[2].talk("/classroom") == f"{two} hello\n"
            with replica(int(one.rpartition(":")[2])):
                assert {browser.get()["name"] for browser in browsers} == {two}, "no session moves back"
                assert {browser.given for browser in browsers} == {1}


def test_no_address_is_written_anywhere_for_it_may_hold_a_text(tmp_path: Path) -> None:
    with replica() as one:
        with running_proxy(tmp_path, one, one) as address:
            Browser(address).get("/compare?text=zimorka", Referer=f"{address}/?text=zimorka")
    with running_proxy(tmp_path, one, one) as address, pytest.raises(urllib.error.HTTPError):
        Browser(address).get("/compare?text=zimorka")
    written = [path.read_text("utf-8") for path in tmp_path.rglob("*.log")]
    assert written and "zimorka" not in "".join(written)


def test_where_no_replica_is_left_the_browser_is_told_and_sent_nowhere(tmp_path: Path) -> None:
    with replica() as one:
        pass
    with running_proxy(tmp_path, one, one) as address:
        for _ in range(3):  # from the second on nginx knows, and tries nobody
            with pytest.raises(urllib.error.HTTPError) as told:
                Browser(address, "titans_replica=9").get()
            assert told.value.code == 502
        assert told.value.headers["Set-Cookie"] is None


@pytest.mark.parametrize("cookie", [f"titans_replica={odd}" for odd in ("9", "127.0.0.1:1", "")])
def test_a_cookie_leads_to_replicas_alone(tmp_path: Path, cookie: str) -> None:
    with replica() as one, replica() as two, running_proxy(tmp_path, one, two) as address:
        browser = Browser(address, cookie)
        assert browser.get()["name"] in (one, two)
        assert browser.cookie in ("titans_replica=1", "titans_replica=2")


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/%6detrics", "//metrics", "/x/../metrics?a=b"])
def test_metrics_do_not_come_by_the_proxy(tmp_path: Path, path: str) -> None:
    with replica() as one, running_proxy(tmp_path, one, one) as address:
        with pytest.raises(urllib.error.HTTPError) as told:
            Browser(address).get(path)
        assert told.value.code == 404


def test_the_lab_hears_who_asks_and_nothing_that_is_made_up(tmp_path: Path) -> None:
    with replica() as one, running_proxy(tmp_path, one, one) as address:
        heard = Browser(address).get("/", **{"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6"})
        assert heard["host"] == heard["x-forwarded-host"] == address.removeprefix("http://")
        assert heard["x-forwarded-for"] == heard["x-real-ip"] == "127.0.0.1"
        assert heard["x-forwarded-proto"] == "http"


def test_an_upload_as_large_as_may_be_passes_and_more_is_refused_here(tmp_path: Path) -> None:
    with replica() as one, running_proxy(tmp_path, one, one) as address:
        for size, code in ((Settings().upload_bytes, 201), (5_000_000, 413)):
            asked = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
            asked.putrequest("PUT", "/_stcore/upload_file/x")
            asked.putheader("Content-Length", str(size))
            asked.endheaders()
            if code == 201:
                asked.send(bytes(size))
            assert asked.getresponse().status == code
            asked.close()


def test_a_third_replica_is_one_more_line_at_each_mark(tmp_path: Path) -> None:
    (told,) = re.findall(r"sed -i '(.+)' deploy/nginx\.conf\.template", README.read_text("utf-8"))
    command = ["sed", told, str(TEMPLATE)]
    more = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(more.splitlines()) == len(TEMPLATE.read_text("utf-8").splitlines()) + 3
    with ExitStack() as stack:
        servers = [stack.enter_context(replica()) for _ in range(3)]
        address = stack.enter_context(running_proxy(tmp_path, *servers, text=more))
        browsers = [Browser(address) for _ in range(9)]
        first = [browser.get()["name"] for browser in browsers]
        assert set(first) == set(servers)
        assert [browser.get()["name"] for browser in browsers] == first
