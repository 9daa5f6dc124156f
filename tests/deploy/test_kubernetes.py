"""Claims about deploy/kubernetes: what a cluster would accept, and what it may rely on."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
RESOURCES = [
    resource
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for resource in yaml.safe_load_all(path.read_text("utf-8"))
]


def named(kind: str, name: str = "titans-lab") -> dict[str, Any]:
    """The one resource of that kind and name."""
    (found,) = [one for one in RESOURCES if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    resource: dict[str, Any] = found
    return resource


def pods() -> list[dict[str, Any]]:
    """What each workload starts."""
    return [one["spec"]["template"] for one in RESOURCES if one["kind"] in ("Deployment", "StatefulSet")]


def lab() -> dict[str, Any]:
    """The lab's container."""
    container: dict[str, Any] = named("Deployment")["spec"]["template"]["spec"]["containers"][0]
    return container


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_every_resource_is_what_its_schema_says(resource: dict[str, Any]) -> None:
    version = kubernetes_validate.latest_version()
    kubernetes_validate.validate(resource, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(resource | {"surprise": 1}, version, strict=True)


def test_all_is_applied_but_the_example_of_a_secret() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml", "secret.example.yaml"}
    assert set(KUSTOMIZATION["resources"]) == files


def test_the_example_of_a_secret_holds_none_and_what_is_asked_of_it() -> None:
    given = named("Secret")["stringData"]
    assert set(given.values()) == {""}
    asked = [
        variable["valueFrom"]["secretKeyRef"]
        for pod in pods()
        for container in pod["spec"]["containers"]
        for variable in container["env"]
        if "valueFrom" in variable
    ]
    assert {reference["name"] for reference in asked} == {"titans-lab"}
    assert {reference["key"] for reference in asked} == set(given)


def test_the_image_is_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    (image,) = KUSTOMIZATION["images"]
    assert (lab()["image"], image["newTag"]) == (image["name"], version)


def test_every_setting_that_is_set_is_one() -> None:
    names = [variable["name"] for variable in lab()["env"] if variable["name"].startswith(PREFIX)]
    assert names and {name.removeprefix(PREFIX).lower() for name in names} <= set(Settings.model_fields)
    values = {
        variable["name"].removeprefix(PREFIX).lower(): variable["value"]
        for variable in lab()["env"]
        if variable["name"] in names
    }
    assert Settings(**values).metrics_port == 9464


def test_no_pod_may_more_than_it_needs() -> None:
    for pod in pods():
        whole = pod["spec"]["securityContext"]
        assert whole["runAsNonRoot"] and whole["runAsUser"] and whole["runAsGroup"] and whole["fsGroup"]
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False, "TITANS_… would be set to what no setting takes"
        for container in pod["spec"]["containers"]:
            own = container["securityContext"]
            assert own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"]
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert container["readinessProbe"] and container["livenessProbe"]


def test_the_lab_has_the_user_and_the_volume_of_its_image() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    pod = named("Deployment")["spec"]["template"]["spec"]["securityContext"]
    assert f"USER {pod['runAsUser']}:{pod['runAsGroup']}" in dockerfile
    (mount,) = lab()["volumeMounts"]
    assert f"VOLUME {mount['mountPath']}" in dockerfile


def test_labels_ports_and_names_lead_to_each_other() -> None:
    label = named("Deployment")["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"]: port["containerPort"] for port in lab()["ports"]}
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert named(kind)["spec"]["selector"] == {"matchLabels": label}
    assert named("Service")["spec"]["selector"] == label
    assert [port["targetPort"] for port in named("Service")["spec"]["ports"]] == ["http"]
    (path,) = named("Ingress")["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"] == {"name": "titans-lab", "port": {"name": "http"}}
    assert lab()["readinessProbe"]["httpGet"] == {"path": "/_stcore/health", "port": "http"}
    scaled = named("HorizontalPodAutoscaler")["spec"]
    assert scaled["scaleTargetRef"]["name"] == "titans-lab" and scaled["minReplicas"] >= 2
    assert ports == {"http": 8501, "metrics": 9464}


def test_nobody_reaches_the_metrics_by_the_ingress_nor_from_every_namespace() -> None:
    (_, metrics) = named("NetworkPolicy")["spec"]["ingress"]
    assert metrics["ports"] == [{"protocol": "TCP", "port": 9464}]
    assert metrics["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ]


def test_the_lab_reaches_redis_and_names_alone_and_redis_nobody() -> None:
    policy = named("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in policy["egress"]] == [[6379], [53, 53]]
    assert all(rule["to"] for rule in policy["egress"])
    redis = named("NetworkPolicy", "titans-redis")["spec"]
    assert redis["policyTypes"] == ["Ingress", "Egress"] and redis["egress"] == []
    (rule,) = redis["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": policy["podSelector"]["matchLabels"]}}]


def test_a_browser_stays_at_its_replica_by_either_ingress() -> None:
    by_service = named("Service")["metadata"]["annotations"]
    assert by_service["traefik.ingress.kubernetes.io/service.sticky.cookie"] == "true"
    by_ingress = named("Ingress")["metadata"]["annotations"]
    assert by_ingress["nginx.ingress.kubernetes.io/affinity"] == "cookie"
    assert by_ingress["nginx.ingress.kubernetes.io/session-cookie-change-on-failure"] == "true"
