"""The parts of the report on how fast reading is, and how long one waits on the pages."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.machine import RESULTS

TASKS = {
    "read": "{tokens:,} tokens at once",
    "step": "one token at a time",
    "page": "a text of {tokens:,} tokens, to all that the page shows",
    "far": "{tokens:,} tokens after {after:,}",
}
PEER = {"segment": "titans-pytorch, by segment", "whole": "titans-pytorch, default"}
WAYS = {"": "Titans Lab", "torch": "Titans Lab without numba", **PEER}
TOLD = {"read": ", full telemetry", "far": ", full telemetry"}


def painting() -> str:
    """How soon the first page shows what was read, in a browser."""
    page = json.loads((RESULTS / "page.json").read_text())
    paint = next(value for key, value in page.items() if "first painted frame" in key)["median"]
    scrub = page["scrubbing"]["512 tokens"]
    return (
        f"In {page['browser']} ({machine(page)}) *Stream* takes {paint:.0f} ms from submitting 512 tokens to "
        f"the first painted frame (median), and paints {scrub['frames a second']:.0f} frames a second while "
        f"scrubbing, with {scrub['requests to the server']} requests to the server.\n"
    )


def reading() -> str:
    """How fast MAC reads, beside the peer in the same run."""
    stream = streamed()
    rows = [
        [
            TASKS[row["task"]].format_map(row),
            WAYS[row["way"]] + ("" if row["way"] in PEER else TOLD.get(row["task"], "")),
            str(row["threads"]),
            " to ".join(f"{1e3 * quartile / row['tokens']:,.0f}" for quartile in row["quartiles_ms"]),
            f"{a_token(row):,.0f} µs",
        ]
        for row in stream["rows"]
    ]
    near, far = (a_token(row) for row in stream["rows"] if row["task"] == "far")
    versions = f"numba {stream['machine']['packages']['numba']}; "
    versions += f"titans-pytorch {stream['peer']['titans-pytorch']}"
    return (
        f"How fast MAC reads: microseconds a token, in {stream['repeats']} turns taken one after another "
        f"({machine(stream)}, {versions} gives logits alone, and by default takes every gradient at the "
        "weights that the text began with):\n\n"
        + table(["what", "who", "threads", "quartiles", "median"], rows)
        + f"\n{beside(stream)} After a million tokens a token costs {far / near:.2f} times what it costs "
        "after ten thousand.\n"
    )


def reading_in_short() -> str:
    """The same in a sentence or two."""
    stream = streamed()
    read, step = (quickest(stream, task) for task in ("read", "step"))
    return (
        f"MAC with numba and full telemetry takes {read:.0f} µs a token where 1,024 are read at once, and "
        f"{step:.0f} µs where they come one by one ({machine(stream)}). {beside(stream)}\n"
    )


def beside(stream: dict[str, Any]) -> str:
    """Ours and the peer's compared."""
    by_segment, default = (
        {task: quickest(stream, task, way) / quickest(stream, task) for task in ("read", "step")}
        for way in PEER
    )
    shown = quickest(stream, "step", "segment") / quickest(stream, "page")
    return (
        f"At once it takes {1 / by_segment['read']:.2f} times as long as titans-pytorch by segment and "
        f"{1 / default['read']:.2f} times as long as titans-pytorch's default; one token at a time it is "
        f"{by_segment['step']:.1f} and {default['step']:.1f} times as fast. To show for every token what the "
        "page shows, titans-pytorch would have to read token by token: that would take "
        f"{shown:.0f} times as long."
    )


def streamed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / "stream.json").read_text())
    return found


def a_token(row: dict[str, Any]) -> float:
    """Microseconds a token."""
    return float(1e3 * row["median_ms"] / row["tokens"])


def quickest(stream: dict[str, Any], task: str, way: str = "") -> float:
    """Microseconds a token, by the number of threads that suits it best; ours where no ``way`` is given."""
    return min(a_token(row) for row in stream["rows"] if (row["task"], row["way"]) == (task, way))


MEMORY_TASKS = {
    "read": "two layers, {tokens} tokens at once",
    "step": "two layers, one token at a time",
    "matrix": "one matrix, one token at a time",
}
MEMORY_BACKENDS = {"torch": "PyTorch", "numba": "compiled by numba", "peer": "titans-pytorch"}


def memory() -> str:
    """How fast the memory alone is written by the exact rule, beside the peer's in the same run."""
    measured = json.loads((RESULTS / "memory.json").read_text())
    peer = {row["task"]: row["tokens_per_second"] for row in measured["rows"] if row["backend"] == "peer"}
    rows = [
        [
            MEMORY_TASKS[row["task"]].format_map(measured),
            MEMORY_BACKENDS[row["backend"]] + (", full telemetry" if row["telemetry"] else ""),
            f"{row['tokens_per_second']:,}",
            f"{row['tokens_per_second'] / peer[row['task']]:.0f}" if row["task"] in peer else "–",
        ]
        for row in measured["rows"]
    ]
    return (
        "The memory alone, 64 wide, its two layers with 256 hidden units, every gradient at the weights just "
        f"before its token, on one thread: medians of {measured['repeats']} turns taken one after another "
        f"({machine(measured)}, numba {measured['machine']['packages']['numba']}; `NeuralMemory` of "
        f"titans-pytorch {measured['peer']['titans-pytorch']}, which tells nothing of its writes):\n\n"
        + table(["memory", "by", "tokens a second", "times titans-pytorch"], rows)
    )


def together() -> str:
    """How much sooner streams that are read together have read; nothing where that was not measured."""
    path = RESULTS / "together.json"
    if not path.exists():
        return ""
    measured = json.loads(path.read_text())
    rows = [
        [
            f"`{row['model']}`",
            f"{row['streams']}, {'a token' if row['tokens'] == 1 else str(row['tokens']) + ' tokens'} each",
            f"{row['together_ms']:,.1f} ms",
            f"{row['one_by_one_ms']:,.1f} ms",
            f"{row['one_by_one_ms'] / row['together_ms']:.1f}",
        ]
        for row in measured["rows"]
        if row["streams"] > 1
    ]
    return (
        "Streams read together by `read_together`, with full telemetry, beside the same streams fed one by "
        f"one: medians of turns, on {measured['device']} ({machine(measured)}, numba "
        f"{measured['machine']['packages']['numba']}):\n\n"
        + table(["model", "streams", "together", "one after the other", "times as fast"], rows)
    )


def waits() -> str:
    """How long one waits on the other pages, beside the same work by the library alone."""
    lab = json.loads((RESULTS / "lab.json").read_text())
    rows = [
        [
            f"{row['scene']}: {row['sight']}",
            seconds(row["median_ms"]),
            f"{seconds(min(row['all_ms']))} to {seconds(max(row['all_ms']))}",
            seconds(row["library_median_ms"]) if "library_median_ms" in row else "–",
            seconds(row["aim_ms"]) if row["aim_ms"] else "–",
        ]
        for row in lab["rows"]
    ]
    scrub = lab["scrubbing Compare"]
    return (
        f"The other pages ({machine(lab)}), from the key or button to what is painted, and the same reading "
        "and asking by the library alone, measured in turns:\n\n"
        + table(["what", "median", "from, to", "library alone", "aim"], rows)
        + f"\nThree columns of Compare are scrubbed at {scrub['frames a second']:.0f} frames a second (aim: "
        f"{scrub['aim']}; frames in which nothing happens: "
        f"{scrub['frames a second where nothing happens']:.0f}), with {scrub['requests to the server']} "
        "requests to the server.\n"
    )


def seconds(milliseconds: float) -> str:
    """A time of any length, in seconds."""
    return f"{milliseconds / 1000:.2f} s" if milliseconds < 10_000 else f"{milliseconds / 1000:.1f} s"


def machine(result: dict[str, Any]) -> str:
    """The machine in a few words."""
    facts = result["machine"]
    cores = f"{facts['cores']} cores of an {facts['processor']}, load {facts['load_average'][0]:.1f}"
    return f"{cores}, PyTorch {facts['packages']['torch']}, {facts['date'][:10]}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
