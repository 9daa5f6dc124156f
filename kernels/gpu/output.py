"""What is read of a chunk, and what telemetry needs of it.

All chunks side by side, each from the memory at its start and its own writes.
"""

import triton
import triton.language as tl

from kernels.gpu.norms import before_writes
from kernels.gpu.prepare import LEFT, LOGS, OF_MEMORY, OF_MOMENTUM, VECTORS
from kernels.gpu.tiles import (
    coefficients,
    load_gates,
    load_rows,
    matmul,
    place_of_second,
    store_rows,
    vector_at,
    whereabouts,
)

# Rows of `told`, and how many numbers are told of a chunk's start.
LOSS, WRITE, IN_MEMORY, IN_MOMENTUM, FROM_ORIGIN, TOLD, MOMENTS = (tl.constexpr(n) for n in range(7))


@triton.jit
def output(
    q,
    k,
    eta,
    theta,
    alpha,
    vectors,
    residuals,
    starts,
    origin,
    y,
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
    READ: tl.constexpr,
    SIZED: tl.constexpr,
    SHIFTED: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """y_t = b_t q_t M_0 + f_t q_t S_0 + sum_i P[t, i] 2 theta_i (q_t·k_i) r_i; a program a chunk.

    READ: 0 after the token's write, 1 before it, with the coefficients of the token before.
    SIZED: told [B H, chunks, 5, C] and moments [B H, chunks, 6], what `telemetry` makes sizes of, and errors
    [B, T, H, V], those that the memory's gradient is made of, -2 r; SHIFTED: as there.
    """
    # all loads before the arithmetic: they are what the kernel waits for
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    second = place_of_second(L, T, count) * K * V
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    m = tl.load(starts + place * K * V + matrix)
    s = tl.load(starts + second + place * K * V + matrix)
    residual = load_rows(residuals, batch, head, t0, L, T, H, C, V)
    vector = vectors + place * VECTORS * C
    b = vector_at(vector + OF_MEMORY * C, 1.0, READ, C)
    f = vector_at(vector + OF_MOMENTUM * C, 0.0, READ, C)
    p, _ = coefficients(momentum, kept, vector + LOGS * C, C, READ, PRECISION)
    written = p * step[None, :] * matmul(queries, tl.trans(keys), k)
    read = matmul(written, residual, k)
    read += b[:, None] * matmul(queries, m, k)
    read += f[:, None] * matmul(queries, s, k)
    store_rows(y, read, batch, head, t0, L, T, H, C, V)
    if SIZED:
        store_rows(errors, -2.0 * residual.to(tl.float32), batch, head, t0, L, T, H, C, V)
        # P once more: to keep it until here takes registers, and twice as long
        tell(
            keys, residual, m, s, momentum, step, kept, vector, told + place * TOLD * C,
            moments + place * MOMENTS, origin + n * K * V + matrix, k, C, SHIFTED, PRECISION,
        )  # fmt: skip


@triton.jit
def tell(
    keys,
    residual,
    m,
    s,
    momentum,
    step,
    kept,
    vector,
    told,
    moments,
    origin,
    like,
    C: tl.constexpr,
    SHIFTED: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """told: the loss |r|², |k|² |r|², and the products of the unit step kᵀ r with memory and momentum before
    it, and with the origin. moments: products among D_0, S_0 and the origin."""
    r = tl.arange(0, C)
    out = told + r
    wide = residual.to(tl.float32)
    loss = tl.sum(wide * wide, axis=1)
    tl.store(out + LOSS * C, loss)
    from_m = tl.sum(matmul(keys, m, like) * wide, axis=1)
    from_s = tl.sum(matmul(keys, s, like) * wide, axis=1)
    if SHIFTED:
        o = tl.load(origin)
        tl.store(out + FROM_ORIGIN * C, tl.sum(matmul(keys, o, like) * wide, axis=1))
        tl.store(moments + 3, tl.sum(o * m.to(tl.float32)))
        tl.store(moments + 4, tl.sum(o * s.to(tl.float32)))
        tl.store(moments + 5, tl.sum(o * o))
    m, s = m.to(tl.float32), s.to(tl.float32)
    tl.store(moments, tl.sum(m * m))
    tl.store(moments + 1, tl.sum(m * s))
    tl.store(moments + 2, tl.sum(s * s))
    alike = matmul(keys, tl.trans(keys), like)
    tl.store(out + WRITE * C, tl.sum(tl.where(r[:, None] == r[None, :], alike, 0.0), axis=1) * loss)
    both = alike * matmul(residual, tl.trans(residual), like)
    both = tl.where(r[:, None] > r[None, :], both, 0.0) * step[None, :]  # <k_tᵀ r_t, u_i>, i before t
    p, of_momentum = coefficients(momentum, kept, vector + LOGS * C, C, 0, PRECISION)
    vector += r
    b, f, h = tl.load(vector + OF_MEMORY * C), tl.load(vector + OF_MOMENTUM * C), tl.load(vector + LEFT * C)
    in_memory, in_momentum = before_writes(from_m, from_s, both, p, of_momentum, b, f, h)
    tl.store(out + IN_MEMORY * C, in_memory)
    tl.store(out + IN_MOMENTUM * C, in_momentum)
