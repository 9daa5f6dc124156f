"""Token by token, as the definition does it: for the one token or the few that a stream brings."""

import triton
import triton.language as tl

from kernels.gpu.telemetry import SIZES


@triton.jit(do_not_specialize=["offset"])  # a stream comes with all of them
def recurrent(
    q,
    k,
    v,
    eta,
    theta,
    alpha,
    memory,
    momentum,
    reference,
    origin,
    y,
    errors,
    sizes,
    last,
    offset,
    block,
    T,
    H,
    K: tl.constexpr,
    V: tl.constexpr,
    BEFORE: tl.constexpr,
    TELEMETRY: tl.constexpr,
    SHIFTED: tl.constexpr,
):
    """One memory, all its tokens; grid (B H).

    memory, momentum, reference [B, H, K, V]: M, S, and the memory that gradients are taken at while the open
    block, which holds `offset` tokens, lasts. last [3, B, H, K, V]: the same three after the last token.
    """
    n = tl.program_id(0).to(tl.int64)
    memories = tl.num_programs(0).to(tl.int64)
    batch, head = n // H, n % H
    rows, columns = tl.arange(0, K), tl.arange(0, V)
    matrix = n * K * V + rows[:, None] * V + columns[None, :]
    m, s = tl.load(memory + matrix), tl.load(momentum + matrix)
    start = tl.load(reference + matrix)
    for t in range(T):
        token = (batch * T + t) * H + head
        key = tl.load(k + token * K + rows).to(tl.float32)
        query = tl.load(q + token * K + rows).to(tl.float32)
        value = tl.load(v + token * V + columns).to(tl.float32)
        if (t + offset) % block == 0:
            start = m
        if BEFORE:
            tl.store(y + token * V + columns, tl.sum(query[:, None] * m, axis=0).to(y.dtype.element_ty))
        residual = value - tl.sum(key[:, None] * start, axis=0)  # -1/2 of the loss's derivative (8, 12)
        step = 2.0 * tl.load(theta + token)
        s = tl.load(eta + token) * s + (step * key)[:, None] * residual[None, :]  # (10)
        m = (1.0 - tl.load(alpha + token)) * m + s  # (13)
        if not BEFORE:
            tl.store(y + token * V + columns, tl.sum(query[:, None] * m, axis=0).to(y.dtype.element_ty))
        tl.store(errors + token * V + columns, (-2.0 * residual).to(errors.dtype.element_ty))
        if TELEMETRY:
            loss = tl.sum(residual * residual, axis=0)
            whole = m
            if SHIFTED:
                whole = m + tl.load(origin + matrix)
            tl.store(sizes + token * SIZES, loss)
            tl.store(sizes + token * SIZES + 1, 2.0 * tl.sqrt(tl.sum(key * key, axis=0) * loss))
            tl.store(sizes + token * SIZES + 2, tl.sqrt(tl.sum(s * s)))
            tl.store(sizes + token * SIZES + 3, tl.sqrt(tl.sum(whole * whole)))
    tl.store(last + matrix, m)
    tl.store(last + memories * K * V + matrix, s)
    tl.store(last + 2 * memories * K * V + matrix, start)
