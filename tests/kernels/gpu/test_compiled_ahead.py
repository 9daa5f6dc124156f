"""Without any GPU: every kernel compiles for two generations, within a budget of registers.

What finds no register goes through memory, which no test of numbers would notice.
"""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from kernels.gpu.compile import SHARED
from kernels.gpu.fingerprint import fingerprint

# Bytes a thread that may be spilled, by compute capability and kernel; 0 for all that are not named. Float32
# spills on the way back, and 64 wide in telemetry, half precision where 128 wide: right, and slower than it
# could be. The chain of chunks keeps in registers all that it can.
SPILLS = {
    90: {
        "reverse_state, parallel, 32 fp32": 400,
        "to_tokens, parallel, 32 fp32": 704,
        "reverse_state, solved, 32 fp32": 304,
        "to_tokens, solved, 32 fp32": 2832,
        "reverse_state, parallel, 64 fp32": 336,
        "to_tokens, parallel, 64 fp32": 928,
        "state, solved, 64 fp32": 48,
        "state kept, solved, 64 fp32": 48,
        "reverse_state, solved, 64 fp32": 208,
        "to_tokens, solved, 64 fp32": 2192,
        "products, 64 fp32": 400,
        "state, parallel, 64 bf16": 96,
        "state kept, parallel, 64 bf16": 144,
        "state, solved, 64 bf16": 128,
        "state kept, solved, 64 bf16": 240,
        "to_tokens, parallel, 64 bf16": 64,
        "to_tokens, solved, 64 bf16": 656,
        "solve, 64 bf16": 64,
        "reverse_state, parallel, 128 bf16": 80,
        "to_tokens, parallel, 128 bf16": 4368,
        "state, solved, 128 bf16": 48,
        "state kept, solved, 128 bf16": 32,
        "reverse_state, solved, 128 bf16": 128,
        "to_tokens, solved, 128 bf16": 4512,
        "solve, 128 bf16": 256,
        "products, 128 bf16": 80,
        "recurrent, 128 bf16": 208,
        "deep, 32 wide, 16 rows": 32,
        "deep, 64 wide, 16 rows": 64,
        "deep, 64 wide, 32 rows": 64,
        "deep_sizes, 64 wide, 32 rows": 32,
        "deep_recurrent, 64 wide, blocks of one": 64,
        "deep_recurrent, 64 wide, longer blocks": 368,
    },
    80: {
        "reverse_state, parallel, 32 fp32": 480,
        "to_tokens, parallel, 32 fp32": 704,
        "reverse_state, solved, 32 fp32": 368,
        "to_tokens, solved, 32 fp32": 2832,
        "reverse_state, parallel, 64 fp32": 288,
        "to_tokens, parallel, 64 fp32": 912,
        "state, solved, 64 fp32": 48,
        "state kept, solved, 64 fp32": 48,
        "reverse_state, solved, 64 fp32": 272,
        "to_tokens, solved, 64 fp32": 2144,
        "products, 64 fp32": 400,
        "state, parallel, 64 bf16": 144,
        "state kept, parallel, 64 bf16": 240,
        "state, solved, 64 bf16": 320,
        "state kept, solved, 64 bf16": 432,
        "to_tokens, parallel, 64 bf16": 912,
        "reverse_state, solved, 64 bf16": 128,
        "to_tokens, solved, 64 bf16": 2240,
        "solve, 64 bf16": 64,
        "state, parallel, 128 bf16": 32,
        "reverse_state, parallel, 128 bf16": 256,
        "to_tokens, parallel, 128 bf16": 5168,
        "state, solved, 128 bf16": 16,
        "state kept, solved, 128 bf16": 128,
        "reverse_state, solved, 128 bf16": 192,
        "to_tokens, solved, 128 bf16": 6656,
        "solve, 128 bf16": 80,
        "products, 128 bf16": 1200,
        "recurrent, 128 bf16": 176,
        "deep, 32 wide, 16 rows": 48,
        "deep, 64 wide, 16 rows": 192,
        "deep, 64 wide, 32 rows": 208,
        "deep_sizes, 64 wide, 32 rows": 80,
        "deep_recurrent, 64 wide, blocks of one": 144,
        "deep_recurrent, 64 wide, longer blocks": 464,
    },
}


SAMPLE = {
    90: ("state, parallel, 64 bf16", "share, 64 bf16", "deep_sizes, 32 wide, 16 rows"),
    80: ("products, 64 bf16", "to_gates, solved, 32 fp32"),
}
KEPT = Path(__file__).parent / "compiled"


def lines(told: str) -> tuple[str, dict[str, list[str]]]:
    """The first line, and each kernel's cells by its name."""
    first, *rest = told.splitlines()
    return first, {name: cells for name, *cells in (line.split("\t") for line in rest)}


@pytest.mark.parametrize("capability", SPILLS)
def test_what_is_kept_is_of_these_kernels(capability):
    """All of them take minutes to compile: so what came of it is kept, and made anew with every change."""
    kept = KEPT / f"{capability}.tsv"
    first, _ = lines(kept.read_text(encoding="utf-8"))
    again = f"python -m kernels.gpu.compile {capability} > {kept.relative_to(Path.cwd())}"
    assert first == f"kernels {fingerprint()}, Triton {version('triton')}", f"they have changed: {again}"


@pytest.mark.parametrize("capability", SPILLS)
def test_every_kernel_compiles_within_its_budget(capability):
    _, kept = lines((KEPT / f"{capability}.tsv").read_text(encoding="utf-8"))
    assert len(kept) >= 15 and set(kept) >= set(SPILLS[capability]) | set(SAMPLE[capability])
    for name, cells in kept.items():
        warps, registers, spilled, shared = map(int, cells)
        assert registers * warps * 32 <= 65536, name
        assert spilled <= SPILLS[capability].get(name, 0), f"{name} spills {spilled} bytes"
        assert shared <= SHARED[capability], name


@pytest.mark.slow
@pytest.mark.parametrize("capability", SAMPLE)
def test_a_sample_compiles_to_what_is_kept(capability):
    done = subprocess.run(
        [sys.executable, "-m", "kernels.gpu.compile", str(capability), *SAMPLE[capability]],
        env={name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    first, found = lines(done.stdout)
    heading, kept = lines((KEPT / f"{capability}.tsv").read_text(encoding="utf-8"))
    assert first == heading and found == {name: kept[name] for name in SAMPLE[capability]}


SPECIALIZED = """
from kernels.gpu.compile import WHOLE, every
for form in every(90):
    for one in form.kernel.params:
        if one.name in WHOLE and not one.do_not_specialize:
            print(form.kernel.__name__, one.name)
"""


def test_texts_of_other_lengths_run_what_has_been_compiled():
    """Heads do not change from call to call, and for one token Triton may make of a loop what it likes."""
    done = subprocess.run(
        [sys.executable, "-c", SPECIALIZED],
        env={name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {tuple(line.split()) for line in done.stdout.splitlines()}
    assert {whole for kernel, whole in found if not kernel.endswith("recurrent")} == {"H"}
    assert {whole for kernel, whole in found if kernel.endswith("recurrent")} == {"H", "T", "block"}


def test_a_kernel_that_does_not_exist_is_refused_in_words():
    done = subprocess.run(
        [sys.executable, "-m", "kernels.gpu.compile", "90", "outputs"], capture_output=True, text=True
    )
    assert done.returncode == 2 and "no kernel 'outputs'" in done.stderr
