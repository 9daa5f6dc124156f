"""How the pages speak of models and of what they run on."""

from importlib.metadata import version

from app import models


def test_the_page_says_what_a_model_runs_on(monkeypatch):
    model = models.load("lmm")
    torch_release, triton_release = (
        ".".join(version(package).split("+")[0].split(".")[:2]) for package in ("torch", "triton")
    )
    assert models.runs_on(model) == f"{model.device.type.upper()} · PyTorch {torch_release}"
    monkeypatch.setattr("titans_core.model.usual_backend", lambda *_: "triton")
    assert models.runs_on(model).endswith(f" · Triton {triton_release}")
    assert models.runs_on(models.load("attention")).endswith(f" · PyTorch {torch_release}")
