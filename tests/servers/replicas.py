"""The lab as it is deployed on many machines, on one: two replicas behind real nginx, with a real Redis."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.browser import free_port
from tests.deploy.proxy import running_proxy
from tests.load.server import Server
from tests.servers.running import RedisServer, needed, running_redis

COOKIE = "titans_replica"  # names the replica that a browser is at, "1" or "2"
OTHER = {"1": "2", "2": "1"}


class Lab:
    """Two replicas, which can be killed, at one ``address``."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.redis, self.address = redis, ""
        self._metrics = {name: free_port() for name in OTHER}
        self.replicas = {
            name: Server(folder / name, redis=redis.address, metrics_port=port)
            for name, port in self._metrics.items()
        }

    def tells(self, name: str, metric: str) -> float:
        """What a replica's metric is now; 0 where it has none of this name yet."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics[name]}", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return next((float(line.split()[-1]) for line in lines if line.split()[0] == metric), 0.0)

    def kill(self, name: str) -> None:
        """As `kill -9`."""
        self.replicas[name].kill()

    def heal(self) -> None:
        """Start those again that were killed."""
        for replica in self.replicas.values():
            if not replica.running:
                replica.start()


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """The whole of it; it ends with the block."""
    needed("nginx", "nginx-light")
    os.environ.setdefault("STREAMLIT_SERVER_COOKIE_SECRET", "the same for both, as deploy/ has it")
    with ExitStack() as stack:
        lab = Lab(folder, stack.enter_context(running_redis(folder / "redis")))
        for replica in lab.replicas.values():
            stack.callback(replica.stop)
            replica.start()
        behind = [replica.address.removeprefix("http://") for replica in lab.replicas.values()]
        lab.address = stack.enter_context(running_proxy(folder, *behind))
        yield lab
