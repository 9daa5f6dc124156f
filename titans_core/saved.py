"""Streams on disk: safetensors with the state, and beside it in the header whose stream it is and where it
stands."""

from __future__ import annotations

import json
import operator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from titans_core.checkpoint import available, load, read_tensors, write_tensors
from titans_core.layers import flatten_state, restore_state
from titans_core.model import ModelState, TitansLM
from titans_core.override import Override, places
from titans_core.tokenizer import Decoder, Tokenizer


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
        "model": model.name,
        "digest": model.digest,
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
    tensors, header = read_tensors(path)
    if "stream" not in header:
        raise ValueError(f"{path.name} is not a saved stream")
    try:
        facts: dict[str, Any] = json.loads(header["stream"])
        name, digest = facts["model"], facts["digest"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is damaged: its header cannot be read") from error
    if model is None and name in available():
        model = load(name)
    if model is None or model.digest != digest:
        raise ValueError(
            f"{path.name} was saved with another checkpoint {name!r}: load that one, and give it as model="
        )
    try:
        held, ids, history = facts["held"], tensors["ids"].tolist(), facts["history"]
        fits = isinstance(held, str) and 0 <= operator.index(history)
        if fits and all(0 <= i < model.config.vocab_size for i in ids):
            overrides = tuple(read_override(values, model) for values in facts["overrides"])
            return Saved(model, restore(tensors, facts, model), held, ids, history, overrides)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged: its state does not fit the model {name!r}") from error
    raise ValueError(f"{path.name} is damaged: what it says of its past cannot be")


def read_override(values: dict[str, Any], model: TitansLM) -> Override:
    """An override as JSON holds it. Raises ValueError or TypeError where the model has no place for it."""
    where = {name: places(values[name]) for name in ("layers", "heads", "tokens")}
    override = Override(**{**values, **where})
    override.check(model.config)
    return override


def restore(tensors: dict[str, Tensor], facts: dict[str, Any], model: TitansLM) -> Moment:
    """The moment of a file; raises KeyError or RuntimeError where the model cannot go on from it."""
    flat = {k: v.to(model.device) for k, v in tensors.items()} | facts["numbers"]
    tokenizer = Tokenizer.load()
    with torch.inference_mode():
        state = restore_state(model.initial_state(), flat, "state")
        model(torch.tensor([[tokenizer.begin]], device=model.device), state)  # every shape must fit
    if flat["logits"].shape != (1, model.config.vocab_size) or operator.index(facts["position"]) < 0:
        raise ValueError("a moment stands at a token, and expects one of the vocabulary")
    decoder = Decoder.from_json(tokenizer, facts["decoder"])
    return Moment(facts["position"], state, flat["logits"], decoder, facts["last"])
