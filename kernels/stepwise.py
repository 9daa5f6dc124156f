"""Deep memory, token by token: where gradients are taken anew at every token, and for a token alone.

A gradient block of one token leaves nothing to compute together, so here are no coefficients and no Gram
matrices: the residual is carried back by hand, the write is the outer product of a layer's input and that,
and (10) and (13) are a pass over momentum and weights each.
"""

import torch
from torch import Tensor

from kernels.activations import ACTIVATIONS, Activation
from kernels.bounded import bounded, weighed_keys
from kernels.deep import Writes, backpropagated
from kernels.layout import sequence
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights


def stepwise(
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
    """A memory of any depth, any gradient block, token after token. Shapes as in `kernels.memory`."""
    batch, length, heads, _ = q.shape
    act = ACTIVATIONS[activation]
    layers, speeds = _side_by_side(weights), _side_by_side(momentum)  # [B H, Din, Dout]
    origins = _side_by_side(initial) if initial else [None] * len(layers)
    opened = _side_by_side(block_start or weights)
    met = None if block_keys is None else block_keys.flatten(0, 1)

    reads: list[Tensor] = []
    written: list[list[Writes]] = []
    traces: list[Tensor] = []
    gates = (x[..., None] for x in (eta, theta, 2 * theta, 1 - alpha))
    for query, key, value, decay, step, rate, kept in zip(*map(_one_by_one, (q, k, v, *gates)), strict=True):
        if not offset:
            opened = layers
        if read == "before":
            reads.append(_answer(query, layers, act))
        writes = backpropagated(key, value, opened, act)
        if met is not None:
            given = step[..., 0]  # [B H, 1]
            met = met if offset else torch.zeros_like(met)
            scale = bounded(key, given, decay[..., 0], writes, met)[..., None]
            step, rate = step * scale, rate * scale
            met = met + weighed_keys(key, given)
        speeds = [
            torch.addcmul((rate * write.x).mT * write.d, decay, speed)
            for speed, write in zip(speeds, writes, strict=True)
        ]
        layers = [
            torch.addcmul(speed, kept, layer) if origin is None else torch.lerp(origin, layer, kept) + speed
            for origin, layer, speed in zip(origins, layers, speeds, strict=True)
        ]
        if read == "after":
            reads.append(_answer(query, layers, act))
        if telemetry:
            traces += [*map(_norm, speeds), *map(_norm, layers), step.detach()]
            written.append(writes)
        offset = (offset + 1) % block_size

    def per_head(x: Tensor) -> Tensor:
        return x.reshape(batch, heads, *x.shape[1:])

    factors = tuple(
        (_told([w.x for w in layer], batch, heads), -2 * _told([w.d for w in layer], batch, heads))
        for layer in zip(*written, strict=True)
    )
    return MemoryOutput(
        y=sequence(torch.cat(reads, 1), batch, heads),
        weights=tuple(map(per_head, layers)),
        momentum=tuple(map(per_head, speeds)),
        block_start=tuple(map(per_head, opened)) if offset else None,
        offset=offset,
        block_keys=None if met is None else per_head(met if offset else torch.zeros_like(met)),
        telemetry=_telemetry(factors, traces, (batch, heads, length)) if telemetry else {},
        factors=factors,
    )


def _side_by_side(layers: Weights) -> list[Tensor]:
    return [layer.flatten(0, 1) for layer in layers]


def _one_by_one(x: Tensor) -> tuple[Tensor, ...]:
    """[B, T, H, D] as T rows [B H, 1, D]."""
    return x.transpose(1, 2).flatten(0, 1)[:, :, None].unbind(1)


def _told(rows: list[Tensor], batch: int, heads: int) -> Tensor:
    """The way back of T rows [B H, 1, D], outside of the outer graph: [B, T, H, D]."""
    return sequence(torch.cat(rows, 1), batch, heads).detach()


def _answer(x: Tensor, layers: list[Tensor], act: Activation) -> Tensor:
    """M(x) for one row [B H, 1, Dk] per memory: [B H, 1, Dv], equation 15."""
    x = torch.bmm(x, layers[0])
    for layer in layers[1:]:
        x = torch.bmm(act.value(x), layer)
    return x


def _norm(layer: Tensor) -> Tensor:
    """Frobenius norm of [B H, Din, Dout]: [B H, 1, 1]."""
    norm: Tensor = torch.linalg.vector_norm(layer.detach(), dim=(1, 2), keepdim=True)
    return norm


def _telemetry(
    factors: tuple[tuple[Tensor, Tensor], ...], traces: list[Tensor], size: tuple[int, int, int]
) -> dict[str, Tensor]:
    """Loss and surprise from the factors, the norms of all layers together and the step from the traces of
    each token: its layers' momenta, its layers' weights, its step, [B H, 1, 1] each."""
    loss = factors[-1][1].square().sum(-1) / 4
    squares = [x.square().sum(-1) * d.square().sum(-1) for x, d in factors]
    rows = torch.cat(traces, 1).view(*size, -1).transpose(1, 2)  # [B, T, H, 2 L + 1]
    norms = rows[..., :-1].unflatten(-1, (2, -1)).norm(dim=-1)
    told = (loss, torch.stack(squares).sum(0).sqrt(), *norms.unbind(-1), rows[..., -1])
    return dict(zip(TELEMETRY, told, strict=True))
