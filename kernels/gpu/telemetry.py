"""Loss, and the sizes of gradient, momentum and memory at every token, all chunks side by side.

First the inner products that they are made of (`products`); then, by recurrences along the chunk, the sizes
(`telemetry`).
"""

import triton
import triton.language as tl

from kernels.gpu.norms import squared_norms, store_sizes
from kernels.gpu.prepare import KEPT, LEFT, MOMENTUM, OF_MEMORY, OF_MOMENTUM, STEP, VECTORS
from kernels.gpu.tiles import (
    load_counts,
    load_residuals,
    load_rows,
    matmul,
    place_of_second,
    started,
    whereabouts,
)

SIZES = tl.constexpr(4)
# Rows of `told`, and how many numbers are told of a chunk's start.
LOSS, WRITE, LEFT_MEMORY, LEFT_MOMENTUM, WITH_ORIGIN = (tl.constexpr(n) for n in range(5))
WROTE_MEMORY, WROTE_MOMENTUM, TOLD, MOMENTS = (tl.constexpr(n) for n in (5, 6, 7, 6))


@triton.jit
def tell_of_start(k, keys, residual, m, s, o, vector, out, moment, C: tl.constexpr, SHIFTED: tl.constexpr):
    """What `telemetry` needs of the unit steps u_t = k_tᵀ r_t and the state D_0, S_0 that they met.

    told [B H, chunks, 7, C]: the loss |r|², |u_t|², and the products of u_t with what D_0 and S_0 left in
    memory and momentum and with the origin o. moments [B H, chunks, 6]: the products among D_0, S_0 and o.
    """
    r, wide = tl.arange(0, C), keys.to(tl.float32)
    loss = tl.sum(residual * residual, axis=1)
    tl.store(out + LOSS * C, loss)
    tl.store(out + WRITE * C, loss * tl.sum(wide * wide, axis=1))
    with_m = tl.sum(matmul(keys, m, k) * residual, axis=1)
    with_s = tl.sum(matmul(keys, s, k) * residual, axis=1)
    h = tl.load(vector + LEFT * C + r)
    tl.store(out + LEFT_MOMENTUM * C, h * with_s)
    with_s = (tl.load(vector + OF_MOMENTUM * C + r) - h) * with_s
    tl.store(out + LEFT_MEMORY * C, tl.load(vector + OF_MEMORY * C + r) * with_m + with_s)
    m, s = m.to(tl.float32), s.to(tl.float32)
    tl.store(moment, tl.sum(m * m))
    tl.store(moment + 1, tl.sum(m * s))
    tl.store(moment + 2, tl.sum(s * s))
    if SHIFTED:
        tl.store(out + WITH_ORIGIN * C, tl.sum(matmul(keys, o, k) * residual, axis=1))
        tl.store(moment + 3, tl.sum(o * m))
        tl.store(moment + 4, tl.sum(o * s))
        tl.store(moment + 5, tl.sum(o * o))


@triton.jit
def tell_of_chunk(k, keys, residual, step, counts, vector, out, place, L, C: tl.constexpr):
    """And of what the chunk itself had written when they came: told, its last two rows: the products of u_t
    with the writes in lambda_t M_{t-1} and eta_t S_{t-1}."""
    r = tl.arange(0, C)
    both = step[None, :] * matmul(residual, tl.trans(residual), k)
    both *= matmul(keys, tl.trans(keys), k)
    with_memory = tl.sum(load_counts(counts, place, L, r, C, False) * both, axis=1)
    earlier = tl.sum(load_counts(counts, place, L, r - 1, C, False) * both, axis=1)
    tl.store(out + WROTE_MEMORY * C, tl.load(vector + KEPT * C + r) * with_memory)
    # L_eta[t-1] is P[t-1] - lambda_{t-1} P[t-2]
    with_momentum = with_memory - tl.load(vector + KEPT * C + r - 1, mask=r > 0, other=0.0) * earlier
    tl.store(out + WROTE_MOMENTUM * C, tl.load(vector + MOMENTUM * C + r) * with_momentum)


@started
def products(
    k,
    vectors,
    counts,
    errors,
    starts,
    origin,
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
    """What is told of a chunk: one program a chunk for what its tokens met, one for what they
    wrote, for both together would spill; grid (B H chunks, 2). SHIFTED: see `telemetry`."""
    n, chunk, place = whereabouts(L, T, first, count)
    batch, head, t0 = n // H, n % H, chunk * L
    second = place_of_second(L, T, count) * K * V
    vector, out = vectors + place * VECTORS * C, told + place * TOLD * C + tl.arange(0, C)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_residuals(errors, batch, head, t0, L, T, H, C, V)
    if tl.program_id(1) == 0:
        matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
        m = tl.load(starts + place * K * V + matrix)
        s = tl.load(starts + second + place * K * V + matrix)
        o = tl.load(origin + n * K * V + matrix) if SHIFTED else m
        moment = moments + place * MOMENTS
        tell_of_start(k, keys, residual.to(tl.float32), m, s, o, vector, out, moment, C, SHIFTED)
    else:
        step = tl.load(vector + STEP * C + tl.arange(0, C))
        tell_of_chunk(k, keys, residual, step, counts, vector, out, place, L, C)


@started
def telemetry(
    vectors,
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
    batch, head, r = n // H, n % H, tl.arange(0, C)
    vector, row = vectors + place * VECTORS * C + r, told + place * TOLD * C + r
    moment = moments + place * MOMENTS
    momentum, step = tl.load(vector + MOMENTUM * C), tl.load(vector + STEP * C)
    kept, write = tl.load(vector + KEPT * C), tl.load(row + WRITE * C)
    b, f, h = tl.load(vector + OF_MEMORY * C), tl.load(vector + OF_MOMENTUM * C), tl.load(vector + LEFT * C)
    in_memory = tl.load(row + LEFT_MEMORY * C) + tl.load(row + WROTE_MEMORY * C)
    in_momentum = tl.load(row + LEFT_MOMENTUM * C) + tl.load(row + WROTE_MOMENTUM * C)
    with_o, om, os, oo = 0.0 * b, 0.0, 0.0, 0.0
    if SHIFTED:
        with_o = tl.load(row + WITH_ORIGIN * C)
        om, os, oo = tl.load(moment + 3), tl.load(moment + 4), tl.load(moment + 5)
    momenta, memory = squared_norms(
        momentum, step, kept, write, in_memory, in_momentum, with_o,
        tl.load(moment), tl.load(moment + 1), tl.load(moment + 2), om, os, oo, b, f, h, SHIFTED,
    )  # fmt: skip
    token = (batch * T + chunk * L + r) * H + head
    store_sizes(sizes + token * SIZES, tl.load(row + LOSS * C), write, momenta, memory, r < L)
