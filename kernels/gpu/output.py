"""What is read of a chunk: all chunks side by side, each from the memory at its start and its own writes."""

import triton
import triton.language as tl

from kernels.gpu.prepare import OF_MEMORY, OF_MOMENTUM, VECTORS
from kernels.gpu.tiles import (
    load_counts,
    load_residuals,
    load_rows,
    load_steps,
    matmul,
    place_of_second,
    store_rows,
    vector_at,
    whereabouts,
)


@triton.jit
def output(
    q,
    k,
    theta,
    vectors,
    counts,
    errors,
    starts,
    y,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    READ: tl.constexpr,
):
    """y_t = b_t q_t M_0 + f_t q_t S_0 + sum_i P[t, i] 2 theta_i (q_t·k_i) r_i; a program a chunk.

    READ: 0 after the token's write, 1 before it, with the coefficients of the token before.
    """
    # all loads before the arithmetic: they are what the kernel waits for
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    second = place_of_second(L, T, count) * K * V
    step = load_steps(theta, batch, head, t0, L, T, H, C)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    m = tl.load(starts + place * K * V + matrix)
    s = tl.load(starts + second + place * K * V + matrix)
    residual = load_residuals(errors, batch, head, t0, L, T, H, C, V)
    p = load_counts(counts, place, L, C, READ, False)
    vector = vectors + place * VECTORS * C
    b = vector_at(vector + OF_MEMORY * C, 1.0, READ, C)
    f = vector_at(vector + OF_MOMENTUM * C, 0.0, READ, C)
    written = p * step[None, :] * matmul(queries, tl.trans(keys), k)
    read = matmul(written, residual, k)
    read += b[:, None] * matmul(queries, m, k)
    read += f[:, None] * matmul(queries, s, k)
    store_rows(y, read, batch, head, t0, L, T, H, C, V)
