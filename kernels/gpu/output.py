"""What is read of a chunk: all chunks side by side, each from the memory at its start and its own writes."""

import triton
import triton.language as tl

from kernels.gpu.prepare import OF_MEMORY, OF_MOMENTUM, STEP, VECTORS
from kernels.gpu.state import PARALLEL, SOLVED
from kernels.gpu.telemetry import MOMENTS, TOLD, tell_of_chunk, tell_of_start
from kernels.gpu.tiles import (
    load_counts,
    load_residuals,
    load_rows,
    matmul,
    place_of_second,
    rows_before,
    store_rows,
    vector_at,
    whereabouts,
)


@triton.jit
def output(
    q,
    k,
    v,
    vectors,
    counts,
    errors,
    starts,
    origin,
    y,
    told,
    moments,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    READ: tl.constexpr,
    RULE: tl.constexpr,
    KEEP: tl.constexpr,
    TELEMETRY: tl.constexpr,
    SHIFTED: tl.constexpr,
):
    """y_t = b_t q_t M_0 + f_t q_t S_0 + sum_i P[t, i] 2 theta_i (q_t·k_i) r_i; a program a chunk.

    READ: 0 after the token's write, 1 before it, with the coefficients of the token before. RULE: where the
    residuals come from; SOLVED, `state` has left them in errors [B, T, H, V]: -2 times the residuals, the
    loss's derivative by what the keys are answered (8). Under other rules these are written here, to KEEP.
    """
    # all loads before the arithmetic: they are what the kernel waits for
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    second = place_of_second(L, T, count) * K * V
    vector, out = vectors + place * VECTORS * C, told + place * TOLD * C + tl.arange(0, C)
    step = tl.load(vector + STEP * C + tl.arange(0, C))
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    m = tl.load(starts + place * K * V + matrix)
    s = tl.load(starts + second + place * K * V + matrix)
    if RULE == SOLVED:
        residual = load_residuals(errors, batch, head, t0, L, T, H, C, V).to(tl.float32)
    else:
        residual = load_rows(v, batch, head, t0, L, T, H, C, V).to(tl.float32)
    p = load_counts(counts, place, L, rows_before(READ, C), C, False)
    b = vector_at(vector + OF_MEMORY * C, 1.0, READ, C)
    f = vector_at(vector + OF_MOMENTUM * C, 0.0, READ, C)
    if RULE == PARALLEL:
        residual -= matmul(keys, m, k)
    if RULE != SOLVED and KEEP:
        store_rows(errors, -2.0 * residual, batch, head, t0, L, T, H, C, V)
    if TELEMETRY:
        o = tl.load(origin + n * K * V + matrix) if SHIFTED else m
        tell_of_start(k, keys, residual, m, s, o, vector, out, moments + place * MOMENTS, C, SHIFTED)
    residual = residual.to(k.dtype.element_ty)
    written = p * step[None, :] * matmul(queries, tl.trans(keys), k)
    read = matmul(written, residual, k)
    read += b[:, None] * matmul(queries, m, k)
    read += f[:, None] * matmul(queries, s, k)
    store_rows(y, read, batch, head, t0, L, T, H, C, V)
    if TELEMETRY:
        tell_of_chunk(k, keys, residual, step, counts, vector, out, place, L, C)
