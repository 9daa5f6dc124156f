"""All that a chunk can know before it meets a memory: how its tokens are weighed, and its system, solved.

The residuals of a chunk whose gradient blocks are shorter than itself obey

    (I + T) R = V - diag(b) K M_0 - diag(f) K S_0          T[t, i] = (k_t·k_i) P[t, i] 2 theta_i

with b, f, P as they are at the start of t's block. Solved once for all memories, with A = (I + T)⁻¹:

    R = A V - (A diag(b) K) M_0 - (A diag(f) K) S_0.
"""

import triton.language as tl

from kernels.gpu.tiles import (
    GROUP,
    carried,
    inverse,
    left_of_writes,
    load_counts,
    load_gates,
    load_rows,
    matmul,
    rows_before,
    started,
    vector_at,
    whereabouts,
)

# Rows of `vectors`, as the kernels after this one read them.
WRITE_MEMORY, WRITE_MOMENTUM, OF_MEMORY, OF_MOMENTUM, LEFT = (tl.constexpr(n) for n in range(5))
MOMENTUM, STEP, KEPT, VECTORS = (tl.constexpr(n) for n in range(5, 9))


@started
def prepare(
    eta,
    theta,
    alpha,
    vectors,
    L,
    T,
    H,
    C: tl.constexpr,
):
    """The vectors of one chunk of one memory; grid (B H chunks).

    vectors [B H, chunks, 8, C]: what each token's write counts in memory and momentum of the chunk's end; b,
    f, h after each token; and its gates, eta, 2 theta and lambda, which lie apart in their tensors.
    """
    n, chunk, place = whereabouts(L, T, 0, T // L)
    batch, head, t0 = n // H, n % H, chunk * L
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    b, f, h = carried(momentum, kept)
    in_memory, in_momentum = left_of_writes(eta, alpha, batch, head, t0, L, T, H, C)
    out = vectors + place * VECTORS * C + tl.arange(0, C)
    tl.store(out + WRITE_MEMORY * C, in_memory * step)
    tl.store(out + WRITE_MOMENTUM * C, in_momentum * step)
    tl.store(out + OF_MEMORY * C, b)
    tl.store(out + OF_MOMENTUM * C, f)
    tl.store(out + LEFT * C, h)
    tl.store(out + MOMENTUM * C, momentum)
    tl.store(out + STEP * C, step)
    tl.store(out + KEPT * C, kept)


@started
def counting(
    vectors,
    counts,
    L,
    T,
    H,
    first,
    count,
    C: tl.constexpr,
):
    """P of one chunk of one memory, by the recurrences of momentum (10) and memory (13) themselves, and so
    exact where a gate is 0 or 1; a program of one warp a chunk.

    counts [B H, chunks, C, C]: what a unit step of token i counts in the memory after token t, in row t.
    Rows from L on are left as they are, and so is what lies above the diagonal by whole groups.
    """
    _, _, place = whereabouts(L, T, first, count)
    r, gates = tl.arange(0, C), vectors + place * VECTORS * C
    in_momentum, in_memory = tl.zeros([C], tl.float32), tl.zeros([C], tl.float32)
    for t in tl.range(0, L, loop_unroll_factor=4):
        in_momentum = tl.load(gates + MOMENTUM * C + t) * in_momentum + tl.where(r == t, 1.0, 0.0)
        in_memory = tl.load(gates + KEPT * C + t) * in_memory + in_momentum
        row = counts + (place * C + t) * C + r
        tl.store(row, in_memory.to(counts.dtype.element_ty), mask=r // GROUP * GROUP <= t)


@started
def share(
    q,
    k,
    vectors,
    counts,
    shares,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    C: tl.constexpr,
    READ: tl.constexpr,
):
    """What the reads of a chunk take of its own residuals; a program a chunk.

    shares [B H, chunks, C, C], like the queries: P[t, i] 2 theta_i (q_t·k_i). READ: as in `state`.
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    r = tl.arange(0, C)
    step = tl.load(vectors + (place * VECTORS + STEP) * C + r)
    queries = load_rows(q, batch, head, t0, L, T, H, C, K)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    p = load_counts(counts, place, L, rows_before(READ, C), C, False)
    taken = p * step[None, :] * matmul(queries, tl.trans(keys), k)
    tl.store(shares + (place * C + r[:, None]) * C + r[None, :], taken.to(shares.dtype.element_ty))


@started
def solve(
    k,
    v,
    vectors,
    counts,
    inverses,
    keys_memory,
    keys_momentum,
    values,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    BLOCK: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """The system of one chunk of one memory, with blocks of BLOCK tokens; a program a chunk.

    inverses [B H, chunks, C, C]: A; keys_memory, keys_momentum [B H, chunks, C, K]: A diag(b) K and
    A diag(f) K; values [B H, chunks, C, V]: A V.
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    r = tl.arange(0, C)
    vector = vectors + place * VECTORS * C
    step = tl.load(vector + STEP * C + r)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    targets = load_rows(v, batch, head, t0, L, T, H, C, V)
    b = vector_at(vector + OF_MEMORY * C, 1.0, BLOCK, C)
    f = vector_at(vector + OF_MOMENTUM * C, 0.0, BLOCK, C)
    p = load_counts(counts, place, L, rows_before(BLOCK, C), C, False)
    met = p * step[None, :] * matmul(keys, tl.trans(keys), k)  # strictly lower
    solved = inverse(met, C, PRECISION)
    tile = place * C + r[:, None]
    tl.store(inverses + tile * C + r[None, :], solved.to(k.dtype.element_ty))
    at_keys = tile * K + tl.arange(0, K)[None, :]
    wide = keys.to(tl.float32)
    tl.store(keys_memory + at_keys, matmul(solved, b[:, None] * wide, k).to(k.dtype.element_ty))
    tl.store(keys_momentum + at_keys, matmul(solved, f[:, None] * wide, k).to(k.dtype.element_ty))
    at_values = tile * V + tl.arange(0, V)[None, :]
    tl.store(values + at_values, matmul(solved, targets, k).to(k.dtype.element_ty))
