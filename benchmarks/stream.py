"""How long reading takes: `Stream.feed` of 512 tokens, MAC with full telemetry, beside `titans-pytorch`.

All contestants run in processes of their own and take turns, one reading each, so that whatever else the
machine does meets them alike. The peer gives logits alone. It is measured with its default, every gradient
taken at the weights the text began with, and with weights that move on after every segment, nearer to ours.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.machine import describe, keep
from titans_core.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
PEER_PYTHON = str(ROOT / ".venv-bench" / "bin" / "python")
TOKENS, WARM_UP, REPEATS = 512, 5, 25
THREADS = (1, 2)


@dataclass(frozen=True)
class Contestant:
    """One way to read the tokens: its name in the table, its Python, and what that is to run."""

    name: str
    python: str
    arguments: tuple[str, ...]
    isolated: bool

    def command(self, threads: int) -> list[str]:
        """The process to start. An isolated one sees neither our folders nor our settings."""
        arguments = [argument.format(threads=threads) for argument in self.arguments]
        return [self.python, *(["-I"] if self.isolated else []), *arguments]


def contestants() -> list[Contestant]:
    """Ourselves first: the others are compared with the first."""
    vocabulary, peer = (
        str(Tokenizer.load().vocab_size),
        str(ROOT / "benchmarks" / "peers" / "titans_pytorch.py"),
    )
    shape = (peer, vocabulary, str(TOKENS), "{threads}")
    ours = ("-m", "benchmarks.peers.titans_lab", str(TOKENS), "{threads}")
    return [
        Contestant("Titans Lab, MAC, full telemetry", sys.executable, ours, isolated=False),
        Contestant("titans-pytorch, MAC, by segment", PEER_PYTHON, (*shape, "segment"), isolated=True),
        Contestant("titans-pytorch, MAC, default", PEER_PYTHON, (*shape, "whole"), isolated=True),
    ]


class Worker:
    """A contestant's process: answers each request with the seconds it took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.parameters = int(self._answer())

    def read_once(self) -> float:
        """Seconds of one reading."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self.process.stdout is not None
        if not (line := self.process.stdout.readline()):
            raise SystemExit("a contestant ended early; what it said stands above")
        return line


@contextmanager
def worker(contestant: Contestant, threads: int) -> Iterator[Worker]:
    """Start a contestant, and end it afterwards."""
    with tempfile.TemporaryDirectory() as elsewhere:
        process = subprocess.Popen(
            contestant.command(threads),
            cwd=elsewhere if contestant.isolated else ROOT,
            env=os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield Worker(process)
            finally:
                process.terminate()


def measure() -> dict[str, Any]:
    """Median milliseconds and quartiles of every contestant at every number of threads."""
    machine = describe("torch")  # before we make it busy ourselves
    field = [(contestant, threads) for contestant in contestants() for threads in THREADS]
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(*entry)) for entry in field]
        times: list[list[float]] = [[] for _ in field]
        for turn in tqdm(range(WARM_UP + REPEATS), desc=f"reading {TOKENS} tokens", unit="turn"):
            for taken, one in zip(times, workers, strict=True):
                seconds = one.read_once()
                if turn >= WARM_UP:
                    taken.append(1e3 * seconds)
        parameters = [one.parameters for one in workers]
    rows = [
        {
            "name": contestant.name,
            "threads": threads,
            "parameters": count,
            "median_ms": round(statistics.median(taken), 2),
            "quartiles_ms": [round(q, 2) for q in statistics.quantiles(taken, n=4)[::2]],
        }
        for (contestant, threads), count, taken in zip(field, parameters, times, strict=True)
    ]
    return {
        "tokens": TOKENS,
        "repeats": REPEATS,
        "machine": machine,
        "peer": peer_versions(),
        "rows": rows,
    }


def peer_versions() -> dict[str, str]:
    """What the peer's environment holds."""
    ask = "import json; from importlib.metadata import version as v; "
    ask += "print(json.dumps({n: v(n) for n in ('titans-pytorch', 'torch')}))"
    versions: dict[str, str] = json.loads(subprocess.check_output([PEER_PYTHON, "-I", "-c", ask], text=True))
    return versions


def table(result: dict[str, Any]) -> str:
    """The rows as text, each beside the first contestant's best."""
    best: dict[str, float] = {}
    for row in result["rows"]:
        best[row["name"]] = min(row["median_ms"], best.get(row["name"], float("inf")))
    ours = next(iter(best.values()))
    lines = [
        f"{'':34}{'parameters':>12}"
        + "".join(f"{f'{n} thread' + 's' * (n > 1):>12}" for n in THREADS)
        + "   ratio"
    ]
    for name, fastest in best.items():
        rows = [row for row in result["rows"] if row["name"] == name]
        cells = "".join(f"{row['median_ms']:9.1f} ms" for row in rows)
        lines.append(f"{name:34}{rows[0]['parameters']:12,}{cells}{fastest / ours:8.2f}")
    machine = result["machine"]
    place = f"{machine['processor']}, {machine['cores']} cores"
    lines.append(f"{result['tokens']} tokens, medians of {result['repeats']}; {place}")
    return "\n".join(lines)


if __name__ == "__main__":
    measured = measure()
    print(table(measured))
    print(f"kept in {keep('stream', measured).relative_to(ROOT)}")
