"""What is read of a chunk: all chunks side by side, each from the memory at its start and its own writes."""

import triton
import triton.language as tl

from kernels.gpu.prepare import READ_MEMORY, READ_MOMENTUM, VECTORS
from kernels.gpu.tiles import at_start, coefficients, load_gates, load_rows, matmul, store_rows, whereabouts


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
    y,
    L,
    T,
    H,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    BEFORE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """y_t = b_t q_t M_0 + f_t q_t S_0 + sum_i P[t, i] 2 theta_i (q_t·k_i) r_i; grid (B H chunks).

    With BEFORE the coefficients are those of the token before, so that a token does not read its own write.
    """
    n, chunk, place = whereabouts(L, T)
    batch, head, t0 = n // H, n % H, chunk * L
    second = tl.num_programs(0).to(tl.int64) * K * V  # where the momenta begin
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    p, _, _ = coefficients(momentum, kept, C, PRECISION)
    if BEFORE:
        p = at_start(p, 1, C, PRECISION)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    written = p * step[None, :] * matmul(queries, tl.trans(keys), k)
    read = matmul(written, load_rows(residuals, batch, head, t0, L, T, H, C, V), k)
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    out = vectors + place * VECTORS * C + tl.arange(0, C)
    b, f = tl.load(out + READ_MEMORY * C), tl.load(out + READ_MOMENTUM * C)
    read += b[:, None] * matmul(queries, tl.load(starts + place * K * V + matrix), k)
    read += f[:, None] * matmul(queries, tl.load(starts + second + place * K * V + matrix), k)
    store_rows(y, read, batch, head, t0, L, T, H, C, V)
