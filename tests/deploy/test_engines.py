"""Claims about how the image is built and started, by an engine that only writes down what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "user": 10001,
    "written": [],
    "volume": True,
    "networks": ["lo"],
    "torch": "2.13.0+cpu",
    "cuda": [],
    "tools": [],
}
ENGINE = """#!{python}
import json, os, sys
told, code = sys.argv[1:], sys.argv[-1]
with open(os.environ["HEARD"], "a") as heard:
    print(json.dumps(told), file=heard)
if told[0] == "run":
    print("1500 /" if "du" in told else "c0ffee")
elif told[0] == "inspect":
    print(os.environ["HEALTH"])
elif told[0] == "exec":
    print(os.environ["FACTS"] if "distributions" in code else "{{}}" if "AppTest" in code else "attic")
"""


def check(folder: Path, *names: str, **told: str) -> tuple[subprocess.CompletedProcess[str], list[list[str]]]:
    """Check the image where only these engines are; what came of it, and what they were asked."""
    for name in names:
        (folder / name).write_text(ENGINE.format(python=sys.executable), encoding="utf-8")
        (folder / name).chmod(0o755)
    heard = folder / "heard"
    heard.touch()
    facts = {"FACTS": json.dumps(GOOD), "HEALTH": "healthy", "HEARD": str(heard), "PATH": str(folder)}
    command = [sys.executable, "-m", "deploy.image"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | facts | told, capture_output=True, text=True)
    return done, [json.loads(line) for line in heard.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_an_engine_starts_the_image_with_nothing_that_it_does_not_need(tmp_path: Path, name: str) -> None:
    done, heard = check(tmp_path, name, IMAGE_ARGS="--build-arg 'BASE_IMAGE=my base'")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["engine"] == name and json.loads(done.stdout)["health"] == "healthy"
    assert heard[1] == ["build", "--build-arg", "BASE_IMAGE=my base", "-t", "titans-lab", str(ROOT)]
    starts = [told for told in heard if told[:2] == ["run", "--detach"]]
    assert len(starts) == 3
    for told in starts:
        assert {"--read-only", "--network=none", "--cap-drop=ALL"} <= set(told)
        assert "--security-opt=no-new-privileges" in told and told[-1] == "titans-lab"
    assert [told[0] for told in heard].count("stop") == 3
    assert heard[-1] == ["rm", "--force", "--volumes", "c0ffee"]


def test_docker_is_taken_before_podman(tmp_path: Path) -> None:
    done, _ = check(tmp_path, "docker", "podman")
    assert json.loads(done.stdout)["engine"] == "docker"


@pytest.mark.parametrize(
    "told, why",
    [({"HEALTH": "unhealthy"}, "is unhealthy"), ({"FACTS": json.dumps(GOOD | {"user": 0})}, "runs as 0")],
)
def test_an_image_that_does_not_hold_what_is_claimed_fails(
    tmp_path: Path, told: dict[str, str], why: str
) -> None:
    done, _ = check(tmp_path, "docker", **told)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("The image is not as claimed: ") and why in done.stderr


def test_where_no_engine_is_that_is_said(tmp_path: Path) -> None:
    done, _ = check(tmp_path)
    assert done.returncode == 1 and not done.stdout
    assert "start docker, or install podman, or, as root, buildah" in done.stderr
