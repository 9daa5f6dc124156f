"""Real servers for tests: Redis and nginx from the system's packages, on free ports, with all they keep in a
folder of their own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from benchmarks.browser import free_port

PATIENCE = 120  # seconds; a busy machine is slow, not wrong
SBIN = "/usr/sbin:/usr/local/sbin"  # where servers lie, which is not on everybody's path


def needed(program: str, package: str) -> str:
    """The path of a program; the test is left out, and says why, where there is none."""
    found = shutil.which(program) or shutil.which(program, path=SBIN)
    if found is None:
        pytest.skip(f"{program} is not installed (on Debian: sudo apt install {package})")
    return found


def until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for something to be so. Raises AssertionError where it does not come."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.01)


class RedisServer:
    """A Redis that can be killed and started again; all that it was told it has kept."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options, self.port = folder, options, free_port()
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis.from_url(self.address, decode_responses=True)
        self.program = needed("redis-server", "redis-server")
        self.start()

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        kept = ["--appendonly", "yes", "--appendfsync", "no", "--save", ""]
        self.process = subprocess.Popen(
            [self.program, *place, *kept, *self.options],
            stdout=subprocess.DEVNULL,
        )
        until(self.answers)

    def answers(self) -> bool:
        assert self.process.poll() is None, "Redis ended"
        with suppress(RedisError):
            return bool(self.client.ping())
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def fill(self) -> None:
        """It takes nothing more, and lets nothing go."""
        self.client.config_set("maxmemory-policy", "noeviction")
        self.client.config_set("maxmemory", 1)

    def empty(self) -> None:
        """It takes what comes."""
        self.client.config_set("maxmemory", 0)

    def passes(self, seconds: float) -> None:
        """Let everything in it be so much older: what lives for so long, and what is noted to happen then."""
        for key in self.client.scan_iter():
            left = self.client.pttl(key)
            if left >= 0:
                self.client.pexpire(key, round(left - 1000 * seconds))  # none left: it is deleted at once
            if self.client.type(key) == "zset" and not str(key).endswith(":order"):
                for member, _ in self.client.zscan_iter(key):
                    self.client.zincrby(key, -seconds, member)

    def kept(self) -> str:
        """Everything that is in it, as text."""
        found = []
        for key in sorted(self.client.scan_iter()):
            match self.client.type(key):
                case "string":
                    value: object = self.client.get(key)
                case "hash":
                    value = self.client.hgetall(key)
                case _:
                    value = self.client.zrange(key, 0, -1)
            found.append(f"{key} {value}")
        return "\n".join(found)


@contextmanager
def running_redis(folder: Path, *options: str) -> Iterator[RedisServer]:
    """A Redis of one's own, with these options of its; it ends with the block."""
    server = RedisServer(folder, *options)
    try:
        yield server
    finally:
        server.client.close()
        server.kill()


@contextmanager
def black_hole() -> Iterator[str]:
    """Where one is connected, and never answered: the address of such a Redis."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
