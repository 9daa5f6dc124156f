"""How fast the memory alone is written and read by the exact rule, beside `titans-pytorch` in the same run.

A deep memory, 64 wide with 256 hidden units, takes 256 tokens at once, and one at a time; a memory of one
matrix, 64 wide, one at a time. All contestants run in processes of their own, on one thread, and take turns,
so that whatever else the machine does meets them alike. The peer tells nothing of what its memory does: it is
to be held against the rows without telemetry.
"""

import statistics
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from tqdm import tqdm

from benchmarks.machine import describe, keep
from benchmarks.stream import PEER_PYTHON, ROOT, peer_versions, worker

TOKENS, WARM_UP, REPEATS = 256, 1, 7


@dataclass(frozen=True)
class Contestant:
    """Who does what: `task` as the programs in `peers` call it; `backend` is that of `kernels.memory`, or
    "peer"."""

    task: str
    backend: str
    telemetry: bool = False
    threads: int = 1

    @property
    def foreign(self) -> bool:
        """Whether it is the peer."""
        return self.backend == "peer"

    def command(self) -> list[str]:
        arguments = [self.task, str(TOKENS)]
        if self.foreign:
            return [PEER_PYTHON, "-I", str(ROOT / "benchmarks" / "peers" / "memory_pytorch.py"), *arguments]
        told = "told" if self.telemetry else "untold"
        return [sys.executable, "-m", "benchmarks.peers.memory_lab", *arguments, self.backend, told]


FIELD = (
    *(
        Contestant(task, backend, telemetry)
        for task in ("read", "step", "matrix")
        for backend in ("torch", "numba")
        for telemetry in (False, True)
    ),
    Contestant("read", "peer"),
    Contestant("step", "peer"),
)


def measure() -> dict[str, Any]:
    """Median tokens per second and quartiles of every contestant."""
    machine = describe("torch", "numba")  # before we make it busy ourselves
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(contestant)) for contestant in FIELD]
        speeds: list[list[float]] = [[] for _ in FIELD]
        for turn in tqdm(range(WARM_UP + REPEATS), desc="taking turns", unit="turn"):
            for found, one in zip(speeds, workers, strict=True):
                seconds = one.turn()
                if turn >= WARM_UP:
                    found.append(TOKENS / seconds)
        numbers = [one.parameters for one in workers]
    rows = [
        asdict(contestant)
        | {
            "numbers": count,
            "tokens_per_second": round(statistics.median(found)),
            "quartiles": [round(q) for q in statistics.quantiles(found, n=4)[::2]],
        }
        for contestant, count, found in zip(FIELD, numbers, speeds, strict=True)
    ]
    return {
        "tokens": TOKENS,
        "repeats": REPEATS,
        "machine": machine,
        "peer": peer_versions(),
        "rows": rows,
    }


def table(result: dict[str, Any]) -> str:
    """The rows as text, each with its ratio to the peer where that does the same."""
    peer = {row["task"]: row["tokens_per_second"] for row in result["rows"] if row["backend"] == "peer"}
    lines = [f"{'task':8}{'backend':9}{'telemetry':11}{'tokens/s':>10}{'peer':>8}"]
    for row in result["rows"]:
        speed = row["tokens_per_second"]
        ratio = f"{speed / peer[row['task']]:7.0f}×" if row["task"] in peer else ""
        lines.append(f"{row['task']:8}{row['backend']:9}{row['telemetry']!s:11}{speed:10,}{ratio:>8}")
    return "\n".join(lines)


if __name__ == "__main__":
    measured = measure()
    print(table(measured))
    print(f"kept in {keep('memory', measured).relative_to(ROOT)}")
