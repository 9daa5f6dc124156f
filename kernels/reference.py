"""The definition: one token after the other, as the paper writes it.

Every token's weights are materialised and every gradient is taken by autograd. Slow, and meant to be read.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from kernels.activations import ACTIVATIONS
from kernels.bounded import bounded, weighed_keys
from kernels.modes import transformed
from kernels.output import TELEMETRY, MemoryOutput, Read, Weights


def reference(
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
    """Equations 8, 10 and 12 to 15, token by token. Shapes as in `kernels.memory`."""
    origin = initial or tuple(torch.zeros_like(w) for w in weights)
    reads, traces, factors = [], [], []
    for t in range(q.shape[1]):
        if offset == 0 or block_start is None:
            block_start = weights
        if read == "before":
            reads.append(retrieve_token(q[:, t], weights, activation))

        loss, gradients, pairs = surprise(k[:, t], v[:, t], block_start, activation)
        size = theta[:, t]
        if block_keys is not None:
            one, given = k[:, t, :, None], size[..., None]  # [B, H, 1, Dk], [B, H, 1]
            layers = [(x[..., None, :], -d[..., None, :] / 2) for x, d in pairs]
            size = size * bounded(one, given, eta[:, t, :, None], layers, block_keys)[..., 0]
            block_keys = block_keys + weighed_keys(one, given)
        decay, rate, kept = (gate[..., None, None] for gate in (eta[:, t], size, 1 - alpha[:, t]))
        momentum = tuple(decay * s - rate * g for s, g in zip(momentum, gradients, strict=True))  # (10)
        weights = tuple(
            i + kept * (w - i) + s for i, w, s in zip(origin, weights, momentum, strict=True)
        )  # (13)

        if read == "after":
            reads.append(retrieve_token(q[:, t], weights, activation))
        traces.append(torch.stack((loss, norm(gradients), norm(momentum), norm(weights), size)).detach())
        factors.append([(x.detach(), d.detach()) for x, d in pairs])
        offset = (offset + 1) % block_size
        if block_keys is not None and offset == 0:
            block_keys = torch.zeros_like(block_keys)

    return MemoryOutput(
        y=torch.stack(reads, 1),
        weights=weights,
        momentum=momentum,
        block_start=block_start if offset else None,
        offset=offset,
        block_keys=block_keys,
        telemetry=dict(zip(TELEMETRY, torch.stack(traces, 2), strict=True)) if telemetry else {},
        factors=tuple(
            (torch.stack([pair[0] for pair in layer], 1), torch.stack([pair[1] for pair in layer], 1))
            for layer in zip(*factors, strict=True)
        )
        if telemetry
        else (),
    )


def require_graphs(given: Sequence[Tensor]) -> None:
    """Raise RuntimeError where autograd cannot record what is done with these tensors."""
    if torch.is_inference_mode_enabled() or any(x.is_inference() for x in given):
        raise RuntimeError(
            "the backend 'reference' takes its gradients by autograd, which takes no inference mode and no "
            "tensors made there: call it under torch.no_grad() instead."
        )


def surprise(
    k: Tensor, v: Tensor, weights: Weights, activation: str
) -> tuple[Tensor, Weights, list[tuple[Tensor, Tensor]]]:
    """The associative loss (12) of one token [B, H], its gradient (8) for every layer, and its factors.

    The factors are a layer's input [B, H, Din] and the loss's derivative by its output [B, H, Dout]. Where no
    outer gradient reaches this token, nothing of it asks for one.
    """
    wanted = transformed() or any(x.requires_grad for x in (k, v, *weights))
    outer = torch.is_grad_enabled() and wanted
    with torch.enable_grad():
        # A copy is differentiated: the keys may hang on the same weights (in MAC they do), and that is no
        # part of the memory's gradient.
        weights = tuple(w.clone().requires_grad_() for w in weights)
        inputs, outputs = [k], [apply_layer(k, weights[0])]
        for w in weights[1:]:
            inputs.append(ACTIVATIONS[activation].value(outputs[-1]))
            outputs.append(apply_layer(inputs[-1], w))
        loss = (outputs[-1] - v).square().sum(-1)
        found = torch.autograd.grad(loss.sum(), (*weights, *outputs), create_graph=outer)
    gradients, deltas = found[: len(weights)], found[len(weights) :]
    if not outer:  # they hang on the leaves that were made here
        loss, inputs = loss.detach(), [x.detach() for x in inputs]
    return loss, gradients, list(zip(inputs, deltas, strict=True))


def retrieve_token(q: Tensor, weights: Weights, activation: str) -> Tensor:
    """M(q) for one query per head [B, H, Dk] -> [B, H, Dv], equation 15."""
    x = apply_layer(q, weights[0])
    for w in weights[1:]:
        x = apply_layer(ACTIVATIONS[activation].value(x), w)
    return x


def apply_layer(x: Tensor, weight: Tensor) -> Tensor:
    return (x[..., None, :] @ weight)[..., 0, :]  # [B, H, Din] -> [B, H, Dout]


def norm(matrices: Weights) -> Tensor:
    """Frobenius norm over all layers together, [B, H]."""
    return torch.stack([m.square().sum((-2, -1)) for m in matrices]).sum(0).sqrt()
