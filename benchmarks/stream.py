"""How fast MAC reads, in each of its ways, beside `titans-pytorch` in the same run.

1,024 tokens at once; one token at a time, greedily, without telemetry; from a text to all that the page shows
of every token, for which the peer would have to read token by token too; and after a million other tokens.

All contestants run in processes of their own and take turns, so that whatever else the machine does meets
them alike. The peer gives logits alone. It is measured with its default, every gradient taken at the weights
the text began with, and with weights that move on after every segment, nearer to ours.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.machine import describe, keep
from benchmarks.report_speed import reading
from titans_core.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
PEER_PYTHON = str(ROOT / ".venv-bench" / "bin" / "python")
PEER = str(ROOT / "benchmarks" / "peers" / "titans_pytorch.py")
READ, STEPS, NEAR, FAR, STRETCH = 1024, 64, 10_000, 1_000_000, 1024  # tokens
WARM_UP, REPEATS = 3, 25
PEER_WAYS = ("segment", "whole")


@dataclass(frozen=True)
class Contestant:
    """Who does what: `task` as the programs in `peers` call it, with so many tokens in a turn.

    `way`, of the peer, is how often its weights move on; of ourselves it is "", or "torch" without numba.
    `after`, for the task `far` alone, is how many tokens were read before.
    """

    task: str
    tokens: int
    threads: int = 1
    way: str = ""
    after: int = 0

    def command(self) -> list[str]:
        """The process to start. The peer's sees neither our folders nor our settings."""
        arguments = [self.task, str(self.after or self.tokens), str(self.threads)]
        if self.foreign:
            return [PEER_PYTHON, "-I", PEER, *arguments, str(Tokenizer.load().vocab_size), self.way]
        return [sys.executable, "-m", "benchmarks.peers.titans_lab", *arguments, self.way]

    @property
    def foreign(self) -> bool:
        """Whether it is the peer."""
        return self.way in PEER_WAYS


# A second thread is offered where there is enough to share: in steps of one token both are slower with it.
FIELD = (
    *(Contestant("read", READ, threads, way) for way in ("", *PEER_WAYS) for threads in (1, 2)),
    Contestant("read", READ, way="torch"),
    *(Contestant("step", STEPS, way=way) for way in ("", "torch", *PEER_WAYS)),
    *(Contestant("page", READ, way=way) for way in ("", "torch")),
    Contestant("far", STRETCH, after=NEAR),
    Contestant("far", STRETCH, after=FAR),
)


class Worker:
    """A contestant's process: answers each request with the seconds it took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.parameters = int(self._answer())

    def turn(self) -> float:
        """Seconds of one turn."""
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
def worker(contestant: Contestant) -> Iterator[Worker]:
    """Start a contestant, and end it afterwards."""
    threads = {"OMP_NUM_THREADS": str(contestant.threads), "OMP_WAIT_POLICY": "PASSIVE"}
    with tempfile.TemporaryDirectory() as elsewhere:
        process = subprocess.Popen(
            contestant.command(),
            cwd=elsewhere if contestant.foreign else ROOT,
            env=os.environ | threads,
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
    """Median milliseconds and quartiles of every contestant's turns."""
    machine = describe("torch", "numba")  # before we make it busy ourselves
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(contestant)) for contestant in FIELD]
        times: list[list[float]] = [[] for _ in FIELD]
        for turn in tqdm(range(WARM_UP + REPEATS), desc="taking turns", unit="turn"):
            for taken, one in zip(times, workers, strict=True):
                seconds = one.turn()
                if turn >= WARM_UP:
                    taken.append(1e3 * seconds)
        parameters = [one.parameters for one in workers]
    rows = [
        asdict(contestant)
        | {
            "parameters": count,
            "median_ms": round(statistics.median(taken), 2),
            "quartiles_ms": [round(q, 2) for q in statistics.quantiles(taken, n=4)[::2]],
        }
        for contestant, count, taken in zip(FIELD, parameters, times, strict=True)
    ]
    return {"repeats": REPEATS, "machine": machine, "peer": peer_versions(), "rows": rows}


def peer_versions() -> dict[str, str]:
    """What the peer's environment holds."""
    ask = "import json; from importlib.metadata import version as v; "
    ask += "print(json.dumps({n: v(n) for n in ('titans-pytorch', 'torch')}))"
    versions: dict[str, str] = json.loads(subprocess.check_output([PEER_PYTHON, "-I", "-c", ask], text=True))
    return versions


if __name__ == "__main__":
    path = keep("stream", measure())
    print(reading())
    print(f"kept in {path.relative_to(ROOT)}")
