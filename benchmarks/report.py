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


def recall() -> str:
    """One row a model: share of right answers by facts told and distance, and with the memory wiped."""
    cards = {name: tc.model_card(name) for name in tc.available()}
    scores = {name: card["scores"] for name, card in cards.items()}
    first = next(iter(scores.values()))
    cells = [(cell["facts"], cell["distance"]) for cell in first["recall"]]
    wiped = next(s["recall_wiped"][0] for s in scores.values() if s["recall_wiped"])
    heads = ["model", "parameters", "training"]
    heads += [f"{facts} fact{'s' * (facts > 1)}, {distance:,}" for facts, distance in cells]
    heads += [f"wiped: {wiped['facts']} fact, {wiped['distance']:,}"]
    rows = []
    for name, card in cards.items():
        found = {(cell["facts"], cell["distance"]): cell["recall"] for cell in scores[name]["recall"]}
        lost = [cell["recall"] for cell in scores[name]["recall_wiped"]]
        recipe = f"{card['tokens'] / 1e6:.1f} M tokens, {card['seconds'] / 60:.0f} min"
        rows.append(
            [f"`{name}`", f"{card['parameters']:,}", recipe]
            + [f"{found[cell]:.2f}" for cell in cells]
            + [f"{lost[0]:.2f}" if lost else "–"]
        )
    seed = next(iter(cards.values()))["recipe"]["seed"]
    return (
        f"Share of {first['asked']} questions answered right, so many tokens after the fact was told; "
        f"attention reaches {first['window']} tokens. One training a model, seed {seed}; "
        f"stories drawn apart from training's, seed {first['seed']}; 95 % intervals are in the cards. "
        "The last column is the same with the memory wiped before the question ends.\n\n" + table(heads, rows)
    )


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
