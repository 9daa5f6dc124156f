"""The benchmark runs from end to end without a GPU: small sizes, the interpreter, and a clock that tells
nothing."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from benchmarks import chain, gpu, kernels
from benchmarks.report_gpu import ABSENT, CHANGED, IN_SHORT, gpu_in_short, on_gpu
from kernels.gpu import launch
from kernels.gpu.launch import Chain


@pytest.fixture
def small(monkeypatch):
    """Sizes for the interpreter; nothing is kept where results lie."""
    main = gpu.Size(1, 1, 64, 16)
    monkeypatch.setattr(gpu, "DEVICE", "cpu")
    monkeypatch.setattr(gpu, "MAIN", main)
    monkeypatch.setattr(gpu, "COMPILED", main)
    monkeypatch.setattr(gpu, "DEEP", replace(main, batch=2, tokens=32))
    monkeypatch.setattr(gpu, "HIDDEN", 16)
    monkeypatch.setattr(gpu, "LENGTHS", [replace(main, tokens=n) for n in (64, 128)])
    monkeypatch.setattr(gpu, "STEPS", [replace(main, tokens=1)])
    monkeypatch.setattr(gpu, "ATTENTION_UP_TO", 64)
    monkeypatch.setattr(gpu, "card", lambda: {"name": "none", "driver_version": "0", "clocks.sm": "0 MHz"})
    # bf16 products fail in the interpreter, and fp16 serves as well
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.half)

    def once(work):
        work()
        return {"median_ms": 2.0, "quartiles_ms": (1.0, 3.0), "started_ms": 4.0, "recorded": True}

    monkeypatch.setattr("benchmarks.peers.clock.timed", once)
    monkeypatch.setattr(gpu, "kernels_of", lambda work: {"state": 250.0} if work() else {})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU: run python -m benchmarks.gpu itself")
@pytest.mark.usefixtures("small")
def test_every_row_is_measured_and_told(tmp_path):
    *before, result = gpu.measure()
    assert before and all(one["rows"] == result["rows"][: len(one["rows"])] for one in before)
    result |= {"by_kernel": gpu.by_kernel(gpu.MAIN)}
    names = [row["name"] for row in result["rows"]]
    told = ("exact rule, telemetry", "block = chunk, with gradient", "deep, with gradient")
    for name in (*(f"ours, {what}" for what in told), "SDPA, causal"):
        assert name in names
    assert sum(row["size"]["tokens"] == 128 for row in result["rows"]) == 2  # no attention beyond its length
    told = gpu.table(json.loads(json.dumps(result)))
    assert all(name in told for name in names) and "nan" not in told
    (tmp_path / "gpu.json").write_text(json.dumps(result))
    page = on_gpu(tmp_path)
    told = ("ours, exact rule, telemetry", "SDPA, causal", "| 64 | 128 |", "| ours, deep | 2 | 32 | 2.000 |")
    assert all(name in page for name in told)
    assert "| ours, exact rule, with gradient | `state` 250 |" in page and CHANGED not in page
    (tmp_path / "gpu.json").write_text(json.dumps(result | {"kernels": "others"}))
    short = gpu_in_short(tmp_path)
    assert CHANGED in on_gpu(tmp_path) and CHANGED in short
    assert all(what in short for what in IN_SHORT.values()), "the names are those that were measured"


@pytest.mark.parametrize("code", ["print('[]', 1)", "print('[]'); exit(1)"], ids=["no JSON", "failure"])
def test_a_peer_that_fails_takes_nothing_with_it(code, capfd):
    assert gpu.told_by([sys.executable, "-c", code], {}) == []
    assert "failed" in capfd.readouterr().err


def test_what_is_checked_on_a_card_asks_for_no_release_of_triton(monkeypatch):
    commands = []
    done = SimpleNamespace(returncode=0)
    monkeypatch.setattr(gpu.subprocess, "run", lambda command, **_: commands.append(command) or done)
    gpu.check()
    (left_out,) = (part.removeprefix("--ignore=") for part in commands[0] if part.startswith("--ignore="))
    assert "version('triton')" in (gpu.ROOT / left_out).read_text().replace('"', "'")


def test_wrong_peers_have_no_time():
    row = {"name": "peer", "error": 0.5, "version": "1"}
    card = {"name": "none", "driver_version": "0", "clocks.sm": "0 MHz"}
    told = gpu.table({"rows": [row], "card": {"before": card, "after": card}})
    assert "wrong by 5.0e-01: not timed" in told


def test_a_kernels_share_is_what_one_call_takes_of_it():
    def event(name, time):
        return SimpleNamespace(key=name, self_device_time_total=time)

    found = kernels.shares([event("output", 1000.0), event("cudaLaunchKernel", 0.0), event("state", 2345.6)])
    assert list(found.items()) == [("state", 234.6), ("output", 100.0)]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_sentence_says_so(monkeypatch):
    monkeypatch.setattr("sys.argv", ["gpu"])
    with pytest.raises(SystemExit, match="no CUDA GPU"):
        gpu.main()


def test_where_nothing_was_measured_the_page_says_so(tmp_path):
    assert "No kernel has run on a GPU yet" in ABSENT
    assert on_gpu(tmp_path) == gpu_in_short(tmp_path) == ABSENT


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU: run python -m benchmarks.chain itself")
@pytest.mark.usefixtures("small")
def test_every_setting_of_the_chain_is_timed_and_the_kernels_own_is_among_them():
    own = [mark for setting in chain.settings() for mark in chain.ours(*setting)]
    assert sorted(own) == ["<- BACKWARD", "<- FORWARD"]
    assert list(chain.timed(Chain(16, 8, 1), 1)) == ["2.000"] * 4
    assert launch.FORWARD != Chain(16, 8, 1) != launch.BACKWARD
