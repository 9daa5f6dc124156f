"""The lab as a process that can be watched, killed, and started again where it was."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import psutil

from benchmarks.browser import free_port, healthy, launch

LOOK = 2.0  # seconds between two looks at its memory


class Server:
    """One server on one port, whose log outlives its restarts. ``start`` it before anything else."""

    def __init__(self, state: Path, **settings: object) -> None:
        """``settings`` are those of ``app.settings``, e.g. sessions=60; what it keeps is in ``state``."""
        self._environment = {"XDG_STATE_HOME": str(state)}
        self._environment |= {f"TITANS_{name.upper()}": str(value) for name, value in settings.items()}
        self._port = free_port()
        self._log = tempfile.NamedTemporaryFile("a")  # appended to by each process in turn
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers. Raises RuntimeError with its log where it does not."""
        self._process = launch(self._port, self._log, **self._environment)
        if not healthy(f"{self.address}/_stcore/health", self._process):
            raise RuntimeError(f"the app did not start:\n{self.said()}")

    def kill(self) -> None:
        """As `kill -9`: it can neither save nor say anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an operator stops it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    @property
    def running(self) -> bool:
        """Whether it is there, and was not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """All that it has written to its log."""
        return Path(self._log.name).read_text(errors="replace")

    def resident(self) -> float:
        """Megabytes of memory that it holds."""
        assert self._process is not None, "start it first"
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6

    async def watch(self, since: float, seen: list[tuple[float, float]]) -> None:
        """Note [seconds since ``since``, megabytes] again and again, until cancelled."""
        while self.running:
            seen.append((round(perf_counter() - since, 1), round(self.resident(), 1)))
            await asyncio.sleep(LOOK)


@contextmanager
def serving(state: Path, **settings: object) -> Iterator[Server]:
    """A running server; it ends with the block."""
    server = Server(state, **settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()
