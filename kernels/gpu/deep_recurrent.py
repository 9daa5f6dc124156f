"""A memory of two layers token by token, as the definition does it: for gradient blocks of one token, and for
the few tokens that a stream brings. Nothing is a product of matrices here: the layers stay in registers."""

import triton
import triton.language as tl

from kernels.gpu.deep import RESIDUAL_FLOOR, activate
from kernels.gpu.telemetry import SIZES


@triton.jit
def forward(x, layer):
    """x M: [Din] through [Din, Dout]."""
    return tl.sum(x[:, None] * layer, axis=0)


@triton.jit
def ask(x, m1, m2, ACT: tl.constexpr):
    """What the memory answers (15)."""
    hidden, _ = activate(forward(x, m1), ACT)
    return forward(hidden, m2)


@triton.jit
def forget(m, kept, origin, SHIFTED: tl.constexpr):
    """I + (1 - alpha)(M - I)."""
    if SHIFTED:
        o = tl.load(origin)
        return o + kept * (m - o)
    else:
        return kept * m


@triton.jit(do_not_specialize=["offset"])  # a stream comes with all of them
def deep_recurrent(
    q,
    k,
    v,
    eta,
    theta,
    alpha,
    initial1,
    initial2,
    state1,
    state2,
    opened1,
    opened2,
    block_keys,
    y,
    inputs,
    deltas1,
    deltas2,
    steps,
    sizes,
    offset,
    block,
    T,
    H,
    K: tl.constexpr,
    N: tl.constexpr,
    V: tl.constexpr,
    BEFORE: tl.constexpr,
    SHIFTED: tl.constexpr,
    BOUNDED: tl.constexpr,
    EXACT: tl.constexpr,
    TELEMETRY: tl.constexpr,
    ACT: tl.constexpr,
):
    """One memory, all its tokens; grid (B H). Shapes as in `deep`; EXACT: every token is a block of its own.

    state1, state2, and unless EXACT opened1, opened2 [B, H, ..], the layers that gradients are taken at while
    the open block of `offset` tokens lasts, and block_keys [B, H, K, K], what `weighed_keys` of that block is
    so far: before the first token, and then after the last.
    """
    n, memories = tl.program_id(0).to(tl.int64), tl.num_programs(0).to(tl.int64)
    batch, head = n // H, n % H
    rows, units, columns = tl.arange(0, K), tl.arange(0, N), tl.arange(0, V)
    layer1 = n * K * N + rows[:, None] * N + units[None, :]
    layer2 = n * N * V + units[:, None] * V + columns[None, :]
    among = n * K * K + rows[:, None] * K + rows[None, :]
    speed1, speed2 = state1 + memories * K * N + layer1, state2 + memories * N * V + layer2
    m1, s1 = tl.load(state1 + layer1), tl.load(speed1)
    m2, s2 = tl.load(state2 + layer2), tl.load(speed2)
    for t in tl.range(0, T, num_stages=1):
        token = (batch * T + t) * H + head
        key, query = tl.load(k + token * K + rows), tl.load(q + token * K + rows)
        momentum, kept = tl.load(eta + token), 1.0 - tl.load(alpha + token)
        step = 2.0 * tl.load(theta + token)
        if not EXACT:
            tl.debug_barrier()  # every thread is done with the last token
            if (t + offset) % block == 0:
                tl.store(opened1 + layer1, m1)
                tl.store(opened2 + layer2, m2)
                if BOUNDED:
                    tl.store(block_keys + among, tl.zeros([K, K], tl.float32))
            tl.debug_barrier()  # and sees what the others have stored
        if BEFORE:
            tl.store(y + token * V + columns, ask(query, m1, m2, ACT))

        hidden, slope = activate(forward(key, m1 if EXACT else tl.load(opened1 + layer1)), ACT)
        start2 = m2 if EXACT else tl.load(opened2 + layer2)
        d2 = tl.load(v + token * V + columns) - forward(hidden, start2)
        d1 = slope * tl.sum(start2 * d2[None, :], axis=1)
        loss, length = tl.sum(d2 * d2, axis=0), tl.sum(key * key, axis=0)
        write = length * tl.sum(d1 * d1, axis=0) + tl.sum(hidden * hidden, axis=0) * loss
        if BOUNDED:
            given = step
            step *= (1.0 - momentum) / tl.maximum(write / (loss + RESIDUAL_FLOOR), 1.0)
            if not EXACT:
                met = tl.load(block_keys + among)
                damped = 1.0 + tl.sum(forward(key, met) * key, axis=0)
                step /= damped * damped
                tl.debug_barrier()  # every thread has read
                tl.store(block_keys + among, met + given * key[:, None] * key[None, :])
        s1 = momentum * s1 + (step * key)[:, None] * d1[None, :]  # (10)
        s2 = momentum * s2 + (step * hidden)[:, None] * d2[None, :]
        m1 = forget(m1, kept, initial1 + layer1, SHIFTED) + s1  # (13)
        m2 = forget(m2, kept, initial2 + layer2, SHIFTED) + s2

        if not BEFORE:
            tl.store(y + token * V + columns, ask(query, m1, m2, ACT))
        tl.store(steps + token, step)
        if TELEMETRY:
            tl.store(inputs + token * N + units, hidden)
            tl.store(deltas1 + token * N + units, d1)
            tl.store(deltas2 + token * V + columns, d2)
            tl.store(sizes + token * SIZES, loss)
            tl.store(sizes + token * SIZES + 1, 2.0 * tl.sqrt(write))
            tl.store(sizes + token * SIZES + 2, tl.sqrt(tl.sum(s1 * s1) + tl.sum(s2 * s2)))
            tl.store(sizes + token * SIZES + 3, tl.sqrt(tl.sum(m1 * m1) + tl.sum(m2 * m2)))
    tl.store(state1 + layer1, m1)
    tl.store(state2 + layer2, m2)
    tl.store(speed1, s1)
    tl.store(speed2, s2)
