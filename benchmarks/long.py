"""Two million tokens in one stream: `python -m benchmarks.long`.

Each shipped model reads them in a process of its own, with `history=0` and a thinned trace beside it. Told
is:

* the resident memory, from the first ten thousand tokens on to the end;
* a token's time at the end beside that after ten thousand, the two in turns, over the same tokens;
* the needle: five facts told at 1 %, 50 % and 99 % of the way, asked at the end, and on the way at distances
  that grow by four; filler of every kind lies between;
* whether the thinned trace has the highest token of every column.

Results go to `benchmarks/results/long.json`, after each model; some minutes a model.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

import titans_core as tc
from benchmarks.machine import describe, keep
from titans_core.machine import device_name
from titans_core.stream import SNAPSHOT_EVERY
from titans_core.tasks.facts import MAIN_KINDS, Fact, Kind, new_fact, question, statement
from titans_core.tasks.haystack import sentence
from titans_core.thinned import Thinned
from titans_core.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
MODELS = ("lmm", "mac", "mag", "mal")
TOKENS, NEAR = 2_000_000, 10_000
DEPTHS = (0.01, 0.5, 0.99)
DISTANCES = tuple(64 * 4**power for power in range(8))  # 64 … 1,048,576
PIECE, TURNS, WARM_UP, SEED = 1024, 41, 3, 0


@dataclass
class Needle:
    """A fact, where it was told, and what was answered: at the end, and at distances on the way."""

    kind: str
    depth: float
    told: str
    asked: str
    value: str
    token: int = 0
    answer: str = ""
    right: bool = False
    probability: float = 0.0
    probability_without: float = 0.0
    on_the_way: dict[int, bool] = field(default_factory=dict)


def needles(rng: Random) -> list[Needle]:
    """Five facts a depth, of five kinds, each about somebody or something else."""
    found: dict[tuple[Kind, str], Needle] = {}
    for depth in DEPTHS:
        for kind in MAIN_KINDS:
            fact: Fact | None = None
            while fact is None or (kind, fact.subject) in found:
                fact = new_fact(rng, kind)
            told = f"{statement(rng, fact)} {fact.value}."
            found[kind, fact.subject] = Needle(kind.name, depth, told, question(rng, fact), fact.value)
    return list(found.values())


def told(asked: list[Needle], tokens: int, rng: Random) -> Iterator[list[int]]:
    """The tokens of the story, sentence by sentence, without end: facts where they are due, filler
    elsewhere."""
    tokenizer, position = Tokenizer.load(), 0
    waiting = sorted(asked, key=lambda needle: needle.depth)
    while True:
        due = bool(waiting) and position >= waiting[0].depth * tokens
        text = waiting[0].told if due else sentence(rng)
        ids = tokenizer.encode((" " if position else "") + text, opening=position == 0)
        position += len(ids)
        if due:
            waiting.pop(0).token = position
        yield ids


def stood(tokens: int) -> int:
    """The first place from ``tokens`` on where a stream keeps its state: there all stretches are alike."""
    return -(-(tokens + 1) // SNAPSHOT_EVERY) * SNAPSHOT_EVERY - 1


def write_story(folder: Path, tokens: int) -> None:
    """Write the story's ids and its facts. A process of its own does: what making it up takes, among it the
    words that the tokenizer keeps, is no memory of a stream."""
    rng = Random(SEED)
    asked, written = needles(rng), 0
    with (folder / "ids").open("wb") as file:
        for ids in told(asked, tokens, rng):
            file.write(np.array(ids, np.int32).tobytes())
            written += len(ids)
            if written > stood(tokens) + PIECE:
                break
    (folder / "needles").write_text(json.dumps([asdict(needle) for needle in asked]), encoding="utf-8")


class Reading:
    """One model's life over the whole story."""

    def __init__(self, model: tc.TitansLM, story: Path, tokens: int, near: int) -> None:
        self.model, self.stream, self.thin = model, tc.Stream(model, history=0), Thinned()
        self.end, self.near = stood(tokens), stood(near)
        told = json.loads((story / "needles").read_text(encoding="utf-8"))
        self.needles = [Needle(**needle) for needle in told]
        self.ids = story / "ids"
        self.resident: list[tuple[int, float]] = []
        self.highest: dict[str, tuple[Any, Any]] = {}
        self.then: tc.Stream | None = None  # as it stood after `near` tokens
        self.stream.ask("Who is there?").chances("nobody")  # what is compiled for it then stays

    def read(self) -> None:
        """All of the story."""
        with tqdm(total=self.end, desc=self.model.name, unit="token", unit_scale=True) as bar:
            while self.stream.position < self.end:
                self.piece()
                bar.update(self.stream.position - bar.n)

    def piece(self) -> None:
        """The next tokens: up to a place where we look, or a piece."""
        at = self.stream.position
        border = self.near if at < self.near else self.end
        size = min([PIECE, border - at, *(due - at for due in self.dues().values() if due > at)])
        trace = self.stream.feed(self.next(size))
        self.thin.add(trace)
        self.note(trace)
        if self.stream.position == self.near:
            self.then = self.stream.fork()
        if self.stream.position >= self.near:
            self.resident.append((self.stream.position, megabytes()))
        self.ask_on_the_way()

    def next(self, count: int) -> list[int]:
        """The story's next tokens."""
        offset = self.stream.position * np.dtype(np.int32).itemsize
        ids: list[int] = np.fromfile(self.ids, np.int32, count, offset=offset).tolist()
        return ids

    def note(self, trace: tc.Trace) -> None:
        """The highest of every column so far, and where."""
        for name, column in trace.columns.items():
            value, place = column.max(0), trace.start + column.argmax(0)
            if name in self.highest:
                before = self.highest[name]
                place = np.where(value > before[0], place, before[1])
                value = np.maximum(value, before[0])
            self.highest[name] = value, place

    def dues(self) -> dict[int, int]:
        """By a fact's number, where it is to be asked next on the way."""
        return {
            number: needle.token + DISTANCES[len(needle.on_the_way)]
            for number, needle in enumerate(self.needles)
            if needle.token and len(needle.on_the_way) < len(DISTANCES)
        }

    def ask_on_the_way(self) -> None:
        """Ask the facts that are due here."""
        for number, due in self.dues().items():
            if due == self.stream.position:
                needle = self.needles[number]
                needle.on_the_way[due - needle.token] = self.stream.ask(needle.asked).text == needle.value

    def ask_at_the_end(self) -> None:
        """What is left of each fact."""
        for needle in self.needles:
            answer = self.stream.ask(needle.asked)
            needle.answer, needle.right = answer.text, answer.text == needle.value
            needle.probability, needle.probability_without = answer.chances(needle.value)

    def peaks_kept(self) -> bool:
        """Whether the thinned trace has the highest token of every column, and its value."""
        rows, columns = self.thin.peaks()
        places = {position: row for row, position in enumerate(rows.positions.tolist())}
        return all(
            place in places and (columns[name][places[place]].ravel()[number] == most)
            for name, (values, where) in self.highest.items()
            for number, (most, place) in enumerate(
                zip(np.ravel(values).tolist(), np.ravel(where).tolist(), strict=True)
            )
        )

    def turns(self, count: int) -> dict[str, Any]:
        """Microseconds a token after `near` and at the end, in turns over the same tokens."""
        assert self.then is not None
        ids = self.next(PIECE)
        streams = {"near": self.then, "far": self.stream}
        times: dict[str, list[float]] = {name: [] for name in streams}
        for turn in range(WARM_UP + count):
            for name, stream in streams.items():
                fork = stream.fork()
                began = time.perf_counter()
                fork.feed(ids)
                if turn >= WARM_UP:
                    times[name].append(1e6 * (time.perf_counter() - began) / len(ids))
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        return {
            "tokens": {name: stream.position for name, stream in streams.items()},
            "turns": count,
            "median_us": {name: round(median, 2) for name, median in medians.items()},
            "quartiles_us": {
                name: [round(q, 2) for q in statistics.quantiles(taken, n=4)[::2]]
                for name, taken in times.items()
            },
            "ratio": round(medians["far"] / medians["near"], 4),
        }


def megabytes() -> float:
    """Resident memory of this process, as Linux counts it."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell a process's resident memory as Linux does")


def measured(
    name: str, story: Path, tokens: int = TOKENS, near: int = NEAR, turns: int = TURNS
) -> dict[str, Any]:
    """All that one model's stream shows."""
    model = tc.load(name, device="cpu")
    reading = Reading(model, story, tokens, near)
    began = time.perf_counter()
    reading.read()
    seconds = time.perf_counter() - began
    reading.ask_at_the_end()
    first, values = reading.resident[0][1], [value for _, value in reading.resident]
    shown = reading.resident[:: max(1, len(values) // 20)]
    return {
        "model": name,
        "device": device_name(model.device),
        "tokens": reading.stream.position,
        "minutes": round(seconds / 60, 2),
        "resident_mb": {
            "first": round(first, 1),
            "least": round(min(values), 1),
            "most": round(max(values), 1),
            "growth": round(max(values) / first - 1, 4),
            "at": [[position, round(value, 1)] for position, value in shown],
        },
        "thinned_mb": round(reading.thin.nbytes / 2**20, 2),
        "peaks_kept": reading.peaks_kept(),
        "time": reading.turns(turns),
        "needles": [asdict(needle) for needle in reading.needles],
    }


def main() -> None:
    """Model after model, each in a process of its own; what is known by then is kept."""
    result: dict[str, Any] = {"seed": SEED, "machine": describe("torch", "numba"), "rows": []}
    with tempfile.TemporaryDirectory() as folder:
        write_story(Path(folder), TOKENS)
        for name in MODELS:
            command = [sys.executable, "-m", "benchmarks.long", name, folder]
            result["rows"].append(json.loads(subprocess.check_output(command, cwd=ROOT, text=True)))
            path = keep("long", result)
    print(f"kept in {path.relative_to(ROOT)}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))
    else:
        main()
