"""The real app on a port of its own, and a real Chromium to look at it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # for an address bar that nobody sees, Chromium keeps two more pages beside each: a third of the cost
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
)
PATIENCE = 180  # seconds the app may take to start, beside whatever else the machine does


@contextmanager
def running_app() -> Iterator[str]:
    """Start the app; its address. It ends with the block. Raises RuntimeError with its log where it fails."""
    port = free_port()
    with tempfile.TemporaryFile("w+") as log:
        process = launch(port, log)
        try:
            if not healthy(f"http://127.0.0.1:{port}/_stcore/health", process):
                log.seek(0)
                raise RuntimeError(f"the app did not start:\n{log.read()}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def launch(
    port: int, log: IO[str], script: str = "app/main.py", **environment: str
) -> subprocess.Popen[bytes]:
    """The process of the app, or of another ``script``, on this port of this machine alone; what it says
    goes into ``log``. It has our environment, and what is given."""
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}"]
    options = ["--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    all_of_it = os.environ | {"OMP_NUM_THREADS": "1"} | environment
    return subprocess.Popen(command + options, cwd=ROOT, stdout=log, stderr=log, env=all_of_it)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def healthy(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until ``url`` answers; False where the process ends first, or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.05)
    return False


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless and silent. Raises RuntimeError where there is none."""
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def executable() -> str:
    """The system's Chromium. Raises RuntimeError where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for found in map(shutil.which, names) if found), None)
    if path is None:
        raise RuntimeError("Chromium is needed: install it (on Debian: sudo apt install chromium)")
    return path
