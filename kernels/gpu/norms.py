"""The norms of momentum and memory at every token, from products with the chunk's start and among its writes.

They follow scalar recurrences of their own. With u_t, the write, 2 theta_t x_tᵀ d_t,

    |S_t|²    = eta² |S|²        + |u_t|² + 2 eta <S, u_t>
    <M_t,S_t> = lambda eta <M,S> + |S_t|² + lambda <M, u_t>
    |M_t|²    = lambda² |M|²     + 2 <M_t,S_t> - |S_t|²        M, S before the token

whose segment products are, entry by entry, products of the segment products at hand.
"""

import triton
import triton.language as tl

from kernels.gpu.tiles import carried, coefficients


@triton.jit
def squared_norms(
    momentum,
    step,
    kept,
    write,
    from_m,
    from_s,
    from_o,
    both,
    mm,
    ms,
    ss,
    om,
    os,
    oo,
    SHIFTED: tl.constexpr,
    C: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """|S_t|² and |I + D_t|² [C], D being the memory's distance from the origin I.

    Told of unit steps, u_t = x_tᵀ d_t: write |u_t|², from_m <D_0, u_t>, from_s <S_0, u_t>, from_o <I, u_t>
    [C]; both [C, C]: <u_t, u_i> times the step of i, i before t. Of the start: mm |D_0|², ms <D_0, S_0>,
    ss |S_0|², om <I, D_0>, os <I, S_0>, oo |I|².
    """
    p, of_momentum, of_memory = coefficients(momentum, kept, C, PRECISION)
    b, f, h = carried(momentum, kept, of_memory)
    in_momentum = h * from_s + tl.sum(of_momentum * both, axis=1)  # of eta_t S_{t-1}
    in_memory = b * from_m + (f - h) * from_s + tl.sum((p - of_momentum) * both, axis=1)  # of kept_t D_{t-1}
    grown = step * step * write + 2.0 * step * in_momentum
    momenta = h * h * ss + tl.sum(of_momentum * of_momentum * grown[None, :], axis=1)
    mixed = b * h * ms + tl.sum(of_memory * of_momentum * (momenta + step * in_memory)[None, :], axis=1)
    grown = 2.0 * mixed - momenta
    memory = b * b * mm + tl.sum(of_memory * of_memory * grown[None, :], axis=1)
    if SHIFTED:
        along = b * om + f * os + tl.sum(p * (step * from_o)[None, :], axis=1)  # <I, D_t>
        memory += oo + 2.0 * along
    return momenta, memory
