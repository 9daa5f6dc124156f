"""``python -m titans_core sweep``: the map of a needle, in one process, in several, or on a cluster."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from tqdm import tqdm

from titans_core.checkpoint import find, load
from titans_core.console import address, check_output, positive
from titans_core.files import write_text
from titans_core.model import TitansLM
from titans_core.sweep.measure import Found, Step, alone
from titans_core.sweep.plan import ASKED, DEPTHS, LENGTHS, Haystack, Plan
from titans_core.sweep.report import as_table, fitted, read_haystack, report
from titans_core.sweep.spread import over_processes, over_ray
from titans_core.tasks.haystack import HAYSTACKS
from titans_core.tasks.hidden import Needle

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_sweep(commands: Commands) -> None:
    """The command and its options."""
    sweep = commands.add_parser(
        "sweep",
        help="hide facts at several depths of haystacks of several lengths, and ask for them at the end",
    )
    sweep.add_argument("checkpoint", help="a name or a path")
    hay = sweep.add_mutually_exclusive_group()
    hay.add_argument("--haystack", type=Path, metavar="FILE", help="a text of your own, UTF-8")
    hay.add_argument("--style", default="mixed", choices=tuple(HAYSTACKS), help="of generated filler")
    sweep.add_argument(
        "--lengths", nargs="+", type=positive, default=LENGTHS, metavar="TOKENS", help="of the haystacks"
    )
    sweep.add_argument(
        "--depths",
        nargs="+",
        type=float,
        default=DEPTHS,
        metavar="SHARE",
        help="0 is the beginning, 1 the end",
    )
    sweep.add_argument("--asked", type=positive, default=ASKED, help=f"questions a cell (default {ASKED})")
    sweep.add_argument("--seed", type=int, default=1, help="of the facts and the filler (default 1)")
    for part in Needle._fields:
        sweep.add_argument(f"--{part}", metavar="TEXT", help="of your own; made up otherwise")
    where = sweep.add_mutually_exclusive_group()
    where.add_argument(
        "--processes", type=positive, default=1, metavar="N", help="of this machine, one thread each"
    )
    where.add_argument(
        "--ray",
        type=address,
        metavar="ADDRESS",
        help="of a Ray cluster; auto finds one here, local starts one",
    )
    sweep.add_argument("--json", type=Path, metavar="FILE", help="write what is found here")
    sweep.set_defaults(run=run_sweep)


def run_sweep(options: argparse.Namespace) -> None:
    """Measure the map, print it, and write it where that was asked for; what is measured when Ctrl+C comes is
    printed and kept too."""
    checkpoint = find(options.checkpoint)
    haystack = read_haystack(str(options.haystack)) if options.haystack else Haystack(options.style)
    check_output(options.json, checkpoint, checkpoint.with_suffix(".json"), options.haystack or checkpoint)
    needle = own_needle(options)
    plan = Plan(tuple(options.lengths), tuple(options.depths), options.asked, options.seed, haystack, needle)
    if haystack.text:
        print(fitted(haystack, plan.lengths))
    torch.set_num_threads(1)  # in one process as in several: the same sums in the same order
    model = load(options.checkpoint, "cpu" if options.ray or options.processes > 1 else "auto")
    found: list[Found] = []
    try:
        for step in shown(steps(options, model, plan), plan):
            found += [step.found] if step.found else []
    except KeyboardInterrupt:
        print(as_table(plan, found))
        cells = f"{len(found)} of {len(plan.cells)} cells are measured"
        kept = keep(options.json, made(model, plan, found)) if found and options.json else ""
        raise KeyboardInterrupt(f"stopped: {cells}{kept}") from None
    print(as_table(plan, found))
    if options.json:
        write_text(options.json, made(model, plan, found))


def own_needle(options: argparse.Namespace) -> Needle | None:
    """The needle that was given, if any. Raises ValueError where part of it is missing."""
    parts = [getattr(options, part) for part in Needle._fields]
    if all(part is None for part in parts):
        return None
    if not all(parts):
        raise ValueError("a needle of your own needs all of --fact, --question and --answer")
    return Needle(*parts)


def steps(options: argparse.Namespace, model: TitansLM, plan: Plan) -> Iterator[Step]:
    """The sweep, wherever it runs."""
    path = str(find(options.checkpoint).resolve())
    if options.ray:
        return over_ray(path, plan, options.ray)
    return over_processes(path, plan, options.processes) if options.processes > 1 else alone(model, plan)


def shown(steps: Iterator[Step], plan: Plan) -> Iterator[Step]:
    """The same steps, with a bar on the terminal."""
    with tqdm(total=plan.tokens, unit="token", unit_scale=True, dynamic_ncols=True, disable=None) as bar:
        for step in steps:
            bar.update(step.tokens)
            if step.found:
                length, depth = step.found.cell
                bar.set_postfix_str(f"{length:,} tokens at {depth:g}: {step.found.right}/{step.found.asked}")
            yield step


def made(model: TitansLM, plan: Plan, found: list[Found]) -> str:
    """The file's content."""
    return json.dumps(report(model, plan, found), indent=2) + "\n"


def keep(path: Path, content: str) -> str:
    """Write part of a map, never in place of a file that is there, which may be a whole one; where, in
    words."""
    beside = (path.with_name(f"{path.stem}.part-{number}{path.suffix}") for number in count(1))
    free = next(place for place in chain([path], beside) if not os.path.lexists(place))
    write_text(free, content)
    return f", written to {free}" + (f"; {path} is left as it was" if free != path else "")
