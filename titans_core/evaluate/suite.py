"""The whole evaluation of a checkpoint: what its model card says, and what the README shows."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from titans_core.evaluate.ablate import ABLATIONS
from titans_core.evaluate.reading import by_chapter, by_mention, hostile, largest_norms, perplexity
from titans_core.evaluate.recall import WIPED, Probe, recall
from titans_core.model import TitansLM
from titans_core.tasks.facts import ALL_KINDS, CHANCE
from titans_core.tasks.haystack import HAYSTACKS

SEED = 1  # of the evaluation, whose stories are drawn apart from training's

RECALL = tuple(
    Probe(facts, distance)
    for facts, distance in ((1, 1024), (8, 64), (8, 256), (8, 1024), (24, 512), (8, 4096), (8, 8192))
)
PROBES: dict[str, tuple[Probe, ...]] = {
    "recall": RECALL,
    "crowded": (Probe(8, 1024, crowded=True), Probe(24, 512, crowded=True)),
    "recall_by_kind": tuple(Probe(kind=kind.name) for kind in ALL_KINDS),
    "recall_by_haystack": tuple(Probe(facts=4, haystack=name) for name in HAYSTACKS),
    "overwriting": (
        Probe(4, 256, changes=1),
        Probe(8, 1024, changes=1),
        Probe(4, 256, changes=3),
        Probe(4, 256, changes=1, repeats=3),
    ),
    "copying": (Probe(1, 256, "SONG"), Probe(4, 1024, "SONG")),
    "maze": (Probe(1, 256, "CUE", "corridor"), Probe(1, 1024, "CUE", "corridor")),
    "ablations": tuple(Probe(ablation=name) for name in (*ABLATIONS, WIPED)),
}
CHAPTERS = tuple(
    Probe(4, 200, chapter=chapter, ablation=ablation)
    for ablation in ("", "no forgetting")
    for chapter in ("known", "unknown")
)


def report(model: TitansLM, asked: int = 100, seed: int = SEED) -> dict[str, Any]:
    """All scores as JSON: ``asked`` questions a cell, half of that beyond 1,024 tokens.

    A model without memory has nothing to ablate. Chance is that of guessing one of a kind's values.
    """
    probes = PROBES if model.has_memory else {k: v for k, v in PROBES.items() if k != "ablations"}
    probes = {**probes, "chapters": CHAPTERS if model.has_memory else CHAPTERS[:2]}
    found: dict[str, Any] = {
        "window": model.config.window,
        "seed": seed,
        "chance": {kind.name: float(f"{CHANCE[kind]:.3g}") for kind in ALL_KINDS},
    }
    total = sum(share(probe, asked) for group in probes.values() for probe in group)
    with tqdm(total=total, desc=model.name, unit="question", disable=None) as bar:
        for name, group in probes.items():
            bar.set_postfix_str(name)
            cells = [recall(model, probe, share(probe, asked), seed, bar.update) for probe in group]
            found[name] = [cell.row() for cell in cells]
    found["perplexity"] = perplexity(model, asked // 4 + 1, seed)
    if model.has_memory:
        found["by_mention"] = by_mention(model, asked // 4 + 1, seed)
        found["by_chapter"] = by_chapter(model, asked // 4 + 1, seed)
        found["largest_norm"] = dict(largest_norms(model, hostile(seed)))
    return found


def share(probe: Probe, asked: int) -> int:
    """Fewer questions where each takes long."""
    return asked if probe.distance <= 1024 else max(1, asked // 2)


def table(scores: dict[str, Any]) -> str:
    """The scores as lines of text."""
    lines = [f"chance by kind: {', '.join(f'{kind} {p:g}' for kind, p in scores['chance'].items())}"]
    for name in (*PROBES, "chapters"):
        for row in scores.get(name, ()):
            about = [f"{row['facts']} fact{'s' * (row['facts'] > 1)}", f"{row['distance']:,} tokens"]
            about += [str(row[key]) for key in ("kind", "chapter", "ablation") if key in row]
            about += [f"told again {row['repeats']}×"] if "repeats" in row else []
            about += [f"changed {row['changes']}×"] if "changes" in row else []
            about += [row["haystack"]] if row["haystack"] != "mixed" else []
            share = f"{row['recall']:.2f} ± {row['margin']:.2f} of {row['asked']}"
            lines.append(f"{name:<20}{', '.join(about):<48}{share}")
    for name in ("perplexity", "largest_norm"):
        lines += [f"{name:<20}{what:<48}{value}" for what, value in scores.get(name, {}).items()]
    for name in ("by_mention", "by_chapter"):
        for quantity, places in scores.get(name, {}).items():
            means = ", ".join(f"{place} {value:g}" for place, value in places.items())
            lines.append(f"{name:<20}{quantity}: {means}")
    return "\n".join(lines)
