"""All that a gradient block can know before it meets a deep memory: how its tokens are weighed.

Coefficients as in `kernels.coefficients`, each column times the step of its token; what the bounded step
(`kernels.bounded`) takes of gates and keys is already in it, and kappa, which takes the memory, is not.
"""

import triton.language as tl

from kernels.gpu.tiles import (
    carried,
    coefficients,
    entry,
    exact,
    left_of_writes,
    load_gates,
    load_rows,
    started,
    the_row_before,
    whereabouts,
)

# Rows of `vectors` and entries of `ends`, as `deep` reads them.
WRITE_MEMORY, WRITE_MOMENTUM, READ_MEMORY, READ_MOMENTUM, GIVEN, VECTORS = (tl.constexpr(n) for n in range(6))
ENDS = tl.constexpr(3)


@started
def deep_prepare(
    q,
    k,
    eta,
    theta,
    alpha,
    vectors,
    ends,
    reads,
    attention,
    L,
    T,
    H,
    K: tl.constexpr,
    C: tl.constexpr,
    READ: tl.constexpr,
    BOUNDED: tl.constexpr,
):
    """One block of L tokens of one memory; grid (B H blocks).

    vectors [B H, blocks, 5, C]: what each token's write counts in memory and momentum of the block's end,
    what M_0 and S_0 count where it reads, and its step, 2 theta. ends [B H, blocks, 3]: b, f, h of the end.
    reads [B H, blocks, C, C]: what each write counts in each read; attention: that times q_t·k_i.
    """
    n, block, place = whereabouts(L, T, 0, T // L)
    batch, head, t0 = n // H, n % H, block * L
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    turned = tl.trans(keys)
    if BOUNDED:
        met = exact(keys, turned, k)
        met = tl.where(r[:, None] > r[None, :], met * met, 0.0) * step[None, :]
        damped = 1.0 + tl.sum(met, axis=1)
        step *= (1.0 - momentum) / (damped * damped)

    in_memory, in_momentum = left_of_writes(eta, alpha, batch, head, t0, L, T, H, C)
    b, f, h = carried(momentum, kept)
    vector = vectors + place * VECTORS * C + r
    tl.store(vector + GIVEN * C, step)
    tl.store(vector + WRITE_MEMORY * C, in_memory * step)
    tl.store(vector + WRITE_MOMENTUM * C, in_momentum * step)
    tl.store(ends + place * ENDS, entry(b, L - 1, C))
    tl.store(ends + place * ENDS + 1, entry(f, L - 1, C))
    tl.store(ends + place * ENDS + 2, entry(h, L - 1, C))
    if READ:
        b, f = the_row_before(b, 1.0, C), the_row_before(f, 0.0, C)
    tl.store(vector + READ_MEMORY * C, b)
    tl.store(vector + READ_MOMENTUM * C, f)
    p, _ = coefficients(momentum, kept, C, READ)
    square = place * C * C + r[:, None] * C + r[None, :]
    p *= step[None, :]
    tl.store(reads + square, p)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    tl.store(attention + square, p * exact(queries, turned, k))
