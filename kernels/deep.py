"""Deep memory, one gradient block after the other (section 3.2).

At the block's start weights every token's gradient is rank one in every layer: the layer's input x_i times
the loss's derivative by its output, backpropagated for all tokens at once. So what a layer answers at each
token's own weights is an attention-like product over the writes u_i = 2 theta_i x_iᵀ d_i of its block,

    z_t = b_t a_t W_0 + f_t a_t S_0 + sum_{i<=t} P[t, i] 2 theta_i (a_t·x_i) d_i

and no token's weights are ever built. d is the residual v - M(k), carried back: the gradient is -2 x_iᵀ d_i.
As in the linear form, W stands for the distance from `initial` where forgetting leads there.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from kernels.activations import ACTIVATIONS, Activation
from kernels.bounded import bounded, weighed_keys
from kernels.coefficients import coefficients
from kernels.layout import chunked, sequence, twice
from kernels.norms import squared_norms
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights
from kernels.pieces import cut


class _Layer(NamedTuple):
    """One layer of B * H memories."""

    state: Tensor  # [B H, 2, Din, Dout], weights (their distance from the origin) and momentum
    origin: Tensor | None  # [B H, Din, Dout]

    def weight(self) -> Tensor:
        return self.state[:, 0] if self.origin is None else self.state[:, 0] + self.origin


class Writes(NamedTuple):
    """The factors of a block's writes into one layer."""

    x: Tensor  # [B H, C, Din]
    d: Tensor  # [B H, C, Dout]


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
    """A memory of any depth, block by block. Shapes as in `kernels.memory`."""
    batch, length, heads, _ = q.shape
    act = ACTIVATIONS[activation]
    layers = _layers(weights, momentum, initial)
    opened = [w.flatten(0, 1) for w in block_start or weights]
    met = None if block_keys is None else block_keys.flatten(0, 1)

    reads: list[Tensor] = []
    written: list[list[Writes]] = []
    traces: list[Tensor] = []
    for piece in cut(length, offset, block_size, block_size):
        span = slice(piece.start, piece.start + piece.size * piece.chunks)
        tokens = [chunked(x[:, span], piece.chunks) for x in (q, k, v)]
        decay, forgotten, given = (chunked(gate[:, span], piece.chunks) for gate in (eta, alpha, theta))
        tokens += [*coefficients(decay, forgotten, 2 * given), decay, given]
        per_block = (x.view(batch * heads, piece.chunks, *x.shape[1:]).unbind(1) for x in tokens)
        for queries, keys, values, memory, speed, momentum_decay, step in zip(*per_block, strict=True):
            if not piece.continues:
                opened = [layer.weight() for layer in layers]
            writes = backpropagated(keys, values, opened, act)
            taken = step
            if met is not None:
                if not piece.continues:
                    met = torch.zeros_like(met)
                scale = bounded(keys, step, momentum_decay, writes, met)  # [B H, C]
                met = met + weighed_keys(keys, step)
                taken, columns = step * scale, pad(scale, (2, 0), value=1.0)[:, None]
                memory, speed = memory * columns, speed * columns
            at_query = memory[:, 1:] if read == "after" else memory[:, :-1]
            reads.append(_read(queries, at_query, layers, writes, act))
            if telemetry:
                sizes = _telemetry(layers, writes, memory[:, 1:], speed)
                traces.append(torch.cat((sizes, taken[..., None].detach()), -1))
                written.append(writes)
            ends = torch.stack((memory[:, -1], speed[:, -1]), 1)  # [B H, 2, C + 2]
            layers = [_after(layer, write, ends) for layer, write in zip(layers, writes, strict=True)]

    def gathered(blocks: list[Tensor]) -> Tensor:
        return sequence(torch.cat(blocks, 1), batch, heads)

    def per_head(x: Tensor) -> Tensor:
        return x.reshape(batch, heads, *x.shape[1:])

    offset = (offset + length) % block_size
    return MemoryOutput(
        y=gathered(reads),
        weights=tuple(per_head(layer.weight()) for layer in layers),
        momentum=tuple(per_head(layer.state[:, 1]) for layer in layers),
        block_start=tuple(per_head(w) for w in opened) if offset else None,
        offset=offset,
        block_keys=None if met is None else per_head(met if offset else torch.zeros_like(met)),
        telemetry=dict(zip(TELEMETRY, gathered(traces).unbind(-1), strict=True)) if telemetry else {},
        factors=tuple(
            (gathered([w.x for w in layer]).detach(), -2 * gathered([w.d for w in layer]).detach())
            for layer in zip(*written, strict=True)
        ),
    )


def _layers(weights: Weights, momentum: Weights, initial: Weights | None) -> list[_Layer]:
    if initial is None:
        return [
            _Layer(torch.stack((w, s), 2).flatten(0, 1), None) for w, s in zip(weights, momentum, strict=True)
        ]
    return [
        _Layer(torch.stack((w - i, s), 2).flatten(0, 1), i.flatten(0, 1))
        for w, s, i in zip(weights, momentum, initial, strict=True)
    ]


def backpropagated(keys: Tensor, values: Tensor, weights: list[Tensor], act: Activation) -> list[Writes]:
    """Each layer's inputs and the residuals carried back to its outputs, at the block's start weights."""
    inputs, outputs = [keys], []
    for weight in weights[:-1]:
        outputs.append(torch.bmm(inputs[-1], weight))
        inputs.append(act.value(outputs[-1]))
    deltas = [torch.baddbmm(values, inputs[-1], weights[-1], alpha=-1)]
    for weight, output in zip(weights[:0:-1], outputs[::-1], strict=True):
        deltas.append(act.carried(torch.bmm(deltas[-1], weight.mT), output))
    return [Writes(x, d) for x, d in zip(inputs, reversed(deltas), strict=True)]


def _read(
    queries: Tensor, rows: Tensor, layers: list[_Layer], writes: list[Writes], act: Activation
) -> Tensor:
    """What the memory answers to each query [B H, C, Dk] at that token's own weights: [B H, C, Dv].

    rows [B H, C, C + 2]: coefficients of W_0, S_0 and the writes in each token's weights.
    """
    x = queries
    for number, (layer, write) in enumerate(zip(layers, writes, strict=True)):
        if number:
            x = act.value(x)
        known = twice(x, rows[..., :2]) @ layer.state.flatten(1, 2)
        if layer.origin is not None:
            known = torch.baddbmm(known, x, layer.origin)
        x = torch.baddbmm(known, rows[..., 2:] * (x @ write.x.mT), write.d)
    return x


def _after(layer: _Layer, write: Writes, ends: Tensor) -> _Layer:
    """The layer after the block. ends [B H, 2, C + 2]: coefficients in the last weights and momentum."""
    n, _, rows, columns = layer.state.shape
    kept = (ends[..., :2] @ layer.state.flatten(2)).view(n, 2 * rows, columns)
    state = torch.baddbmm(kept, twice(write.x, ends[..., 2:].mT).mT, write.d)
    return layer._replace(state=state.view(n, 2, rows, columns))


@torch.no_grad()
def _telemetry(layers: list[_Layer], writes: list[Writes], memory: Tensor, momentum: Tensor) -> Tensor:
    """Loss, and the norms of gradient, momentum and memory over all layers, at every token: [B H, C, 4]."""
    squares = [
        torch.stack(squared_norms(write.x, write.d, layer.state, layer.origin, memory, momentum), -1)
        for layer, write in zip(layers, writes, strict=True)
    ]  # [B H, C, 3] each
    residual = writes[-1].d
    norms = torch.stack(squares).sum(0).sqrt() * squares[0].new_tensor((2.0, 1.0, 1.0))
    return torch.cat((residual.square().sum(-1, keepdim=True), norms.to(residual.dtype)), -1)
