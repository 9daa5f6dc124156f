"""All that a chunk can know before it meets a memory: coefficients, and the solved triangular system.

The residuals of a chunk whose gradient blocks are shorter than itself obey

    (I + T) R = V - diag(b) K M_0 - diag(f) K S_0          T[t, i] = (k_t·k_i) P[t, i] 2 theta_i

with b, f, P as they are at the start of t's block. Solved once for all memories, with A = (I + T)⁻¹:

    R = A V - (A diag(b) K) M_0 - (A diag(f) K) S_0.
"""

import triton
import triton.language as tl

from kernels.gpu.tiles import (
    at_start,
    carried,
    carried_at_start,
    coefficients,
    entry,
    inverse,
    load_gates,
    load_rows,
    matmul,
    row,
    whereabouts,
)

# Rows of `vectors` and entries of `ends`, as the kernels after this one read them.
WRITE_MEMORY, WRITE_MOMENTUM, READ_MEMORY, READ_MOMENTUM = (tl.constexpr(n) for n in range(4))
START_MEMORY, START_MOMENTUM, VECTORS = (tl.constexpr(n) for n in range(4, 7))
ENDS = tl.constexpr(3)


@triton.jit
def prepare(
    k,
    v,
    eta,
    theta,
    alpha,
    vectors,
    ends,
    inverses,
    keys_memory,
    keys_momentum,
    values,
    L,
    T,
    H,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    BLOCK: tl.constexpr,
    SOLVED: tl.constexpr,
    BEFORE: tl.constexpr,
    PRECISION: tl.constexpr,
    INVERSE_PRECISION: tl.constexpr,
):
    """One chunk of one memory; grid (B H chunks).

    vectors [B H, chunks, 6, C]: what each token's write counts in memory and momentum of the chunk's end, and
    what M_0 and S_0 count where it reads, and at the start of its block. ends [B H, chunks, 3]: b, f, h of
    the chunk's end. With SOLVED also the inverses A [B H, chunks, C, C], A diag(b) K, A diag(f) K
    [B H, chunks, C, K], and A V [B H, chunks, C, V]; without, the last two vectors are not written.
    """
    n, chunk, place = whereabouts(L, T)
    batch, head, t0 = n // H, n % H, chunk * L
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    p, of_momentum, of_memory = coefficients(momentum, kept, C, PRECISION)
    b, f, h = carried(momentum, kept, of_memory)
    out = vectors + place * VECTORS * C + r
    tl.store(out + WRITE_MEMORY * C, row(p, L - 1, C) * step)
    tl.store(out + WRITE_MOMENTUM * C, row(of_momentum, L - 1, C) * step)
    if BEFORE:
        read_b, read_f = carried_at_start(b, f, 1, C)
    else:
        read_b, read_f = b, f
    tl.store(out + READ_MEMORY * C, read_b)
    tl.store(out + READ_MOMENTUM * C, read_f)
    tl.store(ends + place * ENDS, entry(b, L - 1, C))
    tl.store(ends + place * ENDS + 1, entry(f, L - 1, C))
    tl.store(ends + place * ENDS + 2, entry(h, L - 1, C))
    if SOLVED:
        start_b, start_f = carried_at_start(b, f, BLOCK, C)
        tl.store(out + START_MEMORY * C, start_b)
        tl.store(out + START_MOMENTUM * C, start_f)
        keys = load_rows(k, batch, head, t0, L, T, H, C, K)
        met = at_start(p, BLOCK, C, PRECISION) * step[None, :]  # strictly lower
        met *= matmul(keys, tl.trans(keys), k)
        solved = inverse(met, C, INVERSE_PRECISION)
        tile = place * C + r[:, None]
        tl.store(inverses + tile * C + r[None, :], solved.to(k.dtype.element_ty))
        at_keys = tile * K + tl.arange(0, K)[None, :]
        wide = keys.to(tl.float32)
        tl.store(keys_memory + at_keys, matmul(solved, start_b[:, None] * wide, k).to(k.dtype.element_ty))
        tl.store(keys_momentum + at_keys, matmul(solved, start_f[:, None] * wide, k).to(k.dtype.element_ty))
        targets = load_rows(v, batch, head, t0, L, T, H, C, V)
        at_values = tile * V + tl.arange(0, V)[None, :]
        tl.store(values + at_values, matmul(solved, targets, k).to(k.dtype.element_ty))
