"""A server of a test's own, whose words are kept."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from benchmarks.browser import free_port, healthy, launch


class Served:
    """A server, and what it has written so far."""

    def __init__(self, address: str, log: IO[str]) -> None:
        self.address, self._log = address, log

    @property
    def said(self) -> str:
        """Everything, whoever wrote it."""
        self._log.seek(0)
        return self._log.read()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines that are events; before them the address is told."""
        return [json.loads(line) for line in self.said.splitlines() if line.startswith("{")]


@contextmanager
def serving(script: str, **environment: str) -> Iterator[Served]:
    """Serve a script; what it writes is kept."""
    port = free_port()
    with tempfile.TemporaryFile("w+") as log:
        process = launch(port, log, script, **environment)
        served = Served(f"http://127.0.0.1:{port}", log)
        try:
            assert healthy(f"{served.address}/_stcore/health", process), served.said
            yield served
        finally:
            process.terminate()
            process.wait(30)
