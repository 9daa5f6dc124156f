"""The part of the report that a GPU measured, or the sentence that none has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kernels.gpu.fingerprint import fingerprint

Rows = list[dict[str, Any]]

ABSENT = (
    "No kernel has run on a GPU yet, and so no figure of one stands here. In Triton's interpreter all of "
    "them give the definition's numbers, outer gradients included, in float32 and (one layer) in float16, "
    "and all compile ahead of time for compute capability 8.0 and 9.0 within a budget of registers "
    "(`tests/kernels/gpu`). Where there is a card, `python -m benchmarks.gpu` checks them on it and times "
    "them beside peers and a copy of the same bytes, and `python -m benchmarks.report` then fills this "
    "place.\n"
)

NO_PEERS = (
    "That run timed neither other libraries' kernels nor what `torch.compile` makes of chunked PyTorch: both "
    "are still to come, by the same `python -m benchmarks.gpu`."
)

CHANGED = (
    "The kernels have been changed since then. How fast they are now is still to be measured: `python -m "
    "benchmarks.gpu` checks them on a card and times them."
)


IN_SHORT = {
    "ours, block = chunk": "the memory's kernels",
    "ours, block = chunk, telemetry": "with full telemetry",
    "ours, block = chunk, with gradient": "with the gradient",
    "SDPA, causal": "causal attention",
    "chunked PyTorch, eager": "the same chunks in plain PyTorch",
}


def on_gpu(results: Path) -> str:
    """Markdown of results/gpu.json: everything at the one size, then cost against length."""
    path = results / "gpu.json"
    if not path.exists():
        return ABSENT
    result = json.loads(path.read_text(encoding="utf-8"))
    rows: Rows = [row for row in result["rows"] if "median_ms" in row]
    wrong = [row for row in result["rows"] if "median_ms" not in row]
    main = rows[0]["size"]
    card, packages = result["card"]["after"], result["machine"]["packages"]
    lines = [
        f"On one {card['name']} (driver {card['driver_version']}, SM clock {card['clocks.sm']} at the end, "
        f"PyTorch {packages['torch']}, Triton {packages['triton']}, {result['machine']['date'][:10]}): "
        f"{main['batch']} sequences of {main['tokens']:,} tokens, {main['heads']} heads of {main['width']}, "
        "bfloat16, medians of milliseconds: replayed as a CUDA graph, and started from Python.\n",
        "| what | replayed | from Python | beside ours, block = chunk |",
        "| --- | --- | --- | --- |",
        *map(_line, at(main, rows), [rows] * len(rows)),
        *(f"| {row['name']} | not timed: off by {row['error']:.1e} | – | – |" for row in wrong),
        "\nOne sequence, longer and longer, replayed, milliseconds:\n",
        *_by_length(rows, main),
        *_of_other_sizes(rows, main),
    ]
    lines += _by_kernel(result.get("by_kernel", {}))
    return "\n".join([*lines, *("\n" + told for told in _to_come(result))]) + "\n"


def gpu_in_short(results: Path) -> str:
    """The same in a sentence or two, and what is still to come."""
    path = results / "gpu.json"
    if not path.exists():
        return ABSENT
    result = json.loads(path.read_text(encoding="utf-8"))
    main = result["rows"][0]["size"]
    times = {row["name"]: row["median_ms"] for row in at(main, result["rows"]) if "median_ms" in row}
    told = (
        f"On one {result['card']['after']['name']} ({result['machine']['date'][:10]}), for {main['batch']} "
        f"sequences of {main['tokens']:,} tokens, {main['heads']} heads of {main['width']}, in bfloat16: "
        + "; ".join(f"{what} {times[name]:.2f} ms" for name, what in IN_SHORT.items() if name in times)
        + "."
    )
    return " ".join([told, *_to_come(result)]) + "\n"


def _to_come(result: dict[str, Any]) -> list[str]:
    """What this result does not tell."""
    told = []
    if result.get("kernels") != fingerprint():
        told.append(CHANGED)
    if not any("error" in row for row in result["rows"]):
        told.append(NO_PEERS)
    return told


def _line(row: dict[str, Any], rows: Rows) -> str:
    return f"| {row['name']} | {_milliseconds(row)} | {row['started_ms']:.3f} | {_cell(row, rows)} |"


def at(size: dict[str, int], rows: Rows) -> Rows:
    """The rows of one size."""
    return [row for row in rows if row.get("size") == size]


def beside(row: dict[str, Any], rows: Rows) -> float | None:
    """A row's time by ours of its kind at its size: deep or not, with the gradient or not."""
    kind = "deep" if "deep" in row["name"] else "block = chunk"
    name = f"ours, {kind}" + (", with gradient" if row["name"].endswith("with gradient") else "")
    found = (other["median_ms"] for other in at(row["size"], rows) if other.get("name") == name)
    ours = next(found, None)
    return row["median_ms"] / ours if ours else None


def _cell(row: dict[str, Any], rows: Rows) -> str:
    ratio = beside(row, rows)
    return "–" if ratio is None else f"{ratio:.2f}"


def _by_length(rows: Rows, main: dict[str, int]) -> list[str]:
    """A row a contestant, a column a length."""
    one = [row for row in rows if row["size"]["batch"] == 1 and row["size"]["tokens"] > 1]
    lengths = sorted({row["size"]["tokens"] for row in one})
    lines = [
        "| what | " + " | ".join(f"{length:,}" for length in lengths) + " |",
        "| --- " * (len(lengths) + 1) + "|",
    ]
    for name in dict.fromkeys(row["name"] for row in one):
        times = {row["size"]["tokens"]: row["median_ms"] for row in one if row["name"] == name}
        cells = (f"{times[length]:.3f}" if length in times else "–" for length in lengths)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _of_other_sizes(rows: Rows, main: dict[str, int]) -> list[str]:
    """What is timed at a size of its own: shorter texts of many sequences, and single tokens."""
    found = [
        row
        for row in rows
        if row["size"] != main and (row["size"]["batch"] > 1 or row["size"]["tokens"] == 1)
    ]
    if not found:
        return []
    return [
        f"\nOther sizes, {main['heads']} heads of {main['width']}, milliseconds; in bfloat16, but for "
        "the deep memory of two layers, which is in float32:\n",
        "| what | sequences | tokens of each | replayed | from Python |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {row['name']} | {row['size']['batch']} | {row['size']['tokens']:,} | "
            f"{_milliseconds(row)} | {row['started_ms']:.3f} |"
            for row in found
        ),
    ]


def _milliseconds(row: dict[str, Any]) -> str:
    """As replayed; a dash where the work could not be recorded."""
    return f"{row['median_ms']:.3f}" if row["recorded"] else "–"


def _by_kernel(calls: dict[str, dict[str, float]]) -> list[str]:
    """A row a call: what its kernels take, the longest first."""
    if not calls:
        return []
    return [
        "\nMicroseconds of each kernel; some run at the same time:\n",
        "| what | kernels |",
        "| --- | --- |",
        *(
            f"| {name} | {', '.join(f'`{_short(kernel)}` {time:,.0f}' for kernel, time in times.items())} |"
            for name, times in calls.items()
        ),
    ]


def _short(kernel: str) -> str:
    """A kernel's name without namespaces and the types it was made for."""
    return kernel.split("<")[0].split("::")[-1].split()[-1]
