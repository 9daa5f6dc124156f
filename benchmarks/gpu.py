"""The kernels on a GPU: checked, then timed beside peers and the card's own ceiling, in one call.

    python -m benchmarks.gpu [--peers PYTHON] [--packages FOLDER]

PYTHON runs the peers, by default that of `.venv-bench`; FOLDER is where their packages lie, their Triton
among them, if not with it: an older one refuses some of them. Whatever is timed is kept at once.
Every time is the median of many runs, the card's cache emptied before each (`peers/clock.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from benchmarks import together
from benchmarks.kernels import kernels_of
from benchmarks.machine import describe, keep
from benchmarks.report_gpu import beside
from kernels import memory
from kernels.gpu.fingerprint import fingerprint

ROOT = Path(__file__).resolve().parent.parent
PEERS = [
    ROOT / "benchmarks" / "peers" / name for name in ("flash_linear_attention.py", "titans_pytorch_gpu.py")
]
COMPILED_BY = ROOT / "benchmarks" / "peers" / "compiled.py"
PEER_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
DEVICE = "cuda"
CHUNK = 64
RULES = {"block = chunk": CHUNK, "exact rule": 1}  # the paper's parallel form, and a gradient at every token


@dataclass(frozen=True)
class Size:
    """Sequences, heads, tokens, width of keys and values."""

    batch: int
    heads: int
    tokens: int
    width: int


MAIN = Size(8, 8, 16_384, 64)
COMPILED = replace(MAIN, tokens=2_048)  # a compiler unrolls the loop over chunks: longer takes it too long
LENGTHS = [replace(MAIN, batch=1, tokens=1 << n) for n in (10, 12, 14, 16, 18, 20)]
ATTENTION_UP_TO = 1 << 18  # tokens: its cost grows with the square
DEEP, HIDDEN, DEEP_BLOCK = replace(MAIN, tokens=2_048), 128, 16  # the PyTorch form is a loop over blocks
STEPS = [replace(MAIN, batch=n, tokens=1) for n in (1, 50)]


@dataclass(frozen=True)
class Row:
    """One contestant at one size: milliseconds as `clock.timed` gives them."""

    name: str
    size: Size
    median_ms: float
    quartiles_ms: tuple[float, float]
    started_ms: float
    recorded: bool


class Call(NamedTuple):
    """A memory's arguments."""

    tokens: list[Tensor]  # q, k, v, eta, theta, alpha
    weights: tuple[Tensor, ...]
    momentum: tuple[Tensor, ...]

    def run(self, block: int, backend: str, telemetry: bool = False) -> Any:
        options: dict[str, Any] = {"chunk_size": CHUNK, "block_size": block, "backend": backend}
        return memory(*self.tokens, self.weights, self.momentum, **options, telemetry=telemetry)

    def run_deep(self, backend: str, telemetry: bool = False) -> Any:
        """As the deep models do it: decaying to where it began, by the bounded step."""
        options: dict[str, Any] = {"chunk_size": DEEP_BLOCK, "block_size": DEEP_BLOCK, "step": "bounded"}
        options |= {"backend": backend, "telemetry": telemetry, "initial": self.weights}
        return memory(*self.tokens, self.weights, self.momentum, **options)


def call(size: Size, gradients: bool = False) -> Call:
    """Unit keys and queries in bfloat16, gates within the bounds that models are trained with."""
    random = torch.Generator(DEVICE).manual_seed(0)
    shape = (size.batch, size.tokens, size.heads)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, device=DEVICE)

    def gate(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=random, device=DEVICE)

    q, k, v = (normal(*shape, size.width) for _ in range(3))
    q, k = (torch.nn.functional.normalize(x, dim=-1) for x in (q, k))
    eta, alpha = gate(0.0, 0.9), gate(0.0, 0.1)
    theta = gate(0.0, 0.5) * (1 - eta)
    tokens = [*(x.bfloat16() for x in (q, k, v)), eta, theta, alpha]
    state = normal(2, size.batch, size.heads, size.width, size.width) / size.width
    for x in tokens:
        x.requires_grad_(gradients)
    return Call(tokens, (state[0],), (0.1 * state[1],))


def deep_call(size: Size, gradients: bool = False) -> Call:
    """The same tokens, in float32, for a memory of two layers."""
    tokens = [x.detach().float().requires_grad_(gradients) for x in call(size).tokens]
    per_head = (size.batch, size.heads)
    weights = tuple(
        torch.randn(*per_head, rows, columns, device=DEVICE) / rows
        for rows, columns in ((size.width, HIDDEN), (HIDDEN, size.width))
    )
    return Call(tokens, weights, tuple(torch.zeros_like(w) for w in weights))


def row(name: str, size: Size, work: Callable[[], Any]) -> Row:
    from benchmarks.peers.clock import timed  # not at the top: it needs Triton

    return Row(name, size, **timed(work))


def ours(size: Size) -> Iterator[Row]:
    """All that we do with it, timed."""
    for name, work in works(size):
        yield row(name, size, work)


def works(size: Size) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Both rules: forward, with telemetry, and with the outer gradient; each to be run before the next."""
    for rule, block in RULES.items():
        with torch.no_grad():
            one = call(size)
            yield f"ours, {rule}", lambda one=one, block=block: one.run(block, "triton")
            yield f"ours, {rule}, telemetry", lambda one=one, block=block: one.run(block, "triton", True)
        leaves = call(size, gradients=True)
        yield (
            f"ours, {rule}, with gradient",
            with_gradient(lambda leaves=leaves, block=block: leaves.run(block, "triton").y, leaves),
        )


def by_kernel(size: Size) -> dict[str, dict[str, float]]:
    """What the kernels of each take of it, microseconds."""
    return {name: kernels_of(work) for name, work in works(size)}


def with_gradient(read: Callable[[], Tensor], one: Call) -> Callable[[], Any]:
    """Forward and backward to all tokens and gates."""
    to = torch.randn_like(one.tokens[2])
    return lambda: torch.autograd.grad(read(), one.tokens, to)


def deep(size: Size) -> Iterator[Row]:
    """A memory of two layers, by the kernels and by PyTorch."""
    one, leaves = deep_call(size), deep_call(size, gradients=True)
    for name, backend in (("ours, deep", "triton"), ("PyTorch, deep", "torch")):
        with torch.no_grad():
            yield row(name, size, lambda backend=backend: one.run_deep(backend))
            yield row(f"{name}, telemetry", size, lambda backend=backend: one.run_deep(backend, True))
        work = with_gradient(lambda backend=backend: leaves.run_deep(backend).y, leaves)
        yield row(f"{name}, with gradient", size, work)


def in_pytorch(size: Size, short: Size) -> Iterator[Row]:
    """The same memory as chunked PyTorch, and ours at the length that a compiler can take it in."""
    with torch.no_grad():
        one, brief = call(size), call(short)
        yield row("chunked PyTorch, eager", size, lambda: one.run(CHUNK, "torch"))
        yield row("chunked PyTorch, eager", short, lambda: brief.run(CHUNK, "torch"))
        yield row("ours, block = chunk", short, lambda: brief.run(CHUNK, "triton"))


def ceilings(size: Size) -> Iterator[Row]:
    """A copy of as many bytes as the memory must read and write, and of those of its chunk states."""
    one = call(size)
    needed = sum(x.nbytes for x in one.tokens) + one.tokens[2].nbytes  # and y, like v
    states = 2 * (size.tokens // CHUNK) * one.weights[0].numel() * 2  # M and S, in bfloat16
    for name, count in (
        ("copy of inputs and outputs", needed),
        ("copy of these and the chunk states, written and read", needed + 2 * states),
    ):
        source = torch.randn(count // 8, device=DEVICE)  # four bytes each, read once and written once
        target = torch.empty_like(source)
        yield row(name, size, lambda target=target, source=source: target.copy_(source))


def attention(size: Size) -> Row:
    """Causal attention over the whole length."""
    q, k, v = (x.transpose(1, 2).contiguous() for x in call(size).tokens[:3])
    attend = torch.nn.functional.scaled_dot_product_attention
    return row("SDPA, causal", size, lambda: attend(q, k, v, is_causal=True))


def lengths(sizes: list[Size]) -> Iterator[Row]:
    """One sequence, longer and longer."""
    for size in sizes:
        with torch.no_grad():
            one = call(size)
            for rule, block in RULES.items():
                yield row(f"ours, {rule}", size, lambda one=one, block=block: one.run(block, "triton"))
            if size.tokens <= ATTENTION_UP_TO:
                yield attention(size)


def steps(sizes: list[Size]) -> Iterator[Row]:
    """One token of one stream, and of a class of them, with telemetry."""
    with torch.no_grad():
        for size in sizes:
            one = call(size)
            yield row("ours, one token, telemetry", size, lambda one=one: one.run(1, "triton", True))


def peers(python: str, packages: str | None, sizes: list[Size]) -> list[dict[str, Any]]:
    """What the peers' processes measured: rows as ours, with the error against the peer's own slow form."""
    if not shutil.which(python):
        print(f"no peers: there is no {python} (make .venv-bench/ready, or --peers)", file=sys.stderr)
        return []
    task = {"packages": packages, "sizes": [asdict(size) for size in sizes]}
    return [row for peer in PEERS for row in told_by([python, "-I", str(peer)], task)]


def compiled(size: Size) -> list[dict[str, Any]]:
    """Chunked PyTorch compiled, by the packages of this Python alone, without those of PYTHONPATH."""
    return told_by([sys.executable, "-E", str(COMPILED_BY)], asdict(size))


def told_by(command: list[str], task: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that a process tells; none, and why, where it fails."""
    done = subprocess.run(command, input=json.dumps(task), text=True, stdout=subprocess.PIPE, cwd=ROOT.anchor)
    try:
        done.check_returncode()
        rows: list[dict[str, Any]] = json.loads(done.stdout)
    except (subprocess.CalledProcessError, json.JSONDecodeError) as problem:
        print(f"{command[-1]} failed, what it said stands above: {problem}", file=sys.stderr)
        return []
    return rows


def card() -> dict[str, str]:
    """The GPU, its driver, and its clocks as they are now."""
    asked = "name,driver_version,clocks.sm,clocks.mem,temperature.gpu,power.draw"
    command = ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return dict(zip(asked.split(","), (part.strip() for part in answer.split(",")), strict=True))


def check() -> None:
    """The tests of the kernels, on this card; most of their time is compiling, which several can share. What
    is compiled without a card is of one release of Triton, and here there may be another."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "tests/kernels/gpu"]
    command.append("--ignore=tests/kernels/gpu/test_compiled_ahead.py")
    if find_spec("xdist"):
        command += ["-n", str(min(8, os.cpu_count() or 1))]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise SystemExit("the kernels are not right on this card: nothing is timed")


def measure() -> Iterator[dict[str, Any]]:
    """Our rows, and what they ran on: all so far, after each part."""
    before = card()
    rows: list[Row] = []
    parts = [ceilings(MAIN), ours(MAIN), map(attention, [MAIN]), in_pytorch(MAIN, COMPILED)]
    for part in tqdm([*parts, deep(DEEP), lengths(LENGTHS), steps(STEPS)], desc="timing", unit="part"):
        rows += part
        yield {
            "machine": describe("torch", "triton"),
            "kernels": fingerprint(),
            "card": {"before": before, "after": card()},
            "rows": [asdict(one) for one in rows],
        }


def table(result: dict[str, Any]) -> str:
    """One line a row, each beside ours of the same size and kind."""
    rows = result["rows"]
    lines = [f"{'':52}{'B':>4}{'tokens':>11}{'median':>12}{'quartiles':>22}   to ours"]
    for one in rows:
        if "median_ms" not in one:
            lines.append(f"{one['name']:52}wrong by {one['error']:.1e}: not timed")
            continue
        low, high = one["quartiles_ms"]
        size, ratio = one["size"], beside(one, rows)
        lines.append(
            f"{one['name']:52}{size['batch']:>4}{size['tokens']:>11,}{one['median_ms']:>9.3f} ms"
            f"{low:>11.3f} to {high:.3f}   {'' if ratio is None else f'{ratio:8.2f}'}"
        )
    before, after = result["card"]["before"], result["card"]["after"]
    clocks = f"SM clock {before['clocks.sm']} before, {after['clocks.sm']} after"
    lines.append(f"{before['name']}, driver {before['driver_version']}, {clocks}; d = chunk = {CHUNK}, bf16")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=str(PEER_PYTHON), metavar="PYTHON")
    parser.add_argument("--packages", metavar="FOLDER")
    chosen = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("there is no CUDA GPU that PyTorch sees here: nothing can be timed")
    check()
    for result in measure():
        keep("gpu", result)  # should the next part fail, or the time end
    result["by_kernel"] = by_kernel(MAIN)
    keep("gpu", result)
    result["rows"] += peers(chosen.peers, chosen.packages, [MAIN, *LENGTHS])
    keep("gpu", result)
    result["rows"] += compiled(COMPILED)
    result["card"]["after"] = card()
    path = keep("gpu", result)
    print(table(result))
    print(f"kept in {path.relative_to(ROOT)}")
    together.main()


if __name__ == "__main__":
    main()
