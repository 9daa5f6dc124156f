"""Whether a training reproduced a model: two evaluations of the same probes, cell by cell."""

from __future__ import annotations

from typing import Any, NamedTuple

MEASURED = {"right", "asked", "recall", "margin"}


class Agreement(NamedTuple):
    """How many cells of recall two evaluations share, and those that disagree, a line each."""

    cells: int
    apart: list[str]


def agreement(scores: dict[str, Any], former: dict[str, Any]) -> Agreement:
    """Compare two reports. A cell disagrees where its shares lie further apart than both 95 % intervals
    reach."""
    known = {about: row for about, row in rows(former)}
    shared = [(about, row, known[about]) for about, row in rows(scores) if about in known]
    apart = [
        f"{about}: {row['recall']:.2f} ± {row['margin']:.2f}, was {was['recall']:.2f} ± {was['margin']:.2f}"
        for about, row, was in shared
        if abs(row["recall"] - was["recall"]) > row["margin"] + was["margin"]
    ]
    return Agreement(len(shared), apart)


def rows(scores: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every cell of recall with what it asks, ``"recall: facts 8, distance 1024, haystack mixed"``."""
    return [
        (f"{group}: {', '.join(f'{k} {v}' for k, v in row.items() if k not in MEASURED)}", row)
        for group, cells in scores.items()
        if isinstance(cells, list)
        for row in cells
    ]
