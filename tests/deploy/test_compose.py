"""Claims about deploy/compose.yaml: what the replicas share, and what nobody outside can reach."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
REPLICAS = [name for name in SERVICES if name.startswith("lab-")]
EXAMPLE = (ROOT / "deploy" / "env.example").read_text("utf-8")


def test_there_are_two_replicas_and_they_differ_in_place_alone() -> None:
    assert len(REPLICAS) == 2
    own = ("volumes", "networks")
    first, second = (
        {key: value for key, value in SERVICES[name].items() if key not in own} for name in REPLICAS
    )
    assert first == second
    assert SERVICES["lab-1"]["volumes"] != SERVICES["lab-2"]["volumes"]


def test_replicas_share_a_redis_and_the_secret_that_signs_cookies() -> None:
    given = SERVICES["lab-1"]["environment"]
    assert given["STREAMLIT_SERVER_COOKIE_SECRET"].startswith("${COOKIE_SECRET:?")
    assert re.fullmatch(r"redis://:\$\{REDIS_PASSWORD:\?[^}]+\}@redis:6379/0", given["TITANS_REDIS"])


def test_every_setting_that_is_set_is_one() -> None:
    given = SERVICES["lab-1"]["environment"]
    values = {
        name.removeprefix(PREFIX).lower(): value for name, value in given.items() if name.startswith(PREFIX)
    }
    assert values and set(values) <= set(Settings.model_fields)
    assert Settings(**values).metrics_address == "0.0.0.0"


def test_secrets_are_asked_for_and_none_stands_here() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (ROOT / "deploy" / "compose.yaml").read_text("utf-8")))
    assert asked == {"COOKIE_SECRET", "REDIS_PASSWORD"}
    for name in asked:
        assert re.search(rf"^{name}=$", EXAMPLE, flags=re.MULTILINE), name
    assert "deploy/.env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_nothing_but_the_proxy_has_a_port_and_only_the_proxy_has_a_way_out() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert [name for name, service in SERVICES.items() if "outside" in service["networks"]] == ["proxy"]
    assert all("inside" in service["networks"] for service in SERVICES.values())
    assert not any("network_mode" in service or "privileged" in service for service in SERVICES.values())


def test_the_proxy_knows_each_replica_by_its_address() -> None:
    given = SERVICES["proxy"]["environment"]
    for number, name in enumerate(REPLICAS, 1):
        assert given[f"LAB_{number}"] == f"{SERVICES[name]['networks']['inside']['ipv4_address']}:8501"
    template = (ROOT / "deploy" / "nginx.conf.template").read_text("utf-8")
    asked = set(re.findall(r"\$\{(\w+)\}", template))
    assert asked == {name for name in given if re.match(given["NGINX_ENVSUBST_FILTER"], name)}
    (volume,) = SERVICES["proxy"]["volumes"]
    assert volume == "./nginx.conf.template:/etc/nginx/templates/default.conf.template:ro"
    assert SERVICES["proxy"]["ports"] == [f"${{PORT:-8080}}:{given['LAB_LISTEN']}"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"]
    assert service["mem_limit"] and service["cpus"] and service["restart"] == "unless-stopped"
    assert "healthcheck" in service or service["image"] == "titans-lab", "whose image has one"
    assert service["logging"]["options"]["max-size"], "logs would fill the disk"
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or volume.endswith(":ro"), volume


def test_redis_holds_less_than_its_memory_and_lets_the_oldest_go() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--maxmemory 512mb" in command and "--maxmemory-policy volatile-lru" in command
    assert SERVICES["redis"]["mem_limit"] == "768m"
