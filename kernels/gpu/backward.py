"""The outer gradient of a chunk, all chunks side by side.

`to_residuals` comes before `reverse_state`, which carries the gradient of the memory from chunk to chunk;
`to_tokens` and `to_gates` come after it. Of the residuals
r = A (v - diag(b) k M_0 - diag(f) k S_0) with A = (I + T)⁻¹ a gradient g makes Aᵀ g, that of the values, and
-(Aᵀ g) rᵀ, that of T.
"""

import triton
import triton.language as tl

from kernels.gpu.prepare import (
    KEPT,
    LEFT,
    MOMENTUM,
    OF_MEMORY,
    OF_MOMENTUM,
    STEP,
    VECTORS,
    WRITE_MEMORY,
    WRITE_MOMENTUM,
)
from kernels.gpu.state import PARALLEL, SOLVED
from kernels.gpu.tiles import (
    GROUP,
    load_counts,
    load_residuals,
    load_rows,
    matmul,
    place_of_second,
    rows_before,
    started,
    store_rows,
    vector_at,
    whereabouts,
)

# Rows of `to_vectors`: gradients of b and f by each row that looks back, of the reads and of the system; of
# the last rows of P and L_eta; and, as its first entries, of b, f and h of the chunk's end.
READ_B, READ_F, SYSTEM_B, SYSTEM_F, LAST, LAST_MOMENTUM = (tl.constexpr(n) for n in range(6))
AT_END, TO_VECTORS = tl.constexpr(6), tl.constexpr(7)


@started
def to_residuals(
    q,
    k,
    vectors,
    counts,
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
):
    """What the reads of a chunk make of its residuals, out [B, T, H, V]; a program a chunk. READ: as in
    `state`."""
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    step = tl.load(vectors + (place * VECTORS + STEP) * C + tl.arange(0, C))
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    reads = load_rows(to_y, batch, head, t0, L, T, H, C, V)
    turned = load_counts(counts, place, L, rows_before(READ, C), C, True)
    written = turned * step[:, None] * matmul(keys, tl.trans(queries), k)
    store_rows(out, matmul(written, reads, k), batch, head, t0, L, T, H, C, V)


@triton.jit
def solved_back(inverses, to_residual, place, like, C: tl.constexpr):
    """Aᵀ times the gradient of a chunk's residuals, [C, V]."""
    r = tl.arange(0, C)
    a = tl.load(inverses + (place * C + r[:, None]) * C + r[None, :])
    return matmul(tl.trans(a), to_residual, like)


@started
def to_tokens(
    q,
    k,
    vectors,
    counts,
    inverses,
    errors,
    starts,
    to_y,
    to_residual,
    to_ends,
    to_q,
    to_k,
    to_v,
    to_reads,
    to_system,
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
):
    """Gradients of queries, keys and values, like these, and of a chunk's coefficients; a program a chunk.

    to_reads [B H, chunks, C, C], like the queries: of P times the steps, by the row that looks back on it;
    to_system, under the rule that has one, likewise. to_vectors [B H, chunks, 7, C]: as named above.
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    second = place_of_second(L, T, count) * K * V
    r = tl.arange(0, C)
    square = (place * C + r[:, None]) * C + r[None, :]
    vector, out = vectors + place * VECTORS * C, to_vectors + place * TO_VECTORS * C + r
    step = tl.load(vector + STEP * C + r)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_residuals(errors, batch, head, t0, L, T, H, C, V)
    turned = tl.trans(tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :])  # M_0ᵀ and the like
    m = tl.load(starts + place * K * V + turned)
    s = tl.load(starts + second + place * K * V + turned)

    # the residuals, which made the chunk's writes
    value = load_rows(to_residual, batch, head, t0, L, T, H, C, V)
    key = tl.zeros([C, K], tl.float32)
    if RULE == SOLVED:
        value = solved_back(inverses, value, place, k, C)
        store_rows(to_v, value, batch, head, t0, L, T, H, C, V)
        part = matmul(value, m, k)
        tl.store(out + SYSTEM_B * C, -tl.sum(part * keys.to(tl.float32), axis=1))
        key -= vector_at(vector + OF_MEMORY * C, 1.0, BLOCK, C)[:, None] * part
        part = matmul(value, s, k)
        tl.store(out + SYSTEM_F * C, -tl.sum(part * keys.to(tl.float32), axis=1))
        key -= vector_at(vector + OF_MOMENTUM * C, 0.0, BLOCK, C)[:, None] * part
        met = matmul(value, tl.trans(residual), k)
        of_p = -met * matmul(keys, tl.trans(keys), k)
        tl.store(to_system + square, of_p.to(to_system.dtype.element_ty))
        met *= step[None, :] * load_counts(counts, place, L, rows_before(BLOCK, C), C, False)
        turned_p = load_counts(counts, place, L, rows_before(BLOCK, C), C, True)
        met += matmul(residual, tl.trans(value), k) * step[:, None] * turned_p
        key -= matmul(met, keys, k)
    elif RULE == PARALLEL:
        key -= matmul(value, m, k)

    # the end of the chunk, which holds them
    to_m = tl.load(to_ends + place * K * V + turned)
    part = matmul(residual, to_m, k)
    tl.store(out + LAST * C, tl.sum(part * keys.to(tl.float32), axis=1))
    key += tl.load(vector + WRITE_MEMORY * C + r)[:, None] * part
    to_s = tl.load(to_ends + second + place * K * V + turned)
    part = matmul(residual, to_s, k)
    tl.store(out + LAST_MOMENTUM * C, tl.sum(part * keys.to(tl.float32), axis=1))
    key += tl.load(vector + WRITE_MOMENTUM * C + r)[:, None] * part
    end, wide, to_m = to_vectors + (place * TO_VECTORS + AT_END) * C, s.to(tl.float32), to_m.to(tl.float32)
    tl.store(end, tl.sum(to_m * m.to(tl.float32)))
    tl.store(end + 1, tl.sum(to_m * wide))
    tl.store(end + 2, tl.sum(to_s.to(tl.float32) * wide))

    # the reads
    reads = load_rows(to_y, batch, head, t0, L, T, H, C, V)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    turned_p = load_counts(counts, place, L, rows_before(READ, C), C, True)
    written = matmul(residual, tl.trans(reads), k) * turned_p * step[:, None]
    key += matmul(written, queries, k)
    store_rows(to_k, key, batch, head, t0, L, T, H, C, K)
    met = matmul(reads, tl.trans(residual), k)
    of_p = met * matmul(queries, tl.trans(keys), k)
    tl.store(to_reads + square, of_p.to(to_reads.dtype.element_ty))
    met *= load_counts(counts, place, L, rows_before(READ, C), C, False)
    query = matmul(met * step[None, :], keys, k)
    part = matmul(reads, m, k)
    tl.store(out + READ_B * C, tl.sum(part * queries.to(tl.float32), axis=1))
    query += vector_at(vector + OF_MEMORY * C, 1.0, READ, C)[:, None] * part
    part = matmul(reads, s, k)
    tl.store(out + READ_F * C, tl.sum(part * queries.to(tl.float32), axis=1))
    query += vector_at(vector + OF_MOMENTUM * C, 0.0, READ, C)[:, None] * part
    store_rows(to_q, query, batch, head, t0, L, T, H, C, K)


@triton.jit
def row_of(counts, t, r, C: tl.constexpr):
    """A row of P, which is zero before the first."""
    return tl.load(counts + t * C, mask=r // GROUP * GROUP <= t, other=0.0).to(tl.float32)


@started
def to_gates(
    vectors,
    counts,
    to_reads,
    to_system,
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
    BLOCK: tl.constexpr,
    RULE: tl.constexpr,
    READ: tl.constexpr,
):
    """Gradients of the gates, [B, T, H] each, from those of the coefficients; a program of one warp a chunk.

    Rows obey P_t = lambda_t P_{t-1} + L_eta_t and L_eta_t = eta_t L_eta_{t-1} + own_t, and so do b, f and h.
    So from the last row back to the first their gradients are carried by the same gates, and what a gate gets
    is its row's gradient times the row before. Of L_eta that row is P_{t-1} - lambda_{t-1} P_{t-2}.
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    r = tl.arange(0, C)
    given = to_vectors + place * TO_VECTORS * C
    vector, square = vectors + place * VECTORS * C, place * C * C + r
    of_memory, of_momentum = tl.load(given + LAST * C + r), tl.load(given + LAST_MOMENTUM * C + r)
    end = given + AT_END * C
    of_b, of_f, of_h = tl.load(end), tl.load(end + 1), tl.load(end + 2)
    step, nothing = tl.load(vector + STEP * C + r), tl.zeros([C], tl.float32)
    to_momentum, to_step, to_kept = nothing, nothing, nothing
    looking, looking_b, looking_f = nothing, 0.0, 0.0  # rows of the block after this one
    before = row_of(counts + square, L - 2, r, C)
    for back in tl.range(0, L, loop_unroll_factor=2):
        t = L - 1 - back
        row = t + READ  # that reads where t stands
        of_memory += tl.load(to_reads + square + row * C, mask=row < L, other=0.0).to(tl.float32)
        of_b += tl.load(given + READ_B * C + row, mask=row < L, other=0.0)
        of_f += tl.load(given + READ_F * C + row, mask=row < L, other=0.0)
        if RULE == SOLVED:
            if (t + 1) % BLOCK == 0:
                of_memory, of_b, of_f = of_memory + looking, of_b + looking_b, of_f + looking_f
                looking, looking_b, looking_f = nothing, 0.0, 0.0
            looking += tl.load(to_system + square + t * C).to(tl.float32)
            looking_b += tl.load(given + SYSTEM_B * C + t)
            looking_f += tl.load(given + SYSTEM_F * C + t)
        of_momentum += of_memory
        of_h += of_f
        to_step = tl.where(r == t, of_momentum, to_step)

        past = t > 0
        momentum, kept = tl.load(vector + MOMENTUM * C + t), tl.load(vector + KEPT * C + t)
        kept_before = tl.load(vector + KEPT * C + t - 1, mask=past, other=1.0)
        memory_before = before
        before = row_of(counts + square, t - 2, r, C)
        momentum_before = memory_before - kept_before * before
        b = tl.load(vector + OF_MEMORY * C + t - 1, mask=past, other=1.0)
        f = tl.load(vector + OF_MOMENTUM * C + t - 1, mask=past, other=0.0)
        h = tl.load(vector + LEFT * C + t - 1, mask=past, other=1.0)
        of_kept = tl.sum(of_memory * step * memory_before, axis=0) + of_b * b + of_f * f
        to_kept = tl.where(r == t, of_kept, to_kept)
        of_gate = tl.sum(of_momentum * step * momentum_before, axis=0) + of_h * h
        to_momentum = tl.where(r == t, of_gate, to_momentum)
        of_memory, of_b, of_f = kept * of_memory, kept * of_b, kept * of_f
        of_momentum, of_h = momentum * of_momentum, momentum * of_h
    at = (batch * T + t0 + r) * H + head
    tl.store(to_eta + at, to_momentum, mask=r < L)
    tl.store(to_theta + at, 2.0 * to_step, mask=r < L)
    tl.store(to_alpha + at, -to_kept, mask=r < L)
