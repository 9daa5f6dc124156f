"""A table is made: every model trained with every seed, then measured; what is there is not done again."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from titans_core.files import write_text
from titans_core.places import ASSETS
from titans_core.recipe import same_recipe
from titans_core.tables.entry import Entry
from titans_core.tables.suites import Suite
from titans_core.train import Training

RESULTS: Final[Path] = ASSETS / "tables"
RUNS: Final[Path] = Path("runs") / "tables"  # of the trainings, which are gone on with
SEEDS: Final[tuple[int, ...]] = (1, 2, 3)

Result = dict[str, Any]  # of one model and seed: its training, and its rows


def run_suite(
    suite: Suite, names: Sequence[str] = (), seeds: Sequence[int] = SEEDS, results: Path = RESULTS
) -> Iterator[Result]:
    """Train and measure what is not yet in the table's file, and write that after every model.

    Raises ValueError for a model that is not in the suite, and where a file or a run cannot be read.
    """
    path = path_of(suite.name, results)
    for entry, seed in lacking(suite, names, seeds, results):
        made = make(suite, entry, seed)
        with alone(path):
            known = [result for result in read_results(path) if not named(result, entry, seed)]
            write_results(suite, path, [*known, made])
        yield made


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process that makes a part of this table is about to write it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def lacking(
    suite: Suite, names: Sequence[str] = (), seeds: Sequence[int] = SEEDS, results: Path = RESULTS
) -> list[tuple[Entry, int]]:
    """The models and seeds that a table's file lacks, of those named. Raises ValueError as ``run_suite``."""
    known = read_results(path_of(suite.name, results))
    every = ((entry, seed) for seed in seeds for entry in suite.chosen(names))
    return [(entry, seed) for entry, seed in every if not any(same(one, entry, seed) for one in known)]


def make(suite: Suite, entry: Entry, seed: int) -> Result:
    """Train a model to its end, or take it where it is trained already, and measure it."""
    training = trained(entry, seed)
    card = training.card()
    told = ("recipe", "parameters", "tokens", "seconds", "device", "torch")
    about = {name: card[name] for name in told}
    return {"model": entry.name, "seed": seed, **about, "rows": suite.measured(training.model.eval())}


def trained(entry: Entry, seed: int) -> Training:
    """A training at its end. Raises ValueError where its folder cannot be gone on with."""
    training = Training(entry.recipe(seed), RUNS / f"{entry.name}-{seed}")
    training.resume()
    training.run()
    return training


def same(result: Result, entry: Entry, seed: int) -> bool:
    """Whether a result is of this model, seed and recipe."""
    return named(result, entry, seed) and same_recipe(result["recipe"], entry.recipe(seed))


def named(result: Result, entry: Entry, seed: int) -> bool:
    """Whether a result is of this model and seed."""
    return (result["model"], result["seed"]) == (entry.name, seed)


def path_of(suite: str, results: Path = RESULTS) -> Path:
    """The file of a table."""
    return results / f"{suite}.json"


def read_results(path: Path) -> list[Result]:
    """What a table's file holds; [] where there is none. Raises ValueError where it is damaged."""
    if not path.exists():
        return []
    try:
        found: list[Result] = json.loads(path.read_text(encoding="utf-8"))["results"]
        for result in found:
            check(result)
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: remove it, and its models are measured anew") from error
    return found


def check(result: Result) -> None:
    """Raise an error where a result is none, or says what cannot be."""
    told = tuple(result[name] for name in ("model", "device", "torch"))
    numbers = [result[name] for name in ("seed", "tokens", "seconds", "parameters")]
    recipe, rows = result["recipe"], result["rows"]
    for row in rows:
        told += (row["task"],)
        numbers += [row.get("length", 0), row.get("pairs", 0)]
        if "value" in row:
            numbers.append(row["value"])
        elif (
            not 0 <= row["right"] <= row["asked"]
            or not 0 <= row.get("guess", 0) <= row["asked"]
            or not row["asked"]
        ):
            raise ValueError("more right answers than questions")
    of_kind = all(isinstance(word, str) for word in told) and isinstance(recipe, dict)
    if not of_kind or not rows or min(map(float, numbers)) < 0:
        raise ValueError("no result of a training")


def write_results(suite: Suite, path: Path, results: Sequence[Result]) -> None:
    """The file of a table, its models in the suite's order."""
    order = [entry.name for entry in suite.entries]
    kept = sorted(
        (r for r in results if r["model"] in order), key=lambda r: (order.index(r["model"]), r["seed"])
    )
    about = {"suite": suite.name, "command": f"python -m titans_core evaluate --suite {suite.name}"}
    write_text(path, json.dumps({**about, "results": kept}, indent=1) + "\n")
