"""The outer gradient of a chunk, all chunks side by side.

`to_residuals` comes before `reverse_state`, which carries the gradient of the memory from chunk to chunk;
`to_tokens`, and `to_coefficients` with `to_gates`, come after it. Of the residuals
r = A (v - diag(b) k M_0 - diag(f) k S_0) with A = (I + T)⁻¹ a gradient g makes Aᵀ g, that of the values, and
-(Aᵀ g) rᵀ, that of T.
"""

import triton
import triton.language as tl

from kernels.gpu.prepare import (
    READ_MEMORY,
    READ_MOMENTUM,
    START_MEMORY,
    START_MOMENTUM,
    VECTORS,
    WRITE_MEMORY,
    WRITE_MOMENTUM,
)
from kernels.gpu.state import PARALLEL, SOLVED
from kernels.gpu.tiles import (
    at_start,
    carried,
    carried_at_start,
    coefficients,
    load_gates,
    load_rows,
    matmul,
    row,
    row_before_block,
    store_rows,
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
    to_y,
    out,
    L,
    T,
    H,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    BEFORE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """What the reads of a chunk make of its residuals, out [B, T, H, V]; grid (B H chunks)."""
    n, chunk, place = whereabouts(L, T)
    batch, head, t0 = n // H, n % H, chunk * L
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    p, _, _ = coefficients(momentum, kept, C, PRECISION)
    if BEFORE:
        p = at_start(p, 1, C, PRECISION)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    written = p * step[None, :] * matmul(queries, tl.trans(keys), k)
    reads = load_rows(to_y, batch, head, t0, L, T, H, C, V)
    store_rows(out, matmul(tl.trans(written), reads, k), batch, head, t0, L, T, H, C, V)


@triton.jit
def solved_back(inverses, to_residual, place, like, C: tl.constexpr):
    """Aᵀ times the gradient of a chunk's residuals, [C, V]."""
    r = tl.arange(0, C)
    a = tl.load(inverses + (place * C + r[:, None]) * C + r[None, :])
    return matmul(tl.trans(a), to_residual, like)


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
    L,
    T,
    H,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    BLOCK: tl.constexpr,
    RULE: tl.constexpr,
    BEFORE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Gradients of queries, keys and values, like these; grid (B H chunks)."""
    n, chunk, place = whereabouts(L, T)
    batch, head, t0 = n // H, n % H, chunk * L
    second = tl.num_programs(0).to(tl.int64) * K * V  # where the momenta begin
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    p, _, _ = coefficients(momentum, kept, C, PRECISION)
    out = vectors + place * VECTORS * C + tl.arange(0, C)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_rows(residuals, batch, head, t0, L, T, H, C, V)
    turned = tl.trans(tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :])  # M_0ᵀ and the like
    m = tl.load(starts + place * K * V + turned)
    s = tl.load(starts + second + place * K * V + turned)

    # the residuals, which made the chunk's writes
    value = load_rows(to_residual, batch, head, t0, L, T, H, C, V)
    if RULE == SOLVED:
        value = solved_back(inverses, value, place, k, C)
        key = -tl.load(out + START_MEMORY * C)[:, None] * matmul(value, m, k)
        key -= tl.load(out + START_MOMENTUM * C)[:, None] * matmul(value, s, k)
        met = matmul(value, tl.trans(residual), k) * step[None, :] * at_start(p, BLOCK, C, PRECISION)
        key -= matmul(met, keys, k)
        key -= matmul(tl.trans(met), keys, k)
    elif RULE == PARALLEL:
        key = -matmul(value, m, k)
    else:
        key = tl.zeros([C, K], tl.float32)
    store_rows(to_v, value, batch, head, t0, L, T, H, C, V)

    # the end of the chunk, which holds them
    to_m = tl.load(to_ends + place * K * V + turned)
    key += tl.load(out + WRITE_MEMORY * C)[:, None] * matmul(residual, to_m, k)
    to_s = tl.load(to_ends + second + place * K * V + turned)
    key += tl.load(out + WRITE_MOMENTUM * C)[:, None] * matmul(residual, to_s, k)

    # the reads
    if BEFORE:
        p = at_start(p, 1, C, PRECISION)
    reads = load_rows(to_y, batch, head, t0, L, T, H, C, V)
    written = matmul(reads, tl.trans(residual), k) * p * step[None, :]
    key += matmul(tl.trans(written), load_rows(q, batch, head, t0, L, T, H, C, K), k)
    store_rows(to_k, key, batch, head, t0, L, T, H, C, K)
    query = matmul(written, keys, k)
    query += tl.load(out + READ_MEMORY * C)[:, None] * matmul(reads, m, k)
    query += tl.load(out + READ_MOMENTUM * C)[:, None] * matmul(reads, s, k)
    store_rows(to_q, query, batch, head, t0, L, T, H, C, K)


@triton.jit
def to_coefficients(
    q,
    k,
    inverses,
    residuals,
    starts,
    to_y,
    to_residual,
    to_ends,
    to_p,
    to_vectors,
    L,
    T,
    H,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    BLOCK: tl.constexpr,
    RULE: tl.constexpr,
    BEFORE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Gradients of a chunk's coefficients; grid (B H chunks).

    to_p [B H, chunks, C, C]: of P times the steps. to_vectors [B H, chunks, 4, C]: of b, f, h after each
    token, and of the last row of L_eta times the steps.
    """
    n, chunk, place = whereabouts(L, T)
    batch, head, t0 = n // H, n % H, chunk * L
    second = tl.num_programs(0).to(tl.int64) * K * V  # where the momenta begin
    r = tl.arange(0, C)
    end = r == L - 1
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_rows(residuals, batch, head, t0, L, T, H, C, V)
    m = tl.load(starts + place * K * V + matrix)
    s = tl.load(starts + second + place * K * V + matrix)

    # the reads
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    reads = load_rows(to_y, batch, head, t0, L, T, H, C, V)
    of_b = tl.sum(matmul(queries, m, k) * reads.to(tl.float32), axis=1)
    of_f = tl.sum(matmul(queries, s, k) * reads.to(tl.float32), axis=1)
    of_p = matmul(reads, tl.trans(residual), k) * matmul(queries, tl.trans(keys), k)
    if BEFORE:
        before = row_before_block(1, C)
        of_b, of_f = tl.sum(before * of_b[:, None], axis=0), tl.sum(before * of_f[:, None], axis=0)
        of_p = tl.dot(tl.trans(before), of_p, input_precision=PRECISION)

    # the residuals
    if RULE == SOLVED:
        value = load_rows(to_residual, batch, head, t0, L, T, H, C, V)
        value = solved_back(inverses, value, place, k, C)
        pick = row_before_block(BLOCK, C)
        of_b -= tl.sum(pick * tl.sum(matmul(keys, m, k) * value, axis=1)[:, None], axis=0)
        of_f -= tl.sum(pick * tl.sum(matmul(keys, s, k) * value, axis=1)[:, None], axis=0)
        met = matmul(value, tl.trans(residual), k) * matmul(keys, tl.trans(keys), k)
        of_p -= tl.dot(tl.trans(pick), met, input_precision=PRECISION)

    # the end of the chunk
    to_m = tl.load(to_ends + place * K * V + matrix)
    to_s = tl.load(to_ends + second + place * K * V + matrix)
    wide = residual.to(tl.float32)
    from_m = tl.sum(matmul(keys, to_m, k) * wide, axis=1)
    from_s = tl.sum(matmul(keys, to_s, k) * wide, axis=1)
    to_m, to_s, m, s = to_m.to(tl.float32), to_s.to(tl.float32), m.to(tl.float32), s.to(tl.float32)
    of_p += tl.where(end[:, None], from_m[None, :], 0.0)
    tl.store(to_p + (place * C + r[:, None]) * C + r[None, :], of_p)
    out = to_vectors + place * TO_VECTORS * C + r
    tl.store(out + TO_B * C, of_b + tl.where(end, tl.sum(to_m * m), 0.0))
    tl.store(out + TO_F * C, of_f + tl.where(end, tl.sum(to_m * s), 0.0))
    tl.store(out + TO_H * C, tl.where(end, tl.sum(to_s * s), 0.0))
    tl.store(out + TO_LAST * C, from_s)


@triton.jit
def to_gates(
    eta,
    theta,
    alpha,
    to_p,
    to_vectors,
    to_eta,
    to_theta,
    to_alpha,
    L,
    T,
    H,
    C: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Gradients of the gates, [B, T, H] each, from those of the coefficients; grid (B H chunks).

    As in `kernels.coefficients`: a gate's gradient is what gathers from its own row on, times the row before.
    """
    n, chunk, place = whereabouts(L, T)
    batch, head, t0 = n // H, n % H, chunk * L
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    p, of_momentum, of_memory = coefficients(momentum, kept, C, PRECISION)
    b, f, h = carried(momentum, kept, of_memory)
    out = to_vectors + place * TO_VECTORS * C + r
    of_p = tl.load(to_p + (place * C + r[:, None]) * C + r[None, :])
    of_b, of_f = tl.load(out + TO_B * C), tl.load(out + TO_F * C)
    of_h, of_last = tl.load(out + TO_H * C), tl.load(out + TO_LAST * C)
    at = (batch * T + t0 + r) * H + head
    to_step = tl.sum(of_p * p, axis=0) + row(of_momentum, L - 1, C) * of_last
    tl.store(to_theta + at, 2.0 * to_step, mask=r < L)

    gathered = tl.dot(tl.trans(of_memory), of_p * step[None, :], input_precision=PRECISION)
    gathered_b = tl.sum(of_memory * of_b[:, None], axis=0)
    gathered_f = tl.sum(of_memory * of_f[:, None], axis=0)
    before_b, before_f = carried_at_start(b, f, 1, C)
    to_kept = tl.sum(gathered * at_start(p, 1, C, PRECISION), axis=1)
    to_kept += gathered_b * before_b + gathered_f * before_f
    tl.store(to_alpha + at, -to_kept, mask=r < L)

    gathered += tl.where(r[:, None] == L - 1, (step * of_last)[None, :], 0.0)
    gathered = tl.dot(tl.trans(of_momentum), gathered, input_precision=PRECISION)
    gathered_h = tl.sum(of_momentum * (gathered_f + of_h)[:, None], axis=0)
    before_h = tl.sum(row_before_block(1, C) * h[None, :], axis=1) + tl.where(r == 0, 1.0, 0.0)
    to_decay = tl.sum(gathered * at_start(of_momentum, 1, C, PRECISION), axis=1) + gathered_h * before_h
    tl.store(to_eta + at, to_decay, mask=r < L)
