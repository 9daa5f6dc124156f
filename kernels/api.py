"""The two functions everybody calls: look at what came in, then hand it to the form that fits."""

from typing import Any

import torch
from torch import Tensor

from kernels.activations import ACTIVATIONS
from kernels.backends import HALF, chosen
from kernels.checks import (
    ENDLESS,
    check_activation,
    check_layers,
    check_like,
    check_options,
    check_queries,
    check_tensors,
    opened_keys,
    state_dtype,
)
from kernels.compiled import compiled, preferred, require
from kernels.deep import deep
from kernels.linear import linear
from kernels.modes import outside_autocast
from kernels.output import TELEMETRY, MemoryOutput, Objective, Read, Step, Weights
from kernels.reference import reference, require_graphs
from kernels.stepwise import stepwise


def memory(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    eta: Tensor,
    theta: Tensor,
    alpha: Tensor,
    weights: Weights,
    momentum: Weights,
    initial: Weights | None = None,
    block_start: Weights | None = None,
    offset: int = 0,
    block_keys: Tensor | None = None,
    chunk_size: int = 64,
    block_size: int = 64,
    read: Read = "after",
    activation: str = "silu",
    step: Step = "given",
    objective: Objective = "squared",
    backend: str = "auto",
    telemetry: bool = True,
) -> MemoryOutput:
    """Write a sequence into a memory and read it back, token by token.

    For each token the gradient G of ||M(k) - v||² (8, 12) moves the momentum S <- eta S - theta G (10, 14),
    the momentum moves the memory M <- I + (1 - alpha)(M - I) + S (13, with I = 0), and y = M(q) is read (15).

    Args:
        q, k: [B, T, H, Dk]; v: [B, T, H, Dv]. T may be 0. float32 or float64, or float16 or bfloat16: then
            gates and state are float32, and only the Triton kernels multiply in half precision.
        eta, theta, alpha: [B, T, H], momentum decay, step and forgetting of each token; see below for the
            ranges that are meant.
        weights, momentum: the state before the first token, one [B, H, Din, Dout] per layer.
        initial: I, what forgetting leads to, shaped like weights; None is the paper's letter, zero.
        block_start: the weights at the start of the open gradient block, needed where offset > 0.
        offset: how many tokens the open gradient block already holds.
        block_keys: the keys that the open gradient block has met, [B, H, Dk, Dk], needed where offset > 0 and
            the step is bounded. These three come back in the output, so that a stream may be cut anywhere
            without changing a number.
        chunk_size: how many tokens are computed together, at most 2**62; it changes speed, never numbers.
        block_size: how many tokens share one point at which gradients are taken. 1 is the exact online rule,
            chunk_size the paper's parallel form. Divides chunk_size; a deep memory knows these two alone.
        read: "after" reads M_t(q_t), "before" reads M_{t-1}(q_t).
        activation: "silu" or "gelu", between the layers of a deep memory.
        step: "given" takes theta as the step; "bounded" takes
            theta (1 - eta) / (max(1, kappa) (1 + met)²), so that with 2 theta <= 1, to first order, no step
            of a deep memory carries the token's own answer past its value. kappa is its tangent kernel at the
            block's start, met the sum of 2 theta_j (k·k_j)² over the earlier tokens of its block
            (`kernels.bounded`).
        objective: "squared" is the loss above; "inner" is -2 <M(k), v>, of a linear memory: it writes the
            same whatever the memory holds (Hebb's rule, so linear attention). Its gradient is that of the
            squared loss at a memory of zeros, so there are no gradient blocks, and the telemetry's loss is
            what an empty memory misses, ||v||².
        backend: "torch"; "triton", on a GPU, for a memory of one layer or two (`kernels.gpu.limits`);
            "numba", a loop compiled for the CPU, no gradients (`kernels.compiled`); "reference", slow, the
            definition; or "auto", which takes the fastest there is.
        telemetry: whether losses, norms and gradient factors are wanted.

    Returns:
        A `MemoryOutput`. Gradients reach every tensor argument through y, weights, momentum, block_start
        and block_keys. Nothing that was handed in is changed in place, but what comes out may share its
        memory: block_start with weights, the telemetry's theta with theta, factors with k, and without
        tokens the whole state. So change neither in place while the other is in use.

    Shapes, dtypes and devices are checked, values are not: that would be a pass over the gates, and on a GPU
    a wait for them. Meant are eta and alpha in [0, 1] and theta >= 0. Whatever comes, the equations above are
    computed as they stand, alike by every backend: nothing is clamped and nothing told, and a memory may grow
    from token to token until its numbers are not finite.

    For a linear memory, keys of length 1 and alpha = 0, 2 theta <= 1 - eta means that at an unchanging eta
    the steps of one write add up to no more than its error. At block_size 1 and eta = 0 the answer under
    that key then never passes its value. With momentum it can: for one key told again and again at eta = 0.9
    it reaches 1.6 times the value, and comes back to it, as at all gaps of up to 200 tokens between tellings.
    This is no bound for every sequence: a memory can grow where eta rises after a write, or where keys are
    chosen to that end. Longer blocks diverge on a key that comes back within them, unless theta is divided by
    block_size.

    A value that is not finite spoils what comes after it in its sequence and head, and nothing before it.
    "torch" and "triton" lose more, the whole chunk that holds it, for they compute its tokens together.

    The state is computed in its own dtype within `torch.autocast` too.

    Raises:
        TypeError: something that is no tensor, no tuple of tensors or no int where one is due.
        ValueError: shapes, dtypes, devices or options that do not fit each other, and sparse tensors.
        RuntimeError: a backend that is not there, or not for tensors on this device, or not for what autograd
            is doing: "numba" where gradients are wanted, "reference" in inference mode.
    """
    check_tensors(q, k, v, (eta, theta, alpha))
    check_layers("weights", weights, q, v.shape[-1])
    check_like("momentum", momentum, weights)
    for name, layers in (("initial", initial), ("block_start", block_start)):
        if layers is not None:
            check_like(name, layers, weights)
    check_options(
        len(weights), block_start, offset, chunk_size, block_size, read, activation, step, objective, backend
    )
    block_keys = opened_keys(block_keys, offset, q) if step == "bounded" else None
    if q.shape[1] == 0:
        return _unchanged(q, v, weights, momentum, block_start, offset, block_keys, telemetry)
    if objective == "inner":
        block_start, offset, block_size = tuple(map(torch.zeros_like, weights)), 1, ENDLESS
    block_start = block_start if offset else None
    layers = (*weights, *momentum, *(initial or ()), *(block_start or ()))
    tensors = (q, k, v, eta, theta, alpha, *layers, *(() if block_keys is None else (block_keys,)))
    if backend == "numba":
        require(tensors)
    elif backend == "auto" and preferred(tensors):
        backend = "numba"
    elif backend == "reference":
        require_graphs(tensors)
    backend = chosen(backend, weights, block_size, q.dtype, objective)
    state = (eta, theta, alpha, weights, momentum, initial, block_start, offset)
    with outside_autocast(q):
        if backend == "triton" and len(weights) == 1:
            from kernels.gpu.linear import linear as on_gpu  # not at the top: elsewhere Triton may be missing

            return on_gpu(q, k, v, *state, block_size, read, telemetry)
        dtype = q.dtype
        q, k, v = (x.to(state_dtype(q)) for x in (q, k, v))
        if len(weights) == 1 and backend == "torch":
            out = linear(q, k, v, *state, chunk_size, block_size, read, telemetry)
        else:
            by_torch = stepwise if 1 in (block_size, q.shape[1]) else deep
            forms = {"reference": reference, "numba": compiled, "torch": by_torch, "triton": _by_kernels}
            arguments = (*state, block_keys, block_size, read, activation, telemetry)
            out = forms[backend](q, k, v, *arguments)
        if objective == "inner":
            out = out._replace(block_start=None, offset=0)
        return _halved(out, dtype) if dtype in HALF else out


def _by_kernels(*arguments: Any) -> MemoryOutput:
    from kernels.gpu.deep_memory import deep as on_gpu

    return on_gpu(*arguments)


def _halved(out: MemoryOutput, dtype: torch.dtype) -> MemoryOutput:
    """What belongs to tokens in the dtype that they came in; the state stays wide."""
    factors = tuple((x.to(dtype), d.to(dtype)) for x, d in out.factors)
    return out._replace(y=out.y.to(dtype), factors=factors)


def retrieve(q: Tensor, weights: Weights, activation: str = "silu") -> Tensor:
    """Read a memory without writing: M(q), equation 15, and the read of equation 21.

    q: [B, T, H, Dk]; weights: one [B, H, Din, Dout] per layer. Returns [B, T, H, Dv].

    Raises:
        TypeError: something that is no tensor or no tuple of tensors where one is due.
        ValueError: shapes, dtypes or devices that do not fit each other, sparse tensors, or an unknown
            activation.
    """
    check_queries(q)
    check_layers("weights", weights, q, None)
    check_activation(activation)
    with outside_autocast(q):
        x = q.transpose(1, 2).to(state_dtype(q)) @ weights[0]  # [B, H, T, Dout]
        for weight in weights[1:]:
            x = ACTIVATIONS[activation].value(x) @ weight
    return x.transpose(1, 2).to(q.dtype)


def _unchanged(
    q: Tensor,
    v: Tensor,
    weights: Weights,
    momentum: Weights,
    block_start: Weights | None,
    offset: int,
    block_keys: Tensor | None,
    telemetry: bool,
) -> MemoryOutput:
    """An empty sequence reads nothing and leaves the state as it was."""
    empty = q.shape[:3]
    return MemoryOutput(
        y=v.new_empty(v.shape),
        weights=weights,
        momentum=momentum,
        block_start=block_start if offset else None,
        offset=offset,
        block_keys=block_keys,
        telemetry={name: weights[0].new_empty(empty) for name in TELEMETRY} if telemetry else {},
        factors=tuple((q.new_empty(*empty, w.shape[2]), q.new_empty(*empty, w.shape[3])) for w in weights)
        if telemetry
        else (),
    )
