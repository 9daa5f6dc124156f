"""Loss, and the sizes of gradient, momentum and memory at every token, all chunks side by side.

First the inner products that they are made of (`products`; together with the reads it would spill), then, by
recurrences along the chunk, the sizes.
"""

import triton
import triton.language as tl

from kernels.gpu.norms import squared_norms, store_sizes
from kernels.gpu.prepare import LEFT, OF_MEMORY, OF_MOMENTUM, VECTORS
from kernels.gpu.tiles import (
    load_gates,
    load_residuals,
    load_rows,
    matmul,
    place_of_second,
    whereabouts,
)

SIZES = tl.constexpr(4)
# Rows of `told`, and how many numbers are told of a chunk's start.
LOSS, WRITE, FROM_MEMORY, FROM_MOMENTUM, FROM_ORIGIN, TOLD, MOMENTS = (tl.constexpr(n) for n in range(7))
GROUP = tl.constexpr(16)  # tokens whose products are stored together, in one go of a thread's


@triton.jit
def products(
    k,
    errors,
    starts,
    origin,
    alike,
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
    SHIFTED: tl.constexpr,
):
    """What `telemetry` needs of keys, residuals and states; a program a chunk.

    With u_t the unit step k_tᵀ r_t: alike [B H, chunks, C, C]: <u_t, u_i>, i before t, in row i. told
    [B H, chunks, 5, C]: the loss |r|², |u_t|², and the products of u_t with the chunk's D_0 and S_0 and with
    the origin [B, H, K, V]. moments [B H, chunks, 6]: products among these three. SHIFTED: see `telemetry`.
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    second = place_of_second(L, T, count) * K * V
    r = tl.arange(0, C)
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    m = tl.load(starts + place * K * V + matrix)
    s = tl.load(starts + second + place * K * V + matrix)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_residuals(errors, batch, head, t0, L, T, H, C, V)
    losses = matmul(residual, tl.trans(residual), k)
    both = matmul(keys, tl.trans(keys), k) * losses
    later = r[None, :] // GROUP >= r[:, None] // GROUP
    tl.store(alike + (place * C + r[:, None]) * C + r[None, :], both.to(alike.dtype.element_ty), mask=later)
    own, out, moment = r[:, None] == r[None, :], told + place * TOLD * C + r, moments + place * MOMENTS
    tl.store(out + LOSS * C, tl.sum(tl.where(own, losses, 0.0), axis=1))
    tl.store(out + WRITE * C, tl.sum(tl.where(own, both, 0.0), axis=1))
    wide = residual.to(tl.float32)
    tl.store(out + FROM_MEMORY * C, tl.sum(matmul(keys, m, k) * wide, axis=1))
    tl.store(out + FROM_MOMENTUM * C, tl.sum(matmul(keys, s, k) * wide, axis=1))
    m, s = m.to(tl.float32), s.to(tl.float32)
    tl.store(moment, tl.sum(m * m))
    tl.store(moment + 1, tl.sum(m * s))
    tl.store(moment + 2, tl.sum(s * s))
    if SHIFTED:
        o = tl.load(origin + n * K * V + matrix)
        tl.store(out + FROM_ORIGIN * C, tl.sum(matmul(keys, o, k) * wide, axis=1))
        tl.store(moment + 3, tl.sum(o * m))
        tl.store(moment + 4, tl.sum(o * s))
        tl.store(moment + 5, tl.sum(o * o))


@triton.jit
def met_before(eta, theta, alpha, alike, gate, L, H, C: tl.constexpr):
    """<M_{t-1}, u_t> and <S_{t-1}, u_t> [C] as far as the chunk's own writes made M and S, from the last
    write on back to the first: P[t - 1, i] = L_lambda[t - 1, i] + eta_{i+1} P[t - 1, i + 1]."""
    r = tl.arange(0, C)
    nothing = tl.zeros([C], tl.float32)
    with_memory, with_momentum, of_memory, of_momentum, p = nothing, nothing, nothing, nothing, nothing
    for back in range(1, L):
        i = L - 1 - back
        after = gate + (i + 1) * H
        own = tl.where(r == i + 1, 1.0, 0.0)
        momentum = tl.load(eta + after)
        of_momentum = momentum * of_momentum + own
        of_memory = (1.0 - tl.load(alpha + after)) * of_memory + own
        p = momentum * p + of_memory
        both = 2.0 * tl.load(theta + gate + i * H) * tl.load(alike + i * C + r).to(tl.float32)
        both = tl.where(r > i, both, 0.0)
        with_memory += p * both
        with_momentum += of_momentum * both
    return with_memory, with_momentum


@triton.jit
def telemetry(
    eta,
    theta,
    alpha,
    vectors,
    alike,
    told,
    moments,
    sizes,
    L,
    T,
    H,
    first,
    count,
    C: tl.constexpr,
    SHIFTED: tl.constexpr,
):
    """sizes [B, T, H, 4]: loss, |G|, |S|, |M| of each token; a program of one warp a chunk.

    SHIFTED: the memory is an origin [B, H, K, V] plus the D that `starts` holds.
    """
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    r, gate = tl.arange(0, C), (batch * T + t0) * H + head
    with_memory, with_momentum = met_before(eta, theta, alpha, alike + place * C * C, gate, L, H, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    vector = vectors + place * VECTORS * C + r
    row, moment = told + place * TOLD * C + r, moments + place * MOMENTS
    b, f, h = tl.load(vector + OF_MEMORY * C), tl.load(vector + OF_MOMENTUM * C), tl.load(vector + LEFT * C)
    from_m, from_s = tl.load(row + FROM_MEMORY * C), tl.load(row + FROM_MOMENTUM * C)
    write, from_o, om, os, oo = tl.load(row + WRITE * C), 0.0 * b, 0.0, 0.0, 0.0
    if SHIFTED:
        from_o = tl.load(row + FROM_ORIGIN * C)
        om, os, oo = tl.load(moment + 3), tl.load(moment + 4), tl.load(moment + 5)
    momenta, memory = squared_norms(
        momentum, step, kept, write, b * from_m + (f - h) * from_s + kept * with_memory,
        h * from_s + momentum * with_momentum, from_o, tl.load(moment), tl.load(moment + 1),
        tl.load(moment + 2), om, os, oo, b, f, h, SHIFTED,
    )  # fmt: skip
    store_sizes(sizes + (gate + r * H) * SIZES, tl.load(row + LOSS * C), write, momenta, memory, r < L)
