"""Streams on disk: safetensors with the state, and beside it in the header whose stream it is and where it
stands."""

from __future__ import annotations

import json
import operator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor

from titans_core.checkpoint import check_finite, load, loadable, read_whole, write_tensors
from titans_core.header import Header, parse
from titans_core.identity import identity
from titans_core.ids import check_precision, fits
from titans_core.layers import flatten_state, restore_state
from titans_core.model import ModelState, TitansLM
from titans_core.override import GATES, Override, number, places
from titans_core.tokenizer import Decoder, Tokenizer

PRECISIONS = {"F32": torch.float32, "F64": torch.float64}  # of a stream, by what a file calls them


class Moment(NamedTuple):
    """All that the next token depends on.

    How many tokens were read; the model's state; what it expects next, logits [1, vocab]; the decoder; and
    the last character read, "" before any. ``bare`` is what it would expect had its memory been wiped before
    the last token, where the stream was asked to tell; files do not keep it.
    """

    position: int
    state: ModelState
    logits: Tensor
    decoder: Decoder
    last: str
    bare: Tensor | None = None


class Saved(NamedTuple):
    """What a file held: the moment, the text held back, and the ids since the beginning where they were
    kept."""

    model: TitansLM
    now: Moment
    held: str
    ids: list[int]
    history: int
    overrides: tuple[Override, ...]


def write_stream(
    path: Path,
    model: TitansLM,
    now: Moment,
    held: str,
    ids: list[int],
    history: int,
    overrides: tuple[Override, ...],
) -> None:
    """Write one moment of a stream, whole or not at all. Raises ValueError where that cannot be done."""
    flat = {"logits": now.logits} | flatten_state(now.state, "state")
    tensors = {k: v.clone().contiguous().cpu() for k, v in flat.items() if isinstance(v, Tensor)}
    tensors["ids"] = torch.tensor(ids, dtype=torch.int64)
    facts = {
        "model": model.origin.name if model.origin else model.name,
        "digest": identity(model),
        "position": now.position,
        "last": now.last,
        "held": held,
        "decoder": now.decoder.to_json(),
        "numbers": {k: v for k, v in flat.items() if not isinstance(v, Tensor)},
        "history": history,
        "overrides": [asdict(override) for override in overrides],
    }
    write_tensors(path, tensors, {"stream": json.dumps(facts)})


def read_stream(path: Path, model: TitansLM | None) -> Saved:
    """Read what ``write_stream`` wrote; without a model, load the one named. Raises ValueError as told
    there."""
    header, content = read_whole(path)
    if "stream" not in header.texts:
        raise ValueError(f"{path.name} is not a saved stream")
    try:
        facts: dict[str, Any] = parse(header.texts["stream"])
        name, digest = str(facts["model"])[:80], facts["digest"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is damaged: its header cannot be read") from error
    if model is None:  # older files tell the family's without its folder
        known = next((known for known in (name, f"family/{name}") if known in loadable()), None)
        model = load(known) if known else None
    if model is not None:
        check_kind(path, header, model)
    if model is None or identity(model) != digest:
        raise ValueError(
            f"{path.name} was saved with another checkpoint {name!r}, or with other weights of it: "
            "load that one, and give it as model="
        )
    try:
        check_places(header, facts["numbers"], model)
        tensors = load_tensors(content)
        check_finite(tensors)
        overrides = tuple(read_override(values, model) for values in facts["overrides"])
        held, ids, history = facts["held"], tensors["ids"].tolist(), operator.index(facts["history"])
        held.encode()
        if history < 0 or not all(0 <= i < model.config.vocab_size for i in ids):
            raise ValueError("what it says of its past is impossible")
        return Saved(model, restore(tensors, facts, model), held, ids, history, overrides)
    except (AttributeError, KeyError, RuntimeError, SafetensorError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged: its state does not fit the model {name!r}") from error


def check_kind(path: Path, header: Header, model: TitansLM) -> None:
    """Raise ValueError where a file is in another precision than the model, or the model in half."""
    dtype = model.embedding.weight.dtype
    check_precision(dtype, "a stream")
    found = {entry.kind for name, entry in header.tensors.items() if name != "ids"}
    if len(found) == 1 and (precision := PRECISIONS.get(found.pop(), dtype)) != dtype:
        word, method = ("double", "double") if precision == torch.float64 else ("single", "float")
        raise ValueError(
            f"{path.name} was saved in {word} precision: give that model as model=, that is model.{method}()"
        )


def check_places(header: Header, numbers: Any, model: TitansLM) -> None:
    """Raise ValueError where the tensors that a header tells of, or the numbers beside them, are not those of
    a state of the model: before memory is taken for any."""
    places = {f"state.{name}": place for name, place in model.sizes.items()}
    places["logits"] = [range(size, size + 1) for size in (1, model.config.vocab_size)]
    dtype = model.embedding.weight.dtype
    if header.tensors["ids"].kind != "I64" or len(header.tensors["ids"].shape) != 1:
        raise ValueError("the ids are no list")
    for name, found in header.tensors.items():
        fitting = PRECISIONS.get(found.kind) == dtype and fits(found.shape, places.get(name, ()))
        if name != "ids" and not fitting:
            raise ValueError(f"no state has {name[:80]!r} of {list(found.shape)}")
    template = flatten_state(model.initial_state(), "state")
    known = {name for name, value in template.items() if type(value) is int}
    if numbers.keys() != known or not all(type(value) is int and value >= 0 for value in numbers.values()):
        raise ValueError("the numbers are not a state's")


def read_override(values: dict[str, Any], model: TitansLM) -> Override:
    """An override as JSON holds it. Raises ValueError or TypeError where the model has no place for it."""
    where = {name: places(values[name]) for name in ("layers", "heads", "tokens")}
    gates = {name: number(values[name]) for name in GATES}
    override = Override(**{**values, **gates, **where})
    if type(override.since) is not int:
        raise TypeError("an override begins at a token")
    override.check(model.config)
    return override


def restore(tensors: dict[str, Tensor], facts: dict[str, Any], model: TitansLM) -> Moment:
    """The moment of a file; raises KeyError, RuntimeError, TypeError or ValueError where the model cannot go
    on from it."""
    flat = {k: v.to(model.device) for k, v in tensors.items()} | facts["numbers"]
    tokenizer = Tokenizer.load()
    with torch.inference_mode():
        state = restore_state(model.initial_state(), flat, "state")
        model(torch.tensor([[tokenizer.begin]], device=model.device), state)  # every shape must fit
    position, last = facts["position"], facts["last"]
    if type(position) is not int or position < 0 or len(last) > 1 or last != last.encode().decode():
        raise ValueError("a moment stands at a token, after a character")
    decoder = Decoder.from_json(tokenizer, facts["decoder"])
    return Moment(position, state, flat["logits"], decoder, last)
