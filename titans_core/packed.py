"""Weights and states as the arrays that compiled loops take (`titans_core.loop`, `chain`, `rows`)."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from titans_core.attention import Attention, Cache, rotations

if TYPE_CHECKING:
    from titans_core.layers import FeedForward, Gating, RMSNorm
    from titans_core.memory import MemoryState, NeuralMemory
    from titans_core.model import TitansLM

Array = np.ndarray[Any, Any]
Weights = TypeVar("Weights")


def array(x: Tensor) -> Array:
    """The tensor's own numbers, in a row, as the loops expect them: else each layout would be compiled."""
    return np.ascontiguousarray(x.detach().numpy())


def own(x: Tensor) -> Array:
    """A copy of its numbers, to be changed."""
    return x.detach().numpy().copy()


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
    persistent: Array  # [N_p, width]; none in MAL
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
    """A model's weights as arrays: the same numbers, not copies, so what changes in place is seen. Nothing
    that is computed of weights may stand here: no version counts what is changed through ``.data``."""

    embedding: Array
    norm: Norm
    blocks: tuple[Block, ...]
    feeding: tuple[Feeding, ...]


class Kept(NamedTuple):
    """A part's weights, and what they were made of: the dictionaries in which its modules keep parameters
    and parts, what these held, and where each parameter's numbers lay; and of the modules with settings their
    own dictionaries and what these were."""

    packed: Any
    places: list[dict[str, Any]]
    parts: list[Any]
    parameters: list[Tensor]
    pointers: list[int]
    settings: list[tuple[dict[str, Any], Any]]

    def current(self) -> bool:
        """Whether the arrays are still the part's: nothing replaced, and nothing moved."""
        parts = [part for place in self.places for part in place.values()]
        same = len(parts) == len(self.parts) and all(map(is_, parts, self.parts))
        same = same and all(own["config"] is settings for own, settings in self.settings)
        return same and self.pointers == [p.data_ptr() for p in self.parameters] and self.shared()

    def shared(self) -> bool:
        """Whether all arrays are the parameters' own numbers: of others than plain rows they are copies."""
        return all([p.is_contiguous() for p in self.parameters])


known: WeakKeyDictionary[nn.Module, Kept] = WeakKeyDictionary()


def pack(part: nn.Module, packed: Callable[[Any], Weights]) -> Weights:
    """A part's weights as ``packed`` makes arrays of them; anew where any was replaced since."""
    found = known.get(part)
    if found is None or not found.current():
        found = known[part] = keep(part, packed(part))
    weights: Weights = found.packed
    return weights


def keep(part: nn.Module, packed: Any) -> Kept:
    """The weights as arrays, and what they are made of."""
    places = [place for m in part.modules() for place in (m._parameters, m._modules) if place]
    parts: list[Any] = [each for place in places for each in place.values()]
    parameters: list[Tensor] = list(part.parameters())
    pointers = [p.data_ptr() for p in parameters]
    settings = [(m.__dict__, m.__dict__["config"]) for m in part.modules() if "config" in m.__dict__]
    return Kept(packed, places, parts, parameters, pointers, settings)


def pack_model(model: TitansLM) -> Packed:
    return Packed(
        array(model.embedding.weight),
        norm(model.norm),
        tuple(pack_block(mixer) for mixer in model.mixers),
        tuple(pack_feeding(part) for part in model.feed_forwards),  # type: ignore[arg-type]
    )


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
    persistent = mixer.persistent[:0] if hasattr(mixer, "attention_norm") else mixer.persistent
    return Attending(
        array(part.qkv.weight),
        array(part.out.weight),
        array(persistent),
        array(rotations(2 * part.window, part.head_width, persistent.dtype, persistent.device)),
    )


def pack_gating(part: Gating) -> Gate:
    left, right = part.left, part.right
    assert left.shift is not None and right.shift is not None
    return Gate(norm(left), array(left.shift), norm(right), array(right.shift), array(part.out.weight))


def pack_feeding(part: FeedForward) -> Feeding:
    return Feeding(norm(part.norm), array(part.up.weight), array(part.down.weight))


# --------------------------------------------------------------------------------------------------- states


def begun(state: MemoryState) -> tuple[MemoryState, tuple[Array, Array, Array]]:
    """A copy of a memory's state, and its weights, momentum and tail to be changed."""
    arrays = own(state.weights[0]), own(state.momentum[0]), own(state.tail)
    weights, momentum, tail = map(torch.from_numpy, arrays)
    return state._replace(weights=(weights,), momentum=(momentum,), tail=tail), arrays


def opened(held: Cache) -> Array:
    """Keys and values with room for one more, [B, 2, H, n + 1, D]."""
    batch, heads, tokens, width = held.keys.shape
    found = np.empty((batch, 2, heads, tokens + 1, width), array(held.keys).dtype)
    put(held, found)
    return found


def put(held: Cache, found: Array) -> None:
    """Keys and values as the first of ``found`` [B, 2, H, places, D]."""
    for number, part in enumerate(held):
        found[:, number, :, : part.shape[2]] = part.detach().numpy()


def closed(held: Array, most: int) -> Cache:
    """The last keys and values, ``most`` at most."""
    last = torch.from_numpy(held[:, :, :, max(held.shape[3] - most, 0) :])
    return Cache(*last.unbind(1))
