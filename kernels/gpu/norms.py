"""The norms of momentum and memory at every token, from products with the chunk's start and among its writes.

They follow scalar recurrences of their own. With u_t, the write, 2 theta_t x_tᵀ d_t,

    |S_t|²    = eta² |S|²        + |u_t|² + 2 eta <S, u_t>
    <M_t,S_t> = lambda eta <M,S> + |S_t|² + lambda <M, u_t>
    |M_t|²    = lambda² |M|²     + 2 <M_t,S_t> - |S_t|²        M, S before the token

each with what came before it given.
"""

import triton
import triton.language as tl

from kernels.gpu.tiles import recurrence


@triton.jit
def before_writes(from_m, from_s, both, p, of_momentum, b, f, h):
    """<lambda_t M_{t-1}, u_t> and <eta_t S_{t-1}, u_t> of unit steps u_t = x_tᵀ d_t, [C].

    from_m <M_0, u_t>, from_s <S_0, u_t> [C]; both [C, C]: <u_t, u_i> times the step of i, i before t; P and
    L_eta [C, C], and b, f, h [C].
    """
    in_momentum = h * from_s + tl.sum(of_momentum * both, axis=1)
    in_memory = b * from_m + (f - h) * from_s + tl.sum((p - of_momentum) * both, axis=1)
    return in_memory, in_momentum


@triton.jit
def squared_norms(
    momentum,
    step,
    kept,
    write,
    in_memory,
    in_momentum,
    from_o,
    mm,
    ms,
    ss,
    om,
    os,
    oo,
    b,
    f,
    h,
    SHIFTED: tl.constexpr,
):
    """|S_t|² and |I + D_t|² [C], D being the memory's distance from the origin I.

    Of unit steps: write |u_t|², in_memory and in_momentum as `before_writes` gives them, from_o <I, u_t> [C].
    Of the start: mm |D_0|², ms <D_0, S_0>, ss |S_0|², om <I, D_0>, os <I, S_0>, oo |I|²; b, f, h [C].
    """
    grown = step * step * write + 2.0 * step * in_momentum
    momenta = h * h * ss + recurrence(momentum * momentum, grown, False)
    mixed = b * h * ms + recurrence(kept * momentum, momenta + step * in_memory, False)
    memory = b * b * mm + recurrence(kept * kept, 2.0 * mixed - momenta, False)
    if SHIFTED:
        along = recurrence(kept, recurrence(momentum, step * from_o, False), False)  # <I, D_t>
        along += b * om + f * os
        memory += oo + 2.0 * along
    return momenta, memory


@triton.jit
def store_sizes(sizes, loss, write, momenta, memory, mask):
    """Loss, |G|, |S|, |M| of tokens."""
    tl.store(sizes, loss, mask=mask)
    tl.store(sizes + 1, 2.0 * tl.sqrt(write), mask=mask)
    tl.store(sizes + 2, tl.sqrt(tl.maximum(momenta, 0.0)), mask=mask)
    tl.store(sizes + 3, tl.sqrt(tl.maximum(memory, 0.0)), mask=mask)
