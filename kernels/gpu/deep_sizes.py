"""Loss, and the sizes of gradient, momentum and memory over both layers at every token, all blocks apart."""

import triton.language as tl

from kernels.gpu.deep import MOMENTS, PRODUCTS
from kernels.gpu.norms import before_writes, squared_norms, store_sizes
from kernels.gpu.telemetry import SIZES
from kernels.gpu.tiles import carried, coefficients, exact, load_gates, load_rows, started, whereabouts


@started
def deep_sizes(
    k,
    eta,
    alpha,
    steps,
    inputs,
    deltas1,
    deltas2,
    products,
    moments,
    sizes,
    L,
    T,
    H,
    K: tl.constexpr,
    N: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    TILE: tl.constexpr,
    SHIFTED: tl.constexpr,
):
    """sizes [B, T, H, 4]: loss, |G|, |S|, |M| of each token; grid (B H blocks).

    steps, inputs, deltas1, deltas2, products, moments: what `deep` made.
    """
    n, block, place = whereabouts(L, T, 0, T // L)
    batch, head, t0 = n // H, n % H, block * L
    r, unit = tl.arange(0, C), tl.arange(0, TILE)
    tokens = r < L
    token = (batch * T + t0 + r) * H + head
    momentum, _, kept = load_gates(eta, eta, alpha, batch, head, t0, L, T, H, C)
    step = tl.load(steps + token, mask=tokens, other=0.0)
    keys = load_rows(k, batch, head, t0, L, T, H, C, K)
    d2 = load_rows(deltas2, batch, head, t0, L, T, H, C, V)

    alike1, alike2 = tl.zeros([C, C], tl.float32), tl.zeros([C, C], tl.float32)  # d1 d1ᵀ and x2 x2ᵀ
    of_d1, of_x2 = tl.zeros([C], tl.float32), tl.zeros([C], tl.float32)
    for j in range(0, N, TILE):
        rows = token[:, None] * N + unit[None, :] + j
        d1 = tl.load(deltas1 + rows, mask=tokens[:, None], other=0.0)
        x2 = tl.load(inputs + rows, mask=tokens[:, None], other=0.0)
        alike1 += exact(d1, tl.trans(d1), k)
        alike2 += exact(x2, tl.trans(x2), k)
        of_d1 += tl.sum(d1 * d1, axis=1)
        of_x2 += tl.sum(x2 * x2, axis=1)
    loss = tl.sum(d2 * d2, axis=1)
    write = tl.sum(keys * keys, axis=1) * of_d1 + of_x2 * loss
    both = exact(keys, tl.trans(keys), k) * alike1 + alike2 * exact(d2, tl.trans(d2), k)
    both = tl.where(r[:, None] > r[None, :], both, 0.0) * step[None, :]

    product = products + token * PRODUCTS
    moment = moments + place * MOMENTS
    p, of_momentum = coefficients(momentum, kept, C, 0)
    b, f, h = carried(momentum, kept)
    in_memory, in_momentum = before_writes(
        tl.load(product, mask=tokens, other=0.0),
        tl.load(product + 1, mask=tokens, other=0.0),
        both, p, of_momentum, b, f, h,
    )  # fmt: skip
    momenta, memory = squared_norms(
        momentum, step, kept, write, in_memory, in_momentum,
        tl.load(product + 2, mask=tokens, other=0.0),
        tl.load(moment), tl.load(moment + 1), tl.load(moment + 2),
        tl.load(moment + 3), tl.load(moment + 4), tl.load(moment + 5),
        b, f, h, SHIFTED,
    )  # fmt: skip
    store_sizes(sizes + token * SIZES, loss, write, momenta, memory, tokens)
