"""Deep memory on the kernels: a call's whole gradient blocks in one launch, what is left over by torch."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from kernels.deep import deep as by_blocks
from kernels.gpu.deep_operators import UNITS, deep_memory
from kernels.gpu.limits import tile
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights
from kernels.pieces import cut
from kernels.stepwise import stepwise


class _Tokens(NamedTuple):
    q: Tensor
    k: Tensor
    v: Tensor
    eta: Tensor
    theta: Tensor
    alpha: Tensor


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

    A gradient block that is open when the call begins or ends is not for the kernels: torch takes it.
    """
    made: list[MemoryOutput] = []
    for piece in cut(q.shape[1], offset, block_size, block_size):
        span = slice(piece.start, piece.start + piece.size * piece.chunks)
        tokens = _Tokens(*(x[:, span] for x in (q, k, v, eta, theta, alpha)))
        state = (weights, momentum, initial)
        if piece.size == block_size:
            out = _whole(tokens, *state, block_keys, block_size, read, activation, telemetry)
        else:
            opened = (block_start, offset, block_keys)
            torch_form = stepwise if piece.size == 1 else by_blocks
            out = torch_form(*tokens, *state, *opened, block_size, read, activation, telemetry)
        made.append(out)
        weights, momentum, block_start = out.weights, out.momentum, out.block_start
        offset, block_keys = out.offset, out.block_keys
    return _joined(made)


def _whole(
    tokens: _Tokens,
    weights: Weights,
    momentum: Weights,
    initial: Weights | None,
    block_keys: Tensor | None,
    block_size: int,
    read: Read,
    activation: str,
    telemetry: bool,
) -> MemoryOutput:
    """Tokens that are whole gradient blocks. block_keys tells by its presence that the step is bounded."""
    q, k, v, *gates = tokens
    (wide, units), high = weights[0].shape[2:], v.shape[3]
    rows, hidden, columns = tile(wide), -(-units // UNITS) * UNITS, tile(high)
    widened = (_widened(q, rows), _widened(k, rows), _widened(v, columns))

    def layers(pair: Weights) -> tuple[Tensor, Tensor]:
        return _padded(pair[0], rows, hidden), _padded(pair[1], hidden, columns)

    y, state1, state2, inputs, deltas1, deltas2, steps, sizes = deep_memory(
        *(x.contiguous() for x in (*widened, *gates)), *layers(weights), *layers(momentum),
        *(layers(initial) if initial else (None, None)),
        block_size, read == "before", block_keys is not None, activation, telemetry,
    )  # fmt: skip
    first, second = state1[..., :wide, :units], state2[..., :units, :high]
    met = None if block_keys is None else torch.zeros_like(block_keys)
    told = (*sizes.unbind(-1), steps / 2) if telemetry else ()
    factors = (k.detach(), -2 * deltas1[..., :units]), (inputs[..., :units], -2 * deltas2[..., :high])
    return MemoryOutput(
        y=y[..., :high],
        weights=(first[0], second[0]),
        momentum=(first[1], second[1]),
        block_start=None,
        offset=0,
        block_keys=met,
        telemetry=dict(zip(TELEMETRY, told, strict=True)) if telemetry else {},
        factors=factors if telemetry else (),
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


def _widened(x: Tensor, width: int) -> Tensor:
    """x [B, T, H, D] with columns of zeros: they meet, and make, nothing but zeros."""
    return pad(x, (0, width - x.shape[3]))


def _padded(layer: Tensor, rows: int, columns: int) -> Tensor:
    """layer [B, H, Din, Dout] with rows and columns of zeros, contiguous."""
    return pad(layer, (0, columns - layer.shape[3], 0, rows - layer.shape[2])).contiguous()
