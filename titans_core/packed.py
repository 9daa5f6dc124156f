"""A model's weights as the arrays that compiled loops take (`titans_core.loop`)."""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from titans_core.attention import Attention, rotations
from titans_core.layers import Gating, RMSNorm
from titans_core.memory import NeuralMemory
from titans_core.model import TitansLM

Array = np.ndarray[Any, Any]


def array(x: Tensor) -> Array:
    """The tensor's own numbers, in a row, as the loops expect them: else each layout would be compiled."""
    return np.ascontiguousarray(x.detach().numpy())


class Norm(NamedTuple):
    scale: Array
    eps: float


class Gate(NamedTuple):
    left: Norm
    left_shift: Array
    right: Norm
    right_shift: Array
    out: Array


class Feeding(NamedTuple):
    norm: Norm
    up: Array
    down: Array


class Attending(NamedTuple):
    qkv: Array
    out: Array
    persistent: Array  # keys and values [2, H, N_p, D]; none in MAL
    table: Array  # `attention.rotations` [2, 2 windows, D]


class Remembering(NamedTuple):
    qkv: Array
    gates: Array
    taps: Array
    gate_bias: Array
    norm: Norm
    output_gate: Array
    output_bias: Array
    out: Array
    eta_max: float
    step_max: float
    silu: tuple[bool, bool, bool]
    before: bool


class Block(NamedTuple):
    """A mixer's weights; None is what its variant has not. second: the norm of what MAC writes, and of what
    MAL attends to."""

    norm: Norm
    memory: Remembering | None
    attention: Attending | None
    second: Norm | None
    gating: Gate | None


class Packed(NamedTuple):
    """A model's weights as arrays: the same numbers, not copies, but for the persistent tokens."""

    parameters: tuple[nn.Parameter, ...]
    stamp: tuple[tuple[int, int], ...]
    embedding: Array
    norm: Norm
    blocks: tuple[Block, ...]
    feeding: tuple[Feeding, ...]


known: WeakKeyDictionary[TitansLM, Packed] = WeakKeyDictionary()


def pack(model: TitansLM) -> Packed:
    """The weights as arrays; anew where any has changed since."""
    found = known.get(model)
    if found is None or found.stamp != stamp(found.parameters):
        parameters = tuple(model.parameters())
        found = known[model] = Packed(
            parameters,
            stamp(parameters),
            array(model.embedding.weight),
            norm(model.norm),
            tuple(pack_block(mixer) for mixer in model.mixers),
            tuple(pack_feeding(part) for part in model.feed_forwards),
        )
    return found


def stamp(parameters: tuple[nn.Parameter, ...]) -> tuple[tuple[int, int], ...]:
    """Where the numbers lie, and how often each tensor was changed in place."""
    return tuple((p.data_ptr(), p._version) for p in parameters)


def norm(part: RMSNorm) -> Norm:
    return Norm(array(part.scale), part.eps)


def pack_block(mixer: Any) -> Block:
    second = getattr(mixer, "memory_norm", None) or getattr(mixer, "attention_norm", None)
    return Block(
        norm(mixer.norm),
        pack_memory(mixer.memory) if hasattr(mixer, "memory") else None,
        pack_attention(mixer) if hasattr(mixer, "attention") else None,
        norm(second) if second else None,
        pack_gating(mixer.gating) if hasattr(mixer, "gating") else None,
    )


def pack_memory(part: NeuralMemory) -> Remembering:
    return Remembering(
        array(part.qkv.weight),
        array(part.gate_projection.weight),
        array(part.convolution.taps),
        array(part.gate_bias),
        norm(part.norm),
        array(part.output_gate.weight),
        array(part.output_gate.bias),
        array(part.out.weight),
        part.config.eta_max,
        part.config.step_max,
        tuple(name in part.config.silu for name in ("query", "key", "value")),  # type: ignore[arg-type]
        part.config.read == "before",
    )


def pack_attention(mixer: Any) -> Attending:
    part: Attention = mixer.attention
    tokens = mixer.persistent_tokens()[None]
    held = part.held(tokens[:, :0] if hasattr(mixer, "attention_norm") else tokens)  # MAL attends to none
    return Attending(
        array(part.qkv.weight),
        array(part.out.weight),
        array(torch.cat(held)),
        array(rotations(2 * part.window, part.head_width, tokens.dtype, tokens.device)),
    )


def pack_gating(part: Gating) -> Gate:
    left, right = part.left, part.right
    assert left.shift is not None and right.shift is not None
    return Gate(norm(left), array(left.shift), norm(right), array(right.shift), array(part.out.weight))


def pack_feeding(part: Any) -> Feeding:
    return Feeding(norm(part.norm), array(part.up.weight), array(part.down.weight))
