"""Needles in text of any kind: how many are found in each, beside the generated filler of the training."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from tqdm import tqdm

from titans_core.checkpoint import load
from titans_core.console import check_output, positive
from titans_core.evaluate.answers import margin
from titans_core.files import write_text
from titans_core.model import TitansLM
from titans_core.places import ASSETS, HERE
from titans_core.sweep.measure import Found, alone
from titans_core.sweep.plan import DEPTHS, Haystack, Plan
from titans_core.sweep.report import about, read_haystack
from titans_core.tasks.haystack import HAYSTACKS

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

TABLE: Final[Path] = ASSETS / "tables" / "haystacks.json"
MODELS: Final[tuple[str, ...]] = ("mac", "mag", "mal", "lmm")
TEXTS: Final[tuple[str, ...]] = (  # of this project: a licence, prose, Markdown with tables, a program
    "LICENSE",
    "SECURITY.md",
    "lessons/en/05-forgetting.md",
    "README.md",
    "kernels/reference.py",
)
LENGTHS: Final[tuple[int, ...]] = (4096,)  # tokens: four times the longest of the training
ASKED: Final[int] = 8  # questions a length and depth
SEED: Final[int] = 1

Row = dict[str, Any]


def add_haystacks(commands: Commands) -> None:
    """The command and its options."""
    known = commands.add_parser("haystacks", help="measure how many facts are found in text of each kind")
    known.add_argument("--models", nargs="+", default=MODELS, metavar="NAME", help="names or paths")
    known.add_argument("--texts", nargs="+", type=Path, metavar="FILE", help="instead of this project's own")
    known.add_argument(
        "--asked", type=positive, default=ASKED, help=f"questions a length and depth (default {ASKED})"
    )
    known.add_argument("--seed", type=int, default=SEED, help=f"of the facts and the filler (default {SEED})")
    known.add_argument("--json", type=Path, default=TABLE, metavar="FILE", help="default assets/tables/")
    known.set_defaults(run=run_haystacks)


def run_haystacks(options: argparse.Namespace) -> None:
    """Measure model after model, print a line for each haystack, and write the file after each; what it holds
    already of the same models, texts and questions is not measured again."""
    usual = (list(options.models), options.texts, options.asked, options.seed) == (
        [*MODELS],
        None,
        ASKED,
        SEED,
    )
    if options.json == TABLE and not usual:
        raise ValueError(
            f"{TABLE} holds what the usual command measures: give other models, texts and questions a file "
            "of their own with --json FILE"
        )
    texts = options.texts or [HERE.parent / name for name in TEXTS]
    check_output(options.json, *texts)
    plans = [Plan(LENGTHS, DEPTHS, options.asked, options.seed, haystack) for haystack in haystacks(texts)]
    torch.set_num_threads(1)
    models = [load(name) for name in options.models]
    rows = known_rows(options.json, table(plans, []))
    keys = [(model.name, model.digest, plan.haystack.style) for model in models for plan in plans]
    total = len(models) * sum(plan.tokens for plan in plans)
    with tqdm(total=total, unit="token", unit_scale=True, disable=None) as bar:
        for key, (model, plan) in zip(keys, product(models, plans), strict=True):
            if key in rows:
                bar.update(plan.tokens)
                continue
            found = list(measured(model, plan, bar))
            rows[key] = [
                row(model, plan, [one for one in found if one.cell.length == length])
                for length in plan.lengths
            ]
            bar.write("\n".join(map(line, rows[key])))
            known = [one for wanted in keys for one in rows.get(wanted, [])]
            write_text(options.json, json.dumps(table(plans, known), indent=1) + "\n")


def known_rows(path: Path, wanted: dict[str, Any]) -> dict[tuple[str, str, str], list[Row]]:
    """The rows of a file that was made as is wanted now, by model, digest and haystack; of the haystacks that
    have changed since, none. Raises ValueError where the file is damaged."""
    if not path.is_file():
        return {}
    found: dict[tuple[str, str, str], list[Row]] = {}
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        if any(made[name] != wanted[name] for name in ("depths", "lengths", "asked", "seed")):
            return {}
        for one in made["results"]:
            if made["haystacks"][one["haystack"]] == wanted["haystacks"].get(one["haystack"]):
                found.setdefault((one["model"], one["digest"], one["haystack"]), []).append(one)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: remove it, and all is measured anew") from error
    return found


def haystacks(texts: Sequence[Path]) -> list[Haystack]:
    """Every style of filler, mixed ones first, prose that no training met among them; then the texts."""
    return [*map(Haystack, HAYSTACKS), *(read_haystack(str(path)) for path in texts)]


def measured(model: TitansLM, plan: Plan, bar: tqdm[Any]) -> Iterator[Found]:
    """The cells of a map, with how far it is on a bar."""
    for step in alone(model, plan):
        bar.update(step.tokens)
        if step.found:
            yield step.found


def row(model: TitansLM, plan: Plan, found: Sequence[Found]) -> Row:
    """How many facts a model finds in a haystack of one length, over all depths."""
    right, asked = sum(one.right for one in found), sum(one.asked for one in found)
    return {
        "model": model.name,
        "digest": model.digest,
        "haystack": plan.haystack.style,
        "length": found[0].cell.length,
        "right": right,
        "asked": asked,
        "recall": round(right / asked, 4),
        "margin": round(margin(right, asked), 4),
        "probability": round(sum(one.chance * one.asked for one in found) / asked, 4),
        "device": found[0].device,
    }


def table(plans: Sequence[Plan], rows: Sequence[Row]) -> dict[str, Any]:
    """The file's content: how it was measured, which texts were read, and a row of each."""
    return {
        "command": "python -m titans_core haystacks",
        "depths": [*DEPTHS],
        "lengths": [*LENGTHS],
        "asked": plans[0].asked,
        "seed": plans[0].seed,
        "torch": torch.__version__,
        "haystacks": {plan.haystack.style: about(plan.haystack) for plan in plans},
        "results": [*rows],
    }


def read_table(path: Path = TABLE) -> dict[str, Any] | None:
    """What was measured; None where nothing was. Raises ValueError where the file is damaged."""
    if not path.is_file():
        return None
    try:
        made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return made if made["results"] and made["haystacks"] else None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: remove it, and all is measured anew") from error


def line(row: Row) -> str:
    """A row in words."""
    share = f"{row['recall']:.2f} ± {row['margin']:.2f} of {row['asked']}"
    place = f"{row['model']:<12}{row['haystack']:<20}{row['length']:>6,}  "
    return f"{place}{share:<22}probability {row['probability']:.2f}"
