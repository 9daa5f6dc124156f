"""`pip install .` brings a library that needs nothing of the checkout: it reads with the shipped models."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import titans_core as tc

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
OFFLINE = ["--no-deps", "--no-index"]
TEXT = "Mara put the red key in the attic."


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [*PIP, "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True)
    (built,) = folder.iterdir()
    return built


def test_the_wheel_holds_the_library_with_its_models_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    models = {f"titans_core/assets/models/{name}.safetensors" for name in tc.available()}
    recipes = {f"titans_core/configs/{path.name}" for path in (ROOT / "configs").glob("*.toml")}
    assert names >= models | recipes | {"titans_core/assets/tokenizer.json", "kernels/gpu/linear.py"}
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"kernels", "titans_core"}
    assert wheel.stat().st_size < 30_000_000


def test_installed_elsewhere_it_reads_a_text_as_here(wheel: Path, tmp_path: Path) -> None:
    place, hidden, elsewhere = (tmp_path / name for name in ("installed", "hidden", "elsewhere"))
    subprocess.run([*PIP, "install", *OFFLINE, "--target", str(place), str(wheel)], check=True)
    hidden.mkdir()
    (hidden / "numba.py").write_text("raise ImportError")  # it would compile anew what is new here
    elsewhere.mkdir()
    given = {**os.environ, "PYTHONPATH": f"{hidden}:{place}", "PYTHONIOENCODING": "utf-8"}
    command = [str(place / "bin" / "titans"), "stream", "-", "--model", "lmm"]
    told = subprocess.run(command, cwd=elsewhere, env=given, input=TEXT, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    lines = [line.split("\t") for line in told.stdout.splitlines()[1:]]
    trace = tc.Stream(tc.load("lmm")).feed(TEXT)
    assert "".join(json.loads(token) for token, *_ in lines) == TEXT == "".join(trace.tokens)
    assert [float(nll) for _, nll, *_ in lines] == pytest.approx(trace["nll"].tolist(), abs=2e-3)
    table = [command[0], "evaluate", "--suite", "niah", "--seeds", "1"]
    told = subprocess.run(table, cwd=elsewhere, env=given, capture_output=True, text=True)
    assert told.returncode == 1 and "a table is made in a checkout" in told.stderr and not told.stdout
    assert not list(elsewhere.iterdir()) and not list(place.rglob("assets/tables"))


def test_it_asks_for_no_release_that_the_lab_was_not_tested_with() -> None:
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)", (ROOT / "requirements.txt").read_text("utf-8"), re.M))
    for needed in PROJECT["dependencies"]:
        name, least = needed.split(">=")
        assert pinned[name].split(".")[: least.count(".") + 1] == least.split("."), needed
