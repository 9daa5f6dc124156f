"""Only an assembler that is trusted makes a card's code; the packages' own may be too old."""

import pytest
import torch

from kernels import backends
from kernels.gpu import assembler


@pytest.fixture
def ptxas(tmp_path, monkeypatch):
    """A maker of assemblers that say which release they are; no other is found."""
    monkeypatch.delenv(assembler.VARIABLE, raising=False)
    monkeypatch.setattr(assembler, "_candidates", lambda: iter(found))
    found = []

    def make(release):
        path = tmp_path / f"ptxas-{release}"
        path.write_text(f"#!/bin/sh\necho 'Cuda compilation tools, release {release}, V{release}.9'\n")
        path.chmod(0o755)
        found.append(str(path))
        return str(path)

    return make


def test_the_first_that_is_new_enough_is_taken_and_triton_is_told(ptxas, monkeypatch):
    monkeypatch.setenv(assembler.VARIABLE, "to be put back")
    ptxas("12.8")
    newer = ptxas("13.1")
    ptxas("14.0")
    assert assembler.find() == newer
    assert assembler.os.environ[assembler.VARIABLE] == newer


def test_one_that_is_missing_or_says_nothing_is_passed_over(ptxas, tmp_path):
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexit 1\n")
    silent.chmod(0o755)
    assert assembler._release(str(silent)) == assembler._release(str(tmp_path / "nowhere")) == 0
    assert assembler.find() is None


def test_the_one_that_was_chosen_stands_alone(monkeypatch):
    monkeypatch.setenv(assembler.VARIABLE, "/chosen/ptxas")
    assert list(assembler._candidates()) == ["/chosen/ptxas"]


class OnCard:
    """As much of a tensor on a GPU as choosing a backend looks at."""

    is_cuda, dtype, shape = True, torch.float32, (1, 1, 16, 16)
    device = torch.device("cuda")


def test_without_a_trusted_one_the_kernels_are_not_taken_and_say_why(monkeypatch):
    monkeypatch.setattr(assembler, "TRUSTED", None)
    assert backends.usual_backend((OnCard(),), 1) == "torch"
    with pytest.raises(RuntimeError, match="assembler .* of CUDA 13 or newer"):
        backends.chosen("triton", (OnCard(),), 1, torch.float32)


def test_with_one_they_are(monkeypatch):
    monkeypatch.setattr(assembler, "TRUSTED", "/a/ptxas")
    assert backends.usual_backend((OnCard(),), 1) == backends.chosen("auto", (OnCard(),), 1, torch.float32)
    assert backends.usual_backend((OnCard(),), 1) == "triton"
