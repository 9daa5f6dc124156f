"""A sweep as JSON and as lines of text, whole or as far as it came."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from titans_core.console import read_text
from titans_core.evaluate.answers import margin
from titans_core.model import TitansLM
from titans_core.sweep.measure import Found
from titans_core.sweep.plan import Haystack, Plan
from titans_core.tokenizer import Tokenizer


def read_haystack(name: str) -> Haystack:
    """A person's own text file, or standard input's text. Raises ValueError where it is no UTF-8 text, or
    none at all."""
    text = read_text(name)
    if not text.strip():
        raise ValueError(f"{name} holds no text: name a file that does")
    return Haystack(Path(name).name, text)


def about(haystack: Haystack) -> dict[str, Any]:
    """Which haystack it was; of a text its size and digest too."""
    if not haystack.text:
        return {"generated": haystack.style}
    digest = hashlib.sha256(haystack.text.encode()).hexdigest()
    return {"text": haystack.style, "tokens": size(haystack), "sha256": digest}


def size(haystack: Haystack) -> int:
    """How many tokens a text of one's own has."""
    return len(Tokenizer.load().encode(haystack.text))


def fitted(haystack: Haystack, lengths: Sequence[int]) -> str:
    """What was done to a text of one's own to make it as long as was asked for, in words."""
    tokens = size(haystack)
    cut, repeated = [n for n in lengths if n <= tokens], [n for n in lengths if n > tokens]
    parts = [f"cut to {listed(cut)} tokens"] if cut else []
    parts += [f"repeated over and over to fill {listed(repeated)}"] if repeated else []
    return f"{haystack.style} has {tokens:,} tokens; it is {', and '.join(parts)}."


def listed(numbers: Sequence[int]) -> str:
    """256, 512 and 1,024."""
    words = [f"{n:,}" for n in numbers]
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), words[-1]])


def report(model: TitansLM, plan: Plan, found: Sequence[Found]) -> dict[str, Any]:
    """All that was measured, and how, as JSON; ``complete`` tells whether that is all that was asked for."""
    return {
        "checkpoint": model.name,
        "digest": model.digest,
        "needle": plan.needle._asdict() if plan.needle else "made up for each question",
        "haystack": about(plan.haystack),
        "seed": plan.seed,
        "asked": plan.asked,
        "complete": len(found) == len(plan.cells),
        "devices": sorted({one.device for one in found}),
        "torch": torch.__version__,
        "backend": model.backend,
        "cells": [row(one) for one in sorted(found)],
    }


def row(found: Found) -> dict[str, Any]:
    """A cell as JSON; the probability to seven digits, which tell a float32 from the next."""
    return {
        **found.cell._asdict(),
        "right": found.right,
        "asked": found.asked,
        "recall": round(found.right / found.asked, 4),
        "margin": round(margin(found.right, found.asked), 4),
        "probability": float(f"{found.chance:.7g}"),
        "tokens": found.tokens,
    }


def as_table(plan: Plan, found: Sequence[Found]) -> str:
    """The map in figures: one row a depth, one column a length, "–" where nothing was measured."""
    known = {one.cell: one for one in found}
    lengths, depths = sorted({*plan.lengths}), sorted({*plan.depths})
    head = f"{'depth':<8}" + "".join(f"{n:>14,}" for n in lengths)
    lines = []
    for depth in depths:
        cells = [known.get((n, depth)) for n in lengths]  # type: ignore[call-overload]
        told = [f"{one.right}/{one.asked} ({one.chance:.2f})" if one else "–" for one in cells]
        lines.append(f"{f'{100 * depth:.3g} %':<8}" + "".join(f"{text:>14}" for text in told))
    return "\n".join([head, *lines])
