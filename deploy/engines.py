"""What builds an image and starts it: docker, podman, or buildah with namespaces made by hand. Needs nothing
beside the standard library.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

ROOT: Final[Path] = Path(__file__).resolve().parent.parent
ASKED: Final[float] = 60.0  # seconds within which an engine has asked by HEALTHCHECK


class Wrong(Exception):
    """The image cannot be built or started, or is not as claimed; the message says in what."""


class Running(Protocol):
    """A container that was started."""

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as its user."""

    def health(self) -> str:
        """What the engine found by HEALTHCHECK, once it has asked; "not asked" where there is none to ask."""

    def stop(self) -> float:
        """Ask it to end, as an engine does, and wait for that; seconds."""


class Engine(Protocol):
    """What builds an image and starts it."""

    name: str
    unproven: list[str]

    def build(self, image: str, arguments: list[str]) -> None:
        """Build ``image`` from the Dockerfile."""

    def megabytes(self, image: str) -> int:
        """What it takes unpacked."""

    def start(self, image: str) -> AbstractContextManager[Running]:
        """A context with a Running: no network, a read-only root, a fresh volume, no privileges."""

    def close(self) -> None:
        """Put away what was needed for that."""


def call(*command: str) -> str:
    """What a command prints. Raises Wrong with the last that it says where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Wrong(f"{shlex.join(command[:3])} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout.strip()


class Docker:
    """Docker, or podman, which takes the same words."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.unproven: list[str] = []

    def build(self, image: str, arguments: list[str]) -> None:
        """As ``Engine.build``."""
        subprocess.run(
            [self.name, "build", *arguments, "-t", image, str(ROOT)], check=True, stdout=sys.stderr
        )

    def megabytes(self, image: str) -> int:
        """As ``Engine.megabytes``."""
        told = call(self.name, "run", "--rm", "--user", "0", "--network", "none", image, "du", "-sxm", "/")
        return int(told.split()[0])

    @contextmanager
    def start(self, image: str) -> Iterator[DockerRunning]:
        """As ``Engine.start``."""
        bounds = ["--read-only", "--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
        key = call(self.name, "run", "--detach", *bounds, "--mount=type=volume,dst=/data", image)
        try:
            yield DockerRunning(self.name, key)
        finally:
            call(self.name, "rm", "--force", "--volumes", key)

    def close(self) -> None:
        """As ``Engine.close``."""


class DockerRunning:
    """A container of an engine."""

    def __init__(self, name: str, key: str) -> None:
        self._name, self._key = name, key

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """As ``Running.inside``."""
        return subprocess.run([self._name, "exec", self._key, *command], capture_output=True, text=True)

    def health(self) -> str:
        """As ``Running.health``."""
        deadline, told = time.monotonic() + ASKED, "starting"
        while told == "starting" and time.monotonic() < deadline:
            told = call(self._name, "inspect", "--format", "{{.State.Health.Status}}", self._key)
            time.sleep(0.5 if told == "starting" else 0)
        return told

    def stop(self) -> float:
        """As ``Running.stop``."""
        since = time.monotonic()
        call(self._name, "stop", "-t", "30", self._key)
        return time.monotonic() - since


class Buildah:
    """Builds without an engine; what it built is started by hand, in namespaces of its own. Needs root."""

    name = "buildah, started in namespaces of its own"
    unproven = [
        "the schedule of HEALTHCHECK",
        "limits of memory and processor",
        "an engine's seccomp profile",
    ]

    # lo alone; the root is what was built, read-only, with one volume; then no way back to privileges.
    SETUP: Final[str] = """
ip link set lo up
mount --bind "$ROOT" "$ROOT"
mount -o remount,ro,bind "$ROOT"
mount --bind "$VOLUME" "$ROOT/data"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
exec setpriv --no-new-privs chroot --userspec="$OWNER" "$ROOT" "$@"
"""

    def __init__(self) -> None:
        self._containers: dict[str, tuple[str, Path]] = {}

    def build(self, image: str, arguments: list[str]) -> None:
        """As ``Engine.build``."""
        command = ["buildah", "bud", "--format=docker", *arguments, "-t", image, str(ROOT)]
        subprocess.run(command, check=True, stdout=sys.stderr)

    def megabytes(self, image: str) -> int:
        """As ``Engine.megabytes``."""
        return int(call("du", "-sxm", str(self._mounted(image))).split()[0])

    @contextmanager
    def start(self, image: str) -> Iterator[HandRunning]:
        """As ``Engine.start``."""
        config = json.loads(call("buildah", "inspect", "--type=image", image))["OCIv1"]["config"]
        owner = config["User"]
        command = ["env", "-i", "-C", config["WorkingDir"], *config["Env"]]
        root = str(self._mounted(image))
        with tempfile.TemporaryDirectory() as volume:
            shutil.chown(volume, *(int(number) for number in owner.split(":")))
            environment = os.environ | {"ROOT": root, "VOLUME": volume, "OWNER": owner}
            apart = ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
            with tempfile.TemporaryFile("w+") as log:
                process = subprocess.Popen(
                    [*apart, "bash", "-euc", self.SETUP, "setup", *command, *config["Cmd"]],
                    env=environment,
                    stdout=log,
                    stderr=log,
                )
                try:
                    yield HandRunning(process, owner, command, log)
                finally:
                    process.kill()
                    process.wait()

    def close(self) -> None:
        """As ``Engine.close``."""
        for key, _ in self._containers.values():
            call("buildah", "rm", key)
        self._containers.clear()

    def _mounted(self, image: str) -> Path:
        """Where it lies unpacked; made once, for that takes a while."""
        if image not in self._containers:
            key = call("buildah", "from", "--pull-never", image)
            self._containers[image] = key, Path(call("buildah", "mount", key))
        return self._containers[image][1]


class HandRunning:
    """What was started without an engine."""

    def __init__(self, process: subprocess.Popen[bytes], owner: str, within: list[str], log: IO[str]) -> None:
        self._process, self._log = process, log
        user, group = owner.split(":")
        self._enter = ["--all", "--root", "--setuid", user, "--setgid", group, "--", *within]

    def _first(self) -> str:
        """The number of its first process, as seen from here."""
        number = self._process.pid
        return Path(f"/proc/{number}/task/{number}/children").read_text("ascii").strip()

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """As ``Running.inside``."""
        if self._process.poll() is not None:
            self._log.seek(0)
            raise Wrong(f"the image's command ended: {self._log.read()[-2000:]}")
        enter = ["nsenter", "--target", self._first(), *self._enter, *command]
        return subprocess.run(enter, capture_output=True, text=True)

    def health(self) -> str:
        """As ``Running.health``."""
        return "not asked"

    def stop(self) -> float:
        """As ``Running.stop``."""
        since = time.monotonic()
        os.kill(int(self._first()), 15)
        self._process.wait(30)
        return time.monotonic() - since


def engine() -> Engine:
    """What this machine builds images with. Raises Wrong where it has nothing."""
    for name in ("docker", "podman"):
        if shutil.which(name) and not subprocess.run([name, "info"], capture_output=True).returncode:
            return Docker(name)
    if shutil.which("buildah") and os.geteuid() == 0:
        return Buildah()
    raise Wrong("no engine is here: start docker, or install podman, or, as root, buildah.")
