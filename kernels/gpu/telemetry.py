"""Loss, and the sizes of gradient, momentum and memory at every token, all chunks side by side.

The squared norms follow scalar recurrences of their own. With u_i = 2 theta_i k_iᵀ r_i, the write,

    |S_t|²    = eta² |S|²        + |u_t|² + 2 eta <S, u_t>
    <M_t,S_t> = lambda eta <M,S> + |S_t|² + lambda <M, u_t>
    |M_t|²    = lambda² |M|²     + 2 <M_t,S_t> - |S_t|²        M, S before the token

whose segment products are, entry by entry, products of the segment products at hand.
"""

import triton
import triton.language as tl

from kernels.gpu.tiles import carried, coefficients, load_gates, load_rows, matmul

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
    """sizes [B, T, H, 4]: loss, |G|, |S|, |M| of each token; grid (chunks, B H).

    SHIFTED: the memory is `origin` [B, H, K, V] plus the M of `starts`.
    """
    chunk, n = tl.program_id(0), tl.program_id(1).to(tl.int64)
    batch, head, t0 = n // H, n % H, chunk * L
    chunks, memories = tl.num_programs(0), tl.num_programs(1)
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    residual = load_rows(residuals, batch, head, t0, L, T, H, C, V)
    matrix = tl.arange(0, K)[:, None] * V + tl.arange(0, V)[None, :]
    place = n * chunks + chunk
    m = tl.load(starts + place * K * V + matrix)
    s = tl.load(starts + (memories * chunks + place) * K * V + matrix)
    wide, exact = residual.to(tl.float32), keys.to(tl.float32)
    loss = tl.sum(wide * wide, axis=1)
    write = tl.sum(exact * exact, axis=1) * loss  # |k|² |r|²
    from_m = tl.sum(matmul(keys, m, k) * wide, axis=1)  # <M_0, k_tᵀ r_t>
    from_s = tl.sum(matmul(keys, s, k) * wide, axis=1)
    m, s = m.to(tl.float32), s.to(tl.float32)
    mm, ms, ss = tl.sum(m * m), tl.sum(m * s), tl.sum(s * s)
    both = matmul(keys, tl.trans(keys), k) * matmul(residual, tl.trans(residual), k)
    both = tl.where(r[:, None] > r[None, :], both, 0.0) * step[None, :]  # <k_tᵀ r_t, u_i>, i before t

    p, of_momentum, of_memory = coefficients(momentum, kept, C, PRECISION)
    b, f, h = carried(momentum, kept, of_memory)
    in_momentum = h * from_s + tl.sum(of_momentum * both, axis=1)  # <eta_t S_{t-1}, k_tᵀ r_t>
    in_memory = (
        b * from_m + (f - h) * from_s + tl.sum((p - of_momentum) * both, axis=1)
    )  # of lambda_t M_{t-1}
    grown = step * step * write + 2.0 * step * in_momentum
    momenta = h * h * ss + tl.sum(of_momentum * of_momentum * grown[None, :], axis=1)
    mixed = b * h * ms + tl.sum(of_memory * of_momentum * (momenta + step * in_memory)[None, :], axis=1)
    grown = 2.0 * mixed - momenta
    memory = b * b * mm + tl.sum(of_memory * of_memory * grown[None, :], axis=1)
    if SHIFTED:
        o = tl.load(origin + n * K * V + matrix)
        writes = step * tl.sum(matmul(keys, o, k) * wide, axis=1)  # <I, u_i>
        along = b * tl.sum(o * m) + f * tl.sum(o * s) + tl.sum(p * writes[None, :], axis=1)
        memory += tl.sum(o * o) + 2.0 * along
    out = sizes + ((batch * T + t0 + r) * H + head) * SIZES
    token = r < L
    tl.store(out, loss, mask=token)
    tl.store(out + 1, 2.0 * tl.sqrt(write), mask=token)
    tl.store(out + 2, tl.sqrt(tl.maximum(momenta, 0.0)), mask=token)
    tl.store(out + 3, tl.sqrt(tl.maximum(memory, 0.0)), mask=token)
