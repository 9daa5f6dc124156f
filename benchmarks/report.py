"""The measured part of the README, of the model cards and the results: `python -m benchmarks.report`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import titans_core as tc

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
MARKED = re.compile(r"(?<=<!-- measured: begin -->\n).*?(?=<!-- measured: end -->)", re.DOTALL)


def report() -> str:
    """Markdown: what the shipped models remember, and how fast they are read and shown."""
    return f"{recall()}\n{speed()}"


COLUMNS = {  # of the README's table: group, and what picks the row of a card's scores
    "1 fact, 1,024": ("recall", {"facts": 1, "distance": 1024}),
    "8 facts, 256": ("recall", {"facts": 8, "distance": 256}),
    "8 facts, 1,024": ("recall", {"facts": 8, "distance": 1024}),
    "24 facts, 512": ("recall", {"facts": 24, "distance": 512}),
    "8 facts, 8,192": ("recall", {"facts": 8, "distance": 8192}),
    "4 facts in unseen prose, 1,024": ("recall_by_haystack", {"haystack": "unseen"}),
    "changed since, 1,024": ("overwriting", {"distance": 1024}),
    "8 facts, 1,024, memory wiped": ("ablations", {"ablation": "wiped"}),
}


def recall() -> str:
    """One row a model: share of right answers by facts told and distance."""
    cards = {name: tc.model_card(name) for name in tc.available()}
    rows = []
    for name, card in cards.items():
        recipe = f"{card['tokens'] / 1e6:.1f} M tokens, {card['seconds'] / 60:.0f} min"
        shares = [share(card["scores"], group, wanted) for group, wanted in COLUMNS.values()]
        rows.append([f"`{name}`", f"{card['parameters']:,}", recipe, *shares])
    first = next(iter(cards.values()))
    scores, chance = first["scores"], first["scores"]["chance"]
    asked = {row["asked"] for row in scores["recall"]}
    return (
        f"Share of questions answered right ({max(asked)} a cell, {min(asked)} at 8,192 tokens), so many "
        f"tokens after the fact was told; attention reaches {scores['window']} tokens. One training a model, "
        f"seed {first['recipe']['seed']}, on the CPU; stories drawn apart from training's, seed "
        f"{scores['seed']}. A guess is right {chance['PLACE']:.3f} of the times for a place, "
        f"{chance['PET']:.3f} for a pet, and almost never for a code or a password. All scores with their "
        "95 % intervals are in the cards.\n\n" + table(["model", "parameters", "training", *COLUMNS], rows)
    )


def share(scores: dict[str, Any], group: str, wanted: dict[str, Any]) -> str:
    """The recall of the first row that fits, "–" where a model was not asked."""
    fitting = (row for row in scores.get(group, ()) if all(row.get(k) == v for k, v in wanted.items()))
    return next((f"{row['recall']:.2f}" for row in fitting), "–")


def speed() -> str:
    """Reading beside the peer in the same run, and the page in a browser."""
    stream, page = (json.loads((RESULTS / f"{name}.json").read_text()) for name in ("stream", "page"))
    rows = [[row["name"], str(row["threads"]), f"{row['median_ms']:.0f} ms"] for row in stream["rows"]]
    paint = next(value for key, value in page.items() if "first painted frame" in key)["median"]
    scrub = page["scrubbing"]["512 tokens"]
    return (
        f"Reading {stream['tokens']} tokens, medians of {stream['repeats']} turns taken one after another "
        f"({machine(stream)}; titans-pytorch {stream['peer']['titans-pytorch']} gives logits alone):\n\n"
        + table(["what", "threads", "median"], rows)
        + f"\nIn {page['browser']} ({machine(page)}): {paint:.0f} ms from submitting 512 tokens to the first "
        f"painted frame (median), and {scrub['frames a second']:.0f} frames a second while scrubbing, with "
        f"{scrub['requests to the server']} requests to the server.\n"
    )


def machine(result: dict[str, Any]) -> str:
    """The machine in a few words."""
    facts = result["machine"]
    cores = f"{facts['cores']} cores of an {facts['processor']}, load {facts['load_average'][0]:.1f}"
    return f"{cores}, PyTorch {facts['packages']['torch']}, {facts['date'][:10]}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Write the report into the README, between its marks."""
    readme = ROOT / "README.md"
    readme.write_text(MARKED.sub(lambda _: report(), readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
