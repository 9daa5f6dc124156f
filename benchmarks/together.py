"""Streams read together, beside the same streams read one after the other: `python -m benchmarks.together`.

The two take turns, with the same tokens, on the GPU where there is one. Results go to
`benchmarks/results/together.json`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

import titans_core as tc
from benchmarks.machine import describe, keep
from titans_core.machine import device_name

ROOT = Path(__file__).resolve().parent.parent
MODELS = ("mac", "mag", "lmm", "mac-deep", "attention")
STREAMS = (1, 8, 50)
TURNS = {1: 33, 64: 5}  # by the tokens that each stream reads at once
WARM_UP = 70  # tokens one by one: windows fill, and on a GPU every phase is met twice, so recorded


@dataclass(frozen=True)
class Row:
    """Medians of milliseconds a turn, in which every stream reads its tokens."""

    model: str
    streams: int
    tokens: int
    together_ms: float
    one_by_one_ms: float


def rows() -> Iterator[Row]:
    """Measure, one row after the other."""
    for name in MODELS:
        model = tc.load(name)
        for count in STREAMS:
            together = [tc.Stream(model) for _ in range(count)]
            for _ in range(WARM_UP):
                tc.read_together(together, [[5]] * count)
            alone = [stream.fork() for stream in together]
            for tokens, turns in TURNS.items():
                yield row(name, together, alone, tokens, turns)


def row(name: str, together: list[tc.Stream], alone: list[tc.Stream], tokens: int, turns: int) -> Row:
    """The medians of some turns, after one that does not count."""
    random = np.random.default_rng(0)
    times: list[tuple[float, float]] = []
    for _ in range(turns + 1):
        ids = random.integers(0, 1700, (len(together), tokens)).tolist()
        first = milliseconds(lambda ids=ids: tc.read_together(together, ids))
        then = milliseconds(lambda ids=ids: [s.feed(own) for s, own in zip(alone, ids, strict=True)])
        times.append((first, then))
    medians = (statistics.median(each) for each in zip(*times[1:], strict=True))
    return Row(name, len(together), tokens, *medians)


def milliseconds(read: Callable[[], object]) -> float:
    """How long reading takes; its traces are on the host, so a GPU has done its work by then."""
    start = time.perf_counter()
    read()
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    machine = describe("torch", "numba")  # before we make it busy ourselves
    found = list(tqdm(rows(), total=len(MODELS) * len(STREAMS) * len(TURNS), desc="measuring", disable=None))
    print(f"{'model':10} {'streams':>7} {'tokens each':>11} {'together':>11} {'one by one':>11}")
    for r in found:
        print(
            f"{r.model:10} {r.streams:7} {r.tokens:11} {r.together_ms:8.1f} ms {r.one_by_one_ms:8.1f} ms"
            f" {r.one_by_one_ms / r.together_ms:6.1f} ×"
        )
    device = device_name(tc.load(MODELS[0]).device)
    result = {"machine": machine, "device": device, "rows": [asdict(r) for r in found]}
    print(f"kept in {keep('together', result).relative_to(ROOT)}")


if __name__ == "__main__":
    main()
