"""The part of the report on two million tokens in one stream."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.machine import RESULTS
from benchmarks.report_speed import machine, table


def long_streams() -> str:
    """Memory, time and needles of a stream of millions of tokens; nothing where that was not measured."""
    path = RESULTS / "long.json"
    if not path.exists():
        return ""
    measured = json.loads(path.read_text(encoding="utf-8"))
    rows = measured["rows"]
    heads = ["model", "resident, after 10,000 tokens / most", "µs a token, near / far", "ratio", "minutes"]
    facts = len(rows[0]["needles"])
    depths = sorted({needle["depth"] for needle in rows[0]["needles"]})
    kept = all(row["peaks_kept"] for row in rows)
    return (
        f"One stream of {rows[0]['tokens']:,} tokens, without history, a thinned trace beside it "
        f"(`python -m benchmarks.long`, seed {measured['seed']}; {machine(measured)}, numba "
        f"{measured['machine']['packages']['numba']}); near is after {rows[0]['time']['tokens']['near']:,} "
        f"tokens, far at the end, medians of {rows[0]['time']['turns']} turns over the same tokens. The "
        f"thinned trace takes at most {max(row['thinned_mb'] for row in rows):.1f} MiB, and "
        + ("has the highest token of every column:" if kept else "HAS LOST A PEAK:")
        + "\n\n"
        + table(heads, [costs(row) for row in rows])
        + f"\n{facts} facts are told, one of each of {facts // len(depths)} kinds at "
        f"{', '.join(f'{depth:.0%}' for depth in depths)} of the way, and asked at the end: right answers. "
        "And the same facts asked on the way, by the tokens since they were told; a fact told late is not "
        "asked at distances that the stream does not reach. These models were trained on texts of up to "
        "1,024 tokens.\n\n"
        + table(["model", *(f"told at {depth:.0%}" for depth in depths), *ways(rows)], needles(rows, depths))
    )


def costs(row: dict[str, Any]) -> list[str]:
    """One model's memory and time."""
    resident, time = row["resident_mb"], row["time"]
    return [
        f"`{row['model']}`",
        f"{resident['first']:.0f} / {resident['most']:.0f} MiB ({resident['growth']:+.1%})",
        f"{time['median_us']['near']:.1f} / {time['median_us']['far']:.1f}",
        f"{time['ratio']:.3f}",
        f"{row['minutes']:.1f}",
    ]


def ways(rows: list[dict[str, Any]]) -> list[str]:
    """The distances at which facts were asked on the way."""
    told = {int(distance) for needle in rows[0]["needles"] for distance in needle["on_the_way"]}
    return [f"{distance:,}" for distance in sorted(told)]


def needles(rows: list[dict[str, Any]], depths: list[float]) -> list[list[str]]:
    """Right answers of all: each model's by depth at the end, and by distance on the way."""
    return [
        [
            f"`{row['model']}`",
            *(of([n["right"] for n in row["needles"] if n["depth"] == depth]) for depth in depths),
            *(
                of([n["on_the_way"][way] for n in row["needles"] if way in n["on_the_way"]])
                for way in (distance.replace(",", "") for distance in ways(rows))
            ),
        ]
        for row in rows
    ]


def of(right: list[bool]) -> str:
    """How many of how many."""
    return f"{sum(right)} of {len(right)}"
