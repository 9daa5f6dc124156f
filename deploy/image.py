"""Builds the image and starts it as it is meant to run: no network, a read-only root, one volume, no root.

    python3 -m deploy.image             build titans-lab, check it, print what was found as JSON
    python3 -m deploy.image --built     check an image that is there
    IMAGE_ARGS='--build-arg TORCH_INDEX=URL' python3 -m deploy.image

Takes docker where its engine runs, else podman, else buildah. Ends with 1 and one sentence where the image is
not what is claimed of it. Needs nothing beside the standard library of Python 3.11.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from typing import Any, Final

from deploy.engines import Engine, Running, Wrong, engine

USER: Final[str] = "10001"
STARTS: Final[int] = 3
SLOWEST: Final[float] = 15.0  # seconds from the start to the first healthy answer
LARGEST: Final[int] = 2_000  # megabytes, unpacked, of the image for processors
PATIENCE: Final[float] = 120.0  # seconds after which a start is given up
HEALTH: Final[str] = "http://127.0.0.1:8501/_stcore/health"
HEALTHY: Final[str] = f"import urllib.request as r; r.urlopen('{HEALTH}', timeout=2)"

# Run in the container: what it is, told by itself.
FACTS: Final[str] = """
import json, os
from importlib.metadata import distributions, version

def refused(path):
    try:
        open(path, "w").close()
    except OSError:
        return True
    return False

names = {found.name.lower() for found in distributions()}
print(json.dumps({
    "user": os.getuid(),
    "written": [path for path in ("/x", "/lab/x", "/venv/x", "/etc/x", "/tmp/x") if not refused(path)],
    "volume": not refused("/data/x"),
    "networks": sorted(line.split(":")[0].strip() for line in list(open("/proc/net/dev"))[2:]),
    "torch": version("torch"),
    "cuda": sorted(name for name in names if name.startswith(("nvidia-", "cuda-")) or name == "triton"),
    "tools": [tool for tool in ("cc", "gcc", "make") if any(
        os.access(os.path.join(folder, tool), os.X_OK) for folder in os.get_exec_path())],
}))
"""
READS: Final[str] = """
import titans_core as tc
stream = tc.Stream(tc.load("mac"))
stream.feed("Mara put the red key in the attic.")
print(stream.ask("Where is the red key?").text)
"""
# Every page, opened as Streamlit's own tests open it: which of them does not stand, and why.
PAGES: Final[str] = """
import json, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest

sys.path.insert(0, ".")
broken = {}
page = AppTest.from_file(str(Path("app/lab.py").resolve()), default_timeout=120).run()
for path in sorted(Path("app/views").glob("*.py")):
    page.switch_page(f"views/{path.name}").run()
    if page.exception or not page.main.children:
        broken[path.stem] = [shown.message for shown in page.exception]
print(json.dumps(broken))
"""


def wait(running: Running) -> None:
    """Until it says that it is healthy. Raises Wrong where it does not."""
    deadline = time.monotonic() + PATIENCE
    while running.inside("python", "-c", HEALTHY).returncode:
        if time.monotonic() > deadline:
            raise Wrong(f"it is not healthy after {PATIENCE:.0f} s.")


def said(running: Running, code: str) -> str:
    """What some Python prints in there. Raises Wrong where it fails."""
    done = running.inside("python", "-c", code)
    if done.returncode:
        raise Wrong(f"the lab does not work in it: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def measured(with_: Engine, image: str) -> dict[str, Any]:
    """What the image is, and does, started as it is meant to run."""
    facts: dict[str, Any] = {}
    starts, stops = [], []
    megabytes = with_.megabytes(image)
    for _ in range(STARTS):
        since = time.monotonic()
        with with_.start(image) as running:
            wait(running)
            starts.append(round(time.monotonic() - since, 2))
            if not facts:
                facts = json.loads(said(running, FACTS))
                facts["answer"] = said(running, READS)
                facts["broken_pages"] = json.loads(said(running, PAGES))
                facts["health"] = running.health()
            stops.append(round(running.stop(), 2))
    return {
        "engine": with_.name,
        "megabytes_unpacked": megabytes,
        "seconds_to_healthy": starts,
        "seconds_to_stop": stops,
        **facts,
        "not_proven": with_.unproven,
    }


def problems(found: dict[str, Any]) -> list[str]:
    """In what the image is not as claimed."""
    gpu = not found["torch"].endswith("+cpu")
    claims = {
        f"it runs as {found['user']}, not {USER}": str(found["user"]) == USER,
        f"these can be written: {found['written']}": not found["written"],
        "its volume cannot be written": found["volume"],
        f"it has a network: {found['networks']}": found["networks"] == ["lo"],
        f"it reads with no network, and answers {found['answer']!r}": found["answer"] == "attic",
        f"these pages do not open: {found['broken_pages']}": not found["broken_pages"],
        f"by its HEALTHCHECK it is {found['health']}": found["health"] in ("healthy", "not asked"),
        f"it has compilers: {found['tools']}": gpu or not found["tools"],
        f"it takes {max(found['seconds_to_healthy'])} s to start": max(found["seconds_to_healthy"]) < SLOWEST,
        f"it takes {found['megabytes_unpacked']} MB": gpu or found["megabytes_unpacked"] < LARGEST,
        f"beside {found['torch']} it has {found['cuda']}": gpu == bool(found["cuda"]),
    }
    return [problem for problem, holds in claims.items() if not holds]


def main() -> int:
    """Build, check, print."""
    parser = argparse.ArgumentParser("python3 -m deploy.image", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--image", default="titans-lab", help="its name (titans-lab)")
    parser.add_argument("--built", action="store_true", help="check an image that is there")
    asked = parser.parse_args()
    try:
        found = checked(asked.image, asked.built)
    except (Wrong, subprocess.CalledProcessError) as problem:
        print(f"The image cannot be checked: {problem}", file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2))
    wrong = problems(found)
    if wrong:
        print("The image is not as claimed: " + "; ".join(wrong) + ".", file=sys.stderr)
    return bool(wrong)


def checked(image: str, built: bool) -> dict[str, Any]:
    """What is found of ``image``, which is built first unless it was. Raises Wrong, or CalledProcessError."""
    with_ = engine()
    if not built:
        with_.build(image, shlex.split(os.environ.get("IMAGE_ARGS", "")))
    try:
        return measured(with_, image)
    finally:
        with_.close()


if __name__ == "__main__":
    sys.exit(main())
