"""Deep memory on the kernels: a call's whole gradient blocks in one launch, and few tokens one by one."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from kernels.deep import deep as by_torch
from kernels.gpu.deep_operators import UNITS, deep_memory
from kernels.gpu.deep_stream import deep_recurrent, fits_token_by_token
from kernels.gpu.limits import tile
from kernels.gpu.widen import padded, widened
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights
from kernels.pieces import cut

FEW = 16  # the most tokens that are taken one by one where gradient blocks are longer


class _Tokens(NamedTuple):
    """As in `kernels.memory`."""

    q: Tensor
    k: Tensor
    v: Tensor
    eta: Tensor
    theta: Tensor
    alpha: Tensor


class _State(NamedTuple):
    """As in `kernels.memory`."""

    weights: Weights
    momentum: Weights
    initial: Weights | None
    block_start: Weights | None
    offset: int
    block_keys: Tensor | None


class _Options(NamedTuple):
    """As in `kernels.memory`."""

    block_size: int
    read: Read
    activation: str
    telemetry: bool


def deep(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    weights: Weights,
    momentum: Weights,
    initial: Weights | None,
    block_start: Weights | None,
    offset: int,
    block_keys: Tensor | None,
    block_size: int,
    read: Read,
    activation: str,
    telemetry: bool,
) -> MemoryOutput:
    """A memory that fits (`kernels.gpu.limits`), in float32. Shapes as in `kernels.memory`.

    A gradient block that is open when the call begins or ends is taken token by token, or where an outer
    gradient is asked for by torch.
    """
    tokens = _Tokens(q, k, v, eta, theta, alpha)
    state = _State(weights, momentum, initial, block_start, offset, block_keys)
    options = _Options(block_size, read, activation, telemetry)
    alone = fits_token_by_token(weights) and not _differentiated(tokens, state)
    if alone and (block_size == 1 or q.shape[1] <= FEW):
        return _one_by_one(tokens, state, options)
    made: list[MemoryOutput] = []
    for piece in cut(q.shape[1], offset, block_size, block_size):
        span = slice(piece.start, piece.start + piece.size * piece.chunks)
        part = _Tokens(*(x[:, span] for x in tokens))
        if piece.size == block_size:
            out = _whole_blocks(part, state, options)
        elif alone:
            out = _one_by_one(part, state, options)
        else:
            out = by_torch(*part, *state, *options)
        made.append(out)
        state = _State(out.weights, out.momentum, initial, out.block_start, out.offset, out.block_keys)
    return _joined(made)


def _whole_blocks(tokens: _Tokens, state: _State, options: _Options) -> MemoryOutput:
    """Tokens that are whole gradient blocks, all in one launch."""
    units, met = state.weights[0].shape[3], state.block_keys
    made = deep_memory(
        *_operands(tokens, state, -(-units // UNITS) * UNITS),
        options.block_size, options.read == "before", met is not None, options.activation, options.telemetry,
    )  # fmt: skip
    return _output(made, tokens, state, None, 0, None if met is None else torch.zeros_like(met))


def _one_by_one(tokens: _Tokens, state: _State, options: _Options) -> MemoryOutput:
    """Any tokens, one after the other, in one launch."""
    wide, units, high = _widths(state.weights)
    hidden, met = tile(units), state.block_keys
    *made, opened1, opened2, keys = deep_recurrent(
        *_operands(tokens, state, hidden),
        *_layers(state.block_start or state.weights, hidden),
        None if met is None else padded(met, tile(wide), tile(wide)),
        state.offset, options.block_size, options.read == "before", options.activation, options.telemetry,
    )  # fmt: skip
    offset = (state.offset + tokens.q.shape[1]) % options.block_size
    opened = (opened1[..., :wide, :units], opened2[..., :units, :high]) if offset else None
    if met is not None:
        met = keys[..., :wide, :wide] if offset else torch.zeros_like(met)
    return _output(made, tokens, state, opened, offset, met)


def _operands(tokens: _Tokens, state: _State, hidden: int) -> list[Tensor | None]:
    """Tokens, weights, momentum and initial weights as the kernels want them, widened with zeros."""
    q, k, v, *gates = tokens
    wide, high = tile(q.shape[3]), tile(v.shape[3])
    rows = (widened(q, wide), widened(k, wide), widened(v, high), *(gate.contiguous() for gate in gates))
    initial = _layers(state.initial, hidden) if state.initial else [None, None]
    return [*rows, *_layers(state.weights, hidden), *_layers(state.momentum, hidden), *initial]


def _output(
    made: Sequence[Tensor],
    tokens: _Tokens,
    state: _State,
    block_start: Weights | None,
    offset: int,
    block_keys: Tensor | None,
) -> MemoryOutput:
    """What an operator made, without what was widened."""
    wide, units, high = _widths(state.weights)
    y, state1, state2, inputs, deltas1, deltas2, steps, sizes = made
    first, second = state1[..., :wide, :units], state2[..., :units, :high]
    told = sizes.shape[1] > 0
    factors1 = (tokens.k.detach(), -2 * deltas1[..., :units])
    factors2 = (inputs[..., :units], -2 * deltas2[..., :high])
    return MemoryOutput(
        y=y[..., :high],
        weights=(first[0], second[0]),
        momentum=(first[1], second[1]),
        block_start=block_start,
        offset=offset,
        block_keys=block_keys,
        telemetry=dict(zip(TELEMETRY, (*sizes.unbind(-1), steps / 2), strict=True)) if told else {},
        factors=(factors1, factors2) if told else (),
    )


def _joined(made: list[MemoryOutput]) -> MemoryOutput:
    """What came of consecutive tokens, as of one call; the state is that of the last."""
    if len(made) == 1:
        return made[0]
    return made[-1]._replace(
        y=torch.cat([out.y for out in made], 1),
        telemetry={name: torch.cat([out.telemetry[name] for out in made], 1) for name in made[0].telemetry},
        factors=tuple(
            (torch.cat([x for x, _ in layer], 1), torch.cat([d for _, d in layer], 1))
            for layer in zip(*(out.factors for out in made), strict=True)
        ),
    )


def _differentiated(tokens: _Tokens, state: _State) -> bool:
    """Whether an outer gradient is asked for."""
    layers = (state.weights, state.momentum, state.initial or (), state.block_start or ())
    keys = () if state.block_keys is None else (state.block_keys,)
    every = (*tokens, *keys, *(layer for group in layers for layer in group))
    return torch.is_grad_enabled() and any(x.requires_grad for x in every)


def _widths(weights: Weights) -> tuple[int, int, int]:
    return weights[0].shape[2], weights[0].shape[3], weights[1].shape[3]


def _layers(layers: Weights, hidden: int) -> list[Tensor]:
    first, second = layers
    return [
        padded(first, tile(first.shape[2]), hidden),
        padded(second, hidden, tile(second.shape[3])),
    ]
