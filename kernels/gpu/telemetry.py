"""Loss, and the sizes of gradient, momentum and memory at every token, all chunks side by side.

First the inner products that they are made of (`products`; together with the reads it would spill), then, by
recurrences along the chunk, the sizes.
"""

import triton
import triton.language as tl

from kernels.gpu.norms import before_writes, squared_norms, store_sizes
from kernels.gpu.prepare import LEFT, LOGS, OF_MEMORY, OF_MOMENTUM, VECTORS
from kernels.gpu.tiles import (
    coefficients,
    load_gates,
    load_rows,
    matmul,
    place_of_second,
    store_rows,
    whereabouts,
)

SIZES = tl.constexpr(4)
# Rows of `told`, and how many numbers are told of a chunk's start.
LOSS, WRITE, IN_MEMORY, IN_MOMENTUM, FROM_ORIGIN, TOLD, MOMENTS = (tl.constexpr(n) for n in range(7))


@triton.jit
def products(
    k,
    eta,
    theta,
    alpha,
    vectors,
    residuals,
    starts,
    origin,
    told,
    moments,
    errors,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    SHIFTED: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """What `telemetry` needs of keys, residuals and states; a program a chunk.

    told [B H, chunks, 5, C]: the loss |r|², |k|² |r|², and the products of the unit step kᵀ r with memory and
    momentum before it, and with the origin. moments [B H, chunks, 6]: products among D_0, S_0 and the origin
    [B, H, K, V]. errors [B, T, H, V]: -2 r, what the memory's gradient is made of. SHIFTED: see `telemetry`.
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    second = place_of_second(L, T, count) * K * V
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_rows(residuals, batch, head, t0, L, T, H, C, V)
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    m = tl.load(starts + place * K * V + matrix)
    s = tl.load(starts + second + place * K * V + matrix)
    out, moment = told + place * TOLD * C + r, moments + place * MOMENTS
    wide = residual.to(tl.float32)
    store_rows(errors, -2.0 * wide, batch, head, t0, L, T, H, C, V)
    loss = tl.sum(wide * wide, axis=1)
    tl.store(out + LOSS * C, loss)
    from_m = tl.sum(matmul(keys, m, k) * wide, axis=1)
    from_s = tl.sum(matmul(keys, s, k) * wide, axis=1)
    if SHIFTED:
        o = tl.load(origin + n * K * V + matrix)
        tl.store(out + FROM_ORIGIN * C, tl.sum(matmul(keys, o, k) * wide, axis=1))
        tl.store(moment + 3, tl.sum(o * m.to(tl.float32)))
        tl.store(moment + 4, tl.sum(o * s.to(tl.float32)))
        tl.store(moment + 5, tl.sum(o * o))
    m, s = m.to(tl.float32), s.to(tl.float32)
    tl.store(moment, tl.sum(m * m))
    tl.store(moment + 1, tl.sum(m * s))
    tl.store(moment + 2, tl.sum(s * s))
    alike = matmul(keys, tl.trans(keys), k)
    tl.store(out + WRITE * C, tl.sum(tl.where(r[:, None] == r[None, :], alike, 0.0), axis=1) * loss)
    both = alike * matmul(residual, tl.trans(residual), k)
    both = tl.where(r[:, None] > r[None, :], both, 0.0) * step[None, :]  # <k_tᵀ r_t, u_i>, i before t
    vector = vectors + place * VECTORS * C
    p, of_momentum = coefficients(momentum, kept, vector + LOGS * C, C, 0, PRECISION)
    vector += r
    b, f, h = tl.load(vector + OF_MEMORY * C), tl.load(vector + OF_MOMENTUM * C), tl.load(vector + LEFT * C)
    in_memory, in_momentum = before_writes(from_m, from_s, both, p, of_momentum, b, f, h)
    tl.store(out + IN_MEMORY * C, in_memory)
    tl.store(out + IN_MOMENTUM * C, in_momentum)


@triton.jit
def telemetry(
    eta,
    theta,
    alpha,
    vectors,
    told,
    moments,
    sizes,
    L,
    T,
    H,
    C: tl.constexpr,
    SHIFTED: tl.constexpr,
):
    """sizes [B, T, H, 4]: loss, |G|, |S|, |M| of each token; a program a chunk.

    SHIFTED: the memory is an origin [B, H, K, V] plus the D that `starts` holds.
    """
    n, chunk, place = whereabouts(L, T, 0, T // L)
    batch, head, t0 = n // H, n % H, chunk * L
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    vector, row, moment = (
        vectors + place * VECTORS * C + r,
        told + place * TOLD * C + r,
        moments + place * MOMENTS,
    )
    b, f, h = tl.load(vector + OF_MEMORY * C), tl.load(vector + OF_MOMENTUM * C), tl.load(vector + LEFT * C)
    write, from_o, om, os, oo = tl.load(row + WRITE * C), 0.0 * b, 0.0, 0.0, 0.0
    if SHIFTED:
        from_o = tl.load(row + FROM_ORIGIN * C)
        om, os, oo = tl.load(moment + 3), tl.load(moment + 4), tl.load(moment + 5)
    momenta, memory = squared_norms(
        momentum, step, kept, write, tl.load(row + IN_MEMORY * C), tl.load(row + IN_MOMENTUM * C), from_o,
        tl.load(moment), tl.load(moment + 1), tl.load(moment + 2), om, os, oo, b, f, h, SHIFTED,
    )  # fmt: skip
    out = sizes + ((batch * T + t0 + r) * H + head) * SIZES
    store_sizes(out, tl.load(row + LOSS * C), write, momenta, memory, r < L)
