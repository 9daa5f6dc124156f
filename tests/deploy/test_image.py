"""Claims about the Dockerfile that need no engine, and about what the check of the image finds wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.settings import PREFIX, Settings
from deploy.image import problems

ROOT = Path(__file__).resolve().parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
BUILDER, FINAL = DOCKERFILE.split("\nFROM ")[1:]
GIVEN = dict(re.findall(r"(\w+)=(\S+)", FINAL.split("ENV ")[1].split("\n\n")[0]))
MEASURED = json.loads((ROOT / "benchmarks" / "results" / "image.json").read_text("utf-8"))["image"]


def test_both_stages_stand_on_the_one_base_and_the_last_installs_for_triton_alone() -> None:
    assert BUILDER.startswith("${BASE_IMAGE} AS builder") and FINAL.startswith("${BASE_IMAGE}\n")
    assert "install -r requirements.txt" in BUILDER
    installs = re.findall(r"^RUN (.*?[^\\])$", FINAL, flags=re.MULTILINE | re.DOTALL)
    installs = [run for run in installs if "install -y" in run or "pip" in run]
    assert len(installs) == 1 and installs[0].startswith("if ls -d /venv/lib/python3*/site-packages/triton")


def test_what_is_copied_is_there_and_passes_the_ignored() -> None:
    copied = {line.split()[1] for line in BUILDER.splitlines() if line.startswith("COPY ")}
    ignore = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignore[0] == "*" and "**/__pycache__" in ignore
    assert copied == {line[1:] for line in ignore if line.startswith("!")}
    for name in copied:
        assert (ROOT / name).exists(), name


def test_all_that_is_written_goes_to_the_one_volume() -> None:
    assert re.findall(r"^VOLUME (.*)$", FINAL, flags=re.MULTILINE) == ["/data"]
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "TITANS_STATE"):
        assert GIVEN[name].split("/")[1] == "data", name


def test_the_image_sets_only_settings_that_are() -> None:
    values = {
        name.removeprefix(PREFIX).lower(): value for name, value in GIVEN.items() if name.startswith(PREFIX)
    }
    assert Settings(**values).log_format == "json" and set(values) <= set(Settings.model_fields)


def test_it_asks_no_server_abroad_when_it_starts() -> None:
    assert GIVEN["STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE"] == "true"


def test_its_health_is_asked_where_it_listens() -> None:
    assert f"http://127.0.0.1:{GIVEN['STREAMLIT_SERVER_PORT']}/_stcore/health" in FINAL
    assert f"EXPOSE {GIVEN['STREAMLIT_SERVER_PORT']}" in FINAL


def test_what_was_measured_is_what_is_claimed() -> None:
    assert problems(MEASURED) == []


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"user": 0}, "runs as 0"),
        ({"written": ["/lab/x"]}, "/lab/x"),
        ({"volume": False}, "volume cannot be written"),
        ({"networks": ["eth0", "lo"]}, "eth0"),
        ({"answer": ""}, "answers ''"),
        ({"broken_pages": {"needle": ["gone"]}}, "needle"),
        ({"health": "unhealthy"}, "unhealthy"),
        ({"tools": ["gcc"]}, "gcc"),
        ({"seconds_to_healthy": [3.0, 15.5]}, "15.5 s"),
        ({"megabytes_unpacked": 2_300}, "2300 MB"),
        ({"cuda": ["triton"]}, "triton"),
        ({"torch": "2.13.0+cu130"}, "2.13.0+cu130"),
    ],
)
def test_an_image_that_is_otherwise_is_told(changed: dict[str, Any], told: str) -> None:
    (problem,) = problems(MEASURED | changed)
    assert told in problem


def test_an_image_for_a_card_may_be_larger() -> None:
    card = {"torch": "2.13.0+cu130", "cuda": ["nvidia-nccl-cu13", "triton"], "tools": ["gcc"]}
    assert problems(MEASURED | card | {"megabytes_unpacked": 7_000}) == []
