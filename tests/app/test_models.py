"""How the pages speak of models and of what they run on."""

import pytest
import torch

import titans_core as tc
from app import models
from kernels.compiled import preferred
from titans_core import stepping
from titans_core.machine import backend_name, release

PYTORCH = f"PyTorch {release('torch')}"
needs_numba = pytest.mark.skipif(not stepping.installed(), reason="numba is not installed: pip install numba")


def test_the_page_says_what_a_model_runs_on(monkeypatch):
    monkeypatch.setattr("titans_core.model.preferred", lambda _: False)
    model = models.load("lmm")
    assert models.runs_on(model) == f"{model.device.type.upper()} · {PYTORCH}"
    monkeypatch.setattr("titans_core.model.usual_backend", lambda *_, **__: "triton")
    assert models.runs_on(model).endswith(f" · Triton {release('triton')}")
    assert models.runs_on(models.load("attention")).endswith(f" · {PYTORCH}")


@needs_numba
@pytest.mark.parametrize("name", ["lmm", "mac-deep"])
def test_the_page_says_that_a_compiled_loop_is_taken(name, monkeypatch):
    model = tc.load(name, device="cpu")
    taken = []

    def listen(given):
        taken.append(preferred(given))
        return taken[-1]

    monkeypatch.setattr("kernels.api.preferred", listen)
    for threads in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        with torch.inference_mode():
            model(torch.tensor([[5] * 20]))
        assert set(taken) == {model.backend == "numba"} == {True}
    numba = f"{PYTORCH} with numba {release('numba')}"
    assert models.runs_on(model) == f"CPU · {numba}" and backend_name("numba") == numba
    with torch.device("meta"):
        assert type(model)(model.config).backend == "torch", "numba is for the processor"
    monkeypatch.setattr("kernels.compiled._installed", lambda: False)
    assert models.runs_on(model) == f"CPU · {PYTORCH}"
