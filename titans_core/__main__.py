"""The command line: ``python -m titans_core stream | train | evaluate | sweep | haystacks | info``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from titans_core.checkpoint import SHIPPED, available, find, is_of, load, model_card, save_model
from titans_core.console import (
    check_output,
    check_place,
    folder,
    positive,
    read_text,
    take_one_thread,
    take_streams,
)
from titans_core.evaluate import SEED, agreement, report, table
from titans_core.files import write_text
from titans_core.machine import backend_name, device_name
from titans_core.places import CONFIGS
from titans_core.recipe import TrainConfig, read_config, same_recipe
from titans_core.stream import Stream
from titans_core.sweep.command import add_sweep
from titans_core.sweep.haystacks import add_haystacks
from titans_core.tables import SUITES, lacking, path_of, run_suite
from titans_core.tables.run import SEEDS
from titans_core.team import together
from titans_core.tokenizer import JOIN, Tokenizer
from titans_core.trace import Trace
from titans_core.train import MODEL, Training

ASKED = 100  # questions a cell of a checkpoint's scores
STRETCH = 1024  # tokens between two moves of the progress bar


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 on success, 1 with one sentence on the person's mistake, 130 and 141 as the shell
    has them where somebody stops it once it has started (PyTorch is imported before that), or whoever reads
    its output has gone."""
    installed = Path(sys.argv[0]).stem == "titans"  # its name as a program of its own
    prog = "titans" if installed else "python -m titans_core"
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    commands = parser.add_subparsers(required=True)

    stream = commands.add_parser(
        "stream",
        help="read a text file and print or write its trace",
        epilog=f"A token without a text of its own stands in ⟨⟩: {JOIN} and ⟨ ⟩ say where a space is taken "
        "away, and ⟨C3⟩ is a byte of the character that a later token completes.",
    )
    stream.add_argument("file", help="a UTF-8 text file, or - for standard input")
    stream.add_argument("--model", default="mac", help=f"a name ({', '.join(available())}) or a path")
    stream.add_argument("--csv", type=Path, help="write the whole trace here")
    stream.set_defaults(run=run_stream)

    train = commands.add_parser("train", help="train a model from a configuration, or go on with it")
    train.add_argument("config", type=Path, help="a TOML file, see configs/")
    train.add_argument(
        "--out", type=folder, help="folder of the run (default runs/NAME); continued if it exists"
    )
    train.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu or cuda")
    train.add_argument("--ship", action="store_true", help="when done, evaluate and write into assets/models")
    train.set_defaults(run=run_train)

    evaluate = commands.add_parser(
        "evaluate", help="measure what a checkpoint remembers, or make one of the paper's tables at our scale"
    )
    evaluate.add_argument("checkpoint", nargs="?", help="a name or a path; none with --suite")
    evaluate.add_argument("--suite", choices=tuple(SUITES), help="train and measure the models of this table")
    evaluate.add_argument("--models", nargs="+", default=(), metavar="NAME", help="only these of the table")
    evaluate.add_argument(
        "--seeds",
        nargs="+",
        type=positive,
        help=f"of the table's trainings (default {' '.join(map(str, SEEDS))})",
    )
    evaluate.add_argument("--asked", type=positive, help=f"questions a cell (default {ASKED})")
    evaluate.add_argument("--seed", type=int, help=f"of the stories (default {SEED})")
    evaluate.add_argument("--json", type=Path, help="write the scores here")
    evaluate.set_defaults(run=run_evaluate)

    add_sweep(commands)
    add_haystacks(commands)

    info = commands.add_parser("info", help="print a checkpoint's configuration and card")
    info.add_argument("checkpoint")
    info.set_defaults(run=run_info)

    options = parser.parse_args(arguments)
    try:
        take_streams()
        options.run(options)
        sys.stdout.flush()
    except (ValueError, FloatingPointError) as error:
        print(f"titans_core: {error}", file=sys.stderr)
        return 1
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        print("titans_core: there is not enough memory for this model or batch", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f"titans_core: {str(stop) or 'stopped'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough; nothing may be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        print(f"titans_core: cannot read or write: {error.strerror or error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def is_out_of_memory(error: RuntimeError) -> bool:
    """PyTorch has a class for it on CUDA, and only words on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def run_stream(options: argparse.Namespace) -> None:
    """Print a token a line: text, or in ⟨⟩ what one without is; −log p, mean surprise, mean write."""
    check_output(options.csv, Path(options.file))
    take_one_thread()
    stream = Stream(load(options.model))
    ids = stream.tokenizer.encode(read_text(options.file))
    starts = range(0, max(len(ids), 1), STRETCH)
    bar = tqdm(starts, desc="reading", unit=f"×{STRETCH} tokens", disable=None)  # on a terminal only
    trace = Trace.join([stream.feed(ids[start : start + STRETCH]) for start in bar])
    if options.csv:
        write_text(options.csv, trace.to_frame().to_csv(index=False))
        print(f"{len(trace)} tokens, {options.csv}")
        return
    names = [name for name in ("surprise", "write", "momentum", "alpha") if name in trace]
    print("\t".join(["token", "nll", *names]))
    means = [trace["nll"], *(trace[name].mean((1, 2)) for name in names)]
    for i, token, *values in zip(trace.ids, trace.tokens, *means, strict=True):
        name = stream.tokenizer.name(i).strip("⟨⟩")
        shown = json.dumps(token, ensure_ascii=False) if token else f"⟨{name}⟩"
        print("\t".join([shown, *(f"{value:.3f}" for value in values)]))


def run_train(options: argparse.Namespace) -> None:
    """Train, or go on with the run in ``--out``; several processes that torchrun began do it together."""
    take_one_thread()
    name = options.config.stem
    with together(options.device) as (team, device):
        if options.ship and options.config.resolve().parent != CONFIGS:
            raise ValueError(
                f"--ship replaces the shipped {name}, and so takes only a recipe of {CONFIGS.name}/; "
                "without it the model stays in the run's folder"
            )
        if options.ship:
            check_place(SHIPPED / f"{name}.safetensors")
        config = read_config(options.config, Tokenizer.load().vocab_size)
        out = options.out or Path("runs") / name
        training = Training(config, out, device, options.config.parent, team)
        if training.texts and team.leads:
            print(training.texts.fit())
        if training.resume() and team.leads:
            done = training.step == config.steps
            print("trained to the end" if done else f"going on at step {training.step} of {config.steps}")
        training.run()
    if not team.leads:
        return
    if not options.ship:
        print(
            f"the model is {training.folder / MODEL}; "
            "the lab shows it once it is in models/ under a name of its own"
        )
    else:
        draft = training.folder / "shipped" / f"{name}.safetensors"
        for place in (draft.parent, SHIPPED):
            place.mkdir(parents=True, exist_ok=True)
        save_model(training.model, draft, training.card())
        card = training.card() | {"scores": report(load(draft))}  # of the file as it ships, half precision
        tell_agreement(name, card, config)
        save_model(training.model, SHIPPED / draft.name, card)
        print(f"shipped {draft.name}")


def tell_agreement(name: str, card: dict[str, Any], config: TrainConfig) -> None:
    """How a new model compares with the one of the same recipe that it is about to replace."""
    try:
        former = model_card(name)
    except ValueError as error:
        print(f"nothing to compare with: {error}")
        return
    if "scores" not in former or not same_recipe(former.get("recipe"), config):
        print(f"the shipped {name} was trained by another recipe, so their scores are not compared")
        return
    cells, apart = agreement(card["scores"], former["scores"])
    print(
        f"{cells - len(apart)} of {cells} scores agree with those of the shipped {name}, within both margins"
    )
    print(*apart, sep="\n", end="\n" * bool(apart))


def run_evaluate(options: argparse.Namespace) -> None:
    """Measure a checkpoint and print its scores, or make a table."""
    if (options.checkpoint is None) == (options.suite is None):
        raise ValueError("name a checkpoint to measure, or a table to make with --suite: one of the two")
    if options.suite:
        make_table(options)
        return
    if options.models or options.seeds:
        raise ValueError("--models and --seeds are for a table's trainings: give them only with --suite")
    checkpoint = find(options.checkpoint)
    check_output(options.json, checkpoint, checkpoint.with_suffix(".json"))
    take_one_thread()
    scores = report(
        load(options.checkpoint), options.asked or ASKED, SEED if options.seed is None else options.seed
    )
    print(table(scores))
    if options.json:
        write_text(options.json, json.dumps(scores, indent=2) + "\n")


def make_table(options: argparse.Namespace) -> None:
    """Train and measure what a table lacks."""
    if options.asked or options.seed is not None or options.json:
        raise ValueError(
            "a table always asks in the same way, into its own file: leave out --asked, --seed and --json"
        )
    take_one_thread()
    suite, path = SUITES[options.suite], path_of(options.suite)
    if not path.parent.exists():  # as where it was installed: all would be made anew, inside the package
        raise ValueError(
            f"a table is made in a checkout, which holds the results that are there: no folder {path.parent}"
        )
    check_place(path)
    seeds = tuple(dict.fromkeys(options.seeds or SEEDS))
    missing = lacking(suite, options.models, seeds)
    every = len(suite.chosen(options.models)) * len(seeds)
    print(f"{len(missing)} of {every} results are to be made", flush=True)
    for result in run_suite(suite, options.models, seeds):
        print(f"{result['model']}, seed {result['seed']}: {json.dumps(result['rows'])}", flush=True)
    print(f"{path} has all of them; what is taken out of it is made anew")


def run_info(options: argparse.Namespace) -> None:
    """Print what a checkpoint is."""
    model = load(options.checkpoint)
    print(f"{model.name}: {model.config.variant}, {model.parameter_count():,} parameters")
    print(f"on {device_name(model.device)}, by {backend_name(model.backend)}")
    print(json.dumps({"config": model.config.to_dict()}, indent=2))
    path = find(options.checkpoint).with_suffix(".json")
    if not path.is_file():
        return
    card = model_card(options.checkpoint)
    if is_of(card, model):
        print(json.dumps({"card": card}, indent=2))
    else:
        print(f"{path.name} is the card of another model, and is not shown: put this one's own in its place")


if __name__ == "__main__":
    sys.exit(main())
