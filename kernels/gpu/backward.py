"""The outer gradient of a chunk, all chunks side by side.

`to_residuals` comes before `reverse_state`, which carries the gradient of the memory from chunk to chunk;
`to_tokens` and `to_gates` come after it. Of the residuals
r = A (v - diag(b) k M_0 - diag(f) k S_0) with A = (I + T)⁻¹ a gradient g makes Aᵀ g, that of the values, and
-(Aᵀ g) rᵀ, that of T.
"""

import triton
import triton.language as tl

from kernels.gpu.prepare import LEFT, LOGS, OF_MEMORY, OF_MOMENTUM, VECTORS, WRITE_MEMORY, WRITE_MOMENTUM
from kernels.gpu.state import PARALLEL, SOLVED
from kernels.gpu.tiles import (
    coefficients,
    coefficients_turned,
    load_gates,
    load_rows,
    logs_of_memory,
    matmul,
    place_of_second,
    rows_before,
    segments,
    store_rows,
    vector_at,
    whereabouts,
)

# Rows of `to_vectors`: gradients of b, f, h after each token, and of the last row of L_eta.
TO_B, TO_F, TO_H, TO_LAST, TO_VECTORS = (tl.constexpr(n) for n in range(5))


@triton.jit
def to_residuals(
    q,
    k,
    eta,
    theta,
    alpha,
    vectors,
    to_y,
    out,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    READ: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """What the reads of a chunk make of its residuals, out [B, T, H, V]; a program a chunk. READ: as in
    `output`."""
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    reads = load_rows(to_y, batch, head, t0, L, T, H, C, V)
    logs = vectors + (place * VECTORS + LOGS) * C
    turned = coefficients_turned(momentum, kept, logs, C, READ, PRECISION)
    written = turned * step[:, None] * matmul(keys, tl.trans(queries), k)
    store_rows(out, matmul(written, reads, k), batch, head, t0, L, T, H, C, V)


@triton.jit
def solved_back(inverses, to_residual, place, like, C: tl.constexpr):
    """Aᵀ times the gradient of a chunk's residuals, [C, V]."""
    r = tl.arange(0, C)
    a = tl.load(inverses + (place * C + r[:, None]) * C + r[None, :])
    return matmul(tl.trans(a), to_residual, like)


@triton.jit
def looked_back_on(BLOCK: tl.constexpr, C: tl.constexpr):
    """[C, C], one where the row of column t looks back on row j last: it gathers their gradients."""
    return tl.where(rows_before(BLOCK, C)[None, :] == tl.arange(0, C)[:, None] + 1, 1.0, 0.0)


@triton.jit
def where_read(x, READ: tl.constexpr, C: tl.constexpr):
    """A gradient [C] of rows that look back, at the rows that they look back on."""
    if READ:
        return tl.sum(looked_back_on(READ, C) * x[None, :], axis=1)
    else:
        return x


@triton.jit
def to_tokens(
    q,
    k,
    eta,
    theta,
    alpha,
    vectors,
    inverses,
    residuals,
    starts,
    to_y,
    to_residual,
    to_ends,
    to_q,
    to_k,
    to_v,
    to_p,
    to_vectors,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    BLOCK: tl.constexpr,
    RULE: tl.constexpr,
    READ: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Gradients of queries, keys and values, like these, and of a chunk's coefficients; a program a chunk.

    to_p [B H, chunks, C, C], like the queries: of P times the steps. to_vectors [B H, chunks, 4, C]: of b, f,
    h after each token, and of the last row of L_eta times the steps.
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    second = place_of_second(L, T, count) * K * V
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    vector = vectors + place * VECTORS * C
    logs = vector + LOGS * C
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_rows(residuals, batch, head, t0, L, T, H, C, V)
    turned = tl.trans(tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :])  # M_0ᵀ and the like
    m = tl.load(starts + place * K * V + turned)
    s = tl.load(starts + second + place * K * V + turned)
    end = r == L - 1

    # the residuals, which made the chunk's writes
    value = load_rows(to_residual, batch, head, t0, L, T, H, C, V)
    if RULE == SOLVED:
        value = solved_back(inverses, value, place, k, C)
    store_rows(to_v, value, batch, head, t0, L, T, H, C, V)
    if RULE == SOLVED:
        pick = looked_back_on(BLOCK, C)
        part = matmul(value, m, k)
        of_b = -tl.sum(pick * tl.sum(part * keys.to(tl.float32), axis=1)[None, :], axis=1)
        key = -vector_at(vector + OF_MEMORY * C, 1.0, BLOCK, C)[:, None] * part
        part = matmul(value, s, k)
        of_f = -tl.sum(pick * tl.sum(part * keys.to(tl.float32), axis=1)[None, :], axis=1)
        key -= vector_at(vector + OF_MOMENTUM * C, 0.0, BLOCK, C)[:, None] * part
        met = matmul(value, tl.trans(residual), k)
        of_p = -tl.dot(pick, met * matmul(keys, tl.trans(keys), k), input_precision=PRECISION)
        p, _ = coefficients(momentum, kept, logs, C, BLOCK, PRECISION)
        met *= step[None, :] * p
        turned_p = coefficients_turned(momentum, kept, logs, C, BLOCK, PRECISION)
        met += matmul(residual, tl.trans(value), k) * step[:, None] * turned_p
        key -= matmul(met, keys, k)
    else:
        of_b, of_f, of_p = tl.zeros([C], tl.float32), tl.zeros([C], tl.float32), 0.0
        key = tl.zeros([C, K], tl.float32)
        if RULE == PARALLEL:
            key -= matmul(value, m, k)

    # the end of the chunk, which holds them
    out = to_vectors + place * TO_VECTORS * C + r
    to_m = tl.load(to_ends + place * K * V + turned)
    part = matmul(residual, to_m, k)
    from_m = tl.sum(part * keys.to(tl.float32), axis=1)
    key += tl.load(vector + WRITE_MEMORY * C + r)[:, None] * part
    of_b += tl.where(end, tl.sum(to_m.to(tl.float32) * m.to(tl.float32)), 0.0)
    of_f += tl.where(end, tl.sum(to_m.to(tl.float32) * s.to(tl.float32)), 0.0)
    to_s = tl.load(to_ends + second + place * K * V + turned)
    part = matmul(residual, to_s, k)
    tl.store(out + TO_LAST * C, tl.sum(part * keys.to(tl.float32), axis=1))
    key += tl.load(vector + WRITE_MOMENTUM * C + r)[:, None] * part
    tl.store(out + TO_H * C, tl.where(end, tl.sum(to_s.to(tl.float32) * s.to(tl.float32)), 0.0))

    # the reads
    reads = load_rows(to_y, batch, head, t0, L, T, H, C, V)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    turned_p = coefficients_turned(momentum, kept, logs, C, READ, PRECISION)
    written = matmul(residual, tl.trans(reads), k) * turned_p * step[:, None]
    key += matmul(written, queries, k)
    store_rows(to_k, key, batch, head, t0, L, T, H, C, K)
    met = matmul(reads, tl.trans(residual), k)
    from_reads = met * matmul(queries, tl.trans(keys), k)
    if READ:
        from_reads = tl.dot(looked_back_on(READ, C), from_reads, input_precision=PRECISION)
    of_p += from_reads + tl.where(end[:, None], from_m[None, :], 0.0)
    tl.store(to_p + (place * C + r[:, None]) * C + r[None, :], of_p.to(to_p.dtype.element_ty))
    p, _ = coefficients(momentum, kept, logs, C, READ, PRECISION)
    query = matmul(met * p * step[None, :], keys, k)
    part = matmul(reads, m, k)
    tl.store(out + TO_B * C, of_b + where_read(tl.sum(part * queries.to(tl.float32), axis=1), READ, C))
    query += vector_at(vector + OF_MEMORY * C, 1.0, READ, C)[:, None] * part
    part = matmul(reads, s, k)
    tl.store(out + TO_F * C, of_f + where_read(tl.sum(part * queries.to(tl.float32), axis=1), READ, C))
    query += vector_at(vector + OF_MOMENTUM * C, 0.0, READ, C)[:, None] * part
    store_rows(to_q, query, batch, head, t0, L, T, H, C, K)


@triton.jit
def to_gates(
    eta,
    theta,
    alpha,
    vectors,
    to_p,
    to_vectors,
    to_eta,
    to_theta,
    to_alpha,
    L,
    T,
    H,
    first,
    count,
    C: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Gradients of the gates, [B, T, H] each, from those of the coefficients; a program a chunk.

    L_a[t, i] has the factor a_j where i < j <= t, so, with G the gradient of P and the rows t of "before"
    those of t - 1, lambda_j gets sum_t L_lambda[t, j] (G P_beforeᵀ)[t, j], and eta_j, through
    P = L_lambda L_eta, sum_t P[t, j] (G L_eta_beforeᵀ)[t, j].
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    r = tl.arange(0, C)
    given = to_vectors + place * TO_VECTORS * C + r
    of_p = tl.load(to_p + (place * C + r[:, None]) * C + r[None, :]).to(tl.float32)
    of_b, of_f = tl.load(given + TO_B * C), tl.load(given + TO_F * C)
    of_h, of_last = tl.load(given + TO_H * C), tl.load(given + TO_LAST * C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    vector = vectors + place * VECTORS * C
    logs = vector + LOGS * C
    b = vector_at(vector + OF_MEMORY * C, 1.0, 1, C)[None, :]
    f = vector_at(vector + OF_MOMENTUM * C, 0.0, 1, C)[None, :]
    h = vector_at(vector + LEFT * C, 1.0, 1, C)[None, :]
    at = (batch * T + t0 + r) * H + head
    own = tl.where(r[:, None] == r[None, :], 1.0, 0.0)
    end = (r == L - 1)[:, None]

    momentum_before = segments(momentum, logs, C, 1, False, PRECISION)
    memory_before = segments(kept, logs_of_memory(logs, C), C, 1, False, PRECISION)
    of_momentum = momentum[:, None] * momentum_before + own
    p_before = tl.dot(memory_before, of_momentum, input_precision=PRECISION)
    p = kept[:, None] * p_before + of_momentum
    to_step = tl.sum(of_p * p + tl.where(end, of_momentum * of_last[None, :], 0.0), axis=0)
    tl.store(to_theta + at, 2.0 * to_step, mask=r < L)

    of_p *= step[None, :]
    passed = tl.dot(of_p, tl.trans(p_before), input_precision=PRECISION)
    passed += of_b[:, None] * b + of_f[:, None] * f
    to_kept = tl.sum((kept[:, None] * memory_before + own) * passed, axis=0)
    tl.store(to_alpha + at, -to_kept, mask=r < L)

    passed = tl.dot(of_p, tl.trans(momentum_before), input_precision=PRECISION) + of_f[:, None] * h
    last = tl.sum(momentum_before * (step * of_last)[None, :], axis=1)
    passed = p * passed + of_momentum * (of_h[:, None] * h + tl.where(end, last[None, :], 0.0))
    tl.store(to_eta + at, tl.sum(passed, axis=0), mask=r < L)
