"""Loss, and the sizes of gradient, momentum and memory at every token, all chunks side by side."""

import triton
import triton.language as tl

from kernels.gpu.norms import squared_norms
from kernels.gpu.tiles import load_gates, load_rows, matmul, whereabouts

SIZES = tl.constexpr(4)


@triton.jit
def telemetry(
    k,
    eta,
    theta,
    alpha,
    residuals,
    starts,
    origin,
    sizes,
    L,
    T,
    H,
    K: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    SHIFTED: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """sizes [B, T, H, 4]: loss, |G|, |S|, |M| of each token; grid (B H chunks).

    SHIFTED: the memory is `origin` [B, H, K, V] plus the M of `starts`.
    """
    n, chunk, place = whereabouts(L, T)
    batch, head, t0 = n // H, n % H, chunk * L
    second = tl.num_programs(0).to(tl.int64) * K * V  # where the momenta begin
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_rows(residuals, batch, head, t0, L, T, H, C, V)
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    m = tl.load(starts + place * K * V + matrix)
    s = tl.load(starts + second + place * K * V + matrix)
    wide, exact = residual.to(tl.float32), keys.to(tl.float32)
    loss = tl.sum(wide * wide, axis=1)
    write = tl.sum(exact * exact, axis=1) * loss  # |k|² |r|²
    from_m = tl.sum(matmul(keys, m, k) * wide, axis=1)  # <M_0, k_tᵀ r_t>
    from_s = tl.sum(matmul(keys, s, k) * wide, axis=1)
    m, s = m.to(tl.float32), s.to(tl.float32)
    mm, ms, ss = tl.sum(m * m), tl.sum(m * s), tl.sum(s * s)
    from_o, om, os, oo = 0.0 * from_m, 0.0, 0.0, 0.0
    if SHIFTED:
        o = tl.load(origin + n * K * V + matrix)
        from_o = tl.sum(matmul(keys, o, k) * wide, axis=1)  # <I, k_tᵀ r_t>
        om, os, oo = tl.sum(o * m), tl.sum(o * s), tl.sum(o * o)
    both = matmul(keys, tl.trans(keys), k) * matmul(residual, tl.trans(residual), k)
    both = tl.where(r[:, None] > r[None, :], both, 0.0) * step[None, :]  # <k_tᵀ r_t, u_i>, i before t
    momenta, memory = squared_norms(
        momentum, step, kept, write, from_m, from_s, from_o, both, mm, ms, ss, om, os, oo,
        SHIFTED, C, PRECISION,
    )  # fmt: skip
    out = sizes + ((batch * T + t0 + r) * H + head) * SIZES
    token = r < L
    tl.store(out, loss, mask=token)
    tl.store(out + 1, 2.0 * tl.sqrt(write), mask=token)
    tl.store(out + 2, tl.sqrt(tl.maximum(momenta, 0.0)), mask=token)
    tl.store(out + 3, tl.sqrt(tl.maximum(memory, 0.0)), mask=token)
