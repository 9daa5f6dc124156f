"""Loss, and the sizes of gradient, momentum and memory at every token.

By recurrences along the chunk, from the inner products that `output` told.
"""

import triton
import triton.language as tl

from kernels.gpu.norms import squared_norms, store_sizes
from kernels.gpu.output import FROM_ORIGIN, IN_MEMORY, IN_MOMENTUM, LOSS, MOMENTS, TOLD, WRITE
from kernels.gpu.prepare import LEFT, OF_MEMORY, OF_MOMENTUM, VECTORS
from kernels.gpu.tiles import load_gates, whereabouts

SIZES = tl.constexpr(4)


@triton.jit
def telemetry(
    eta,
    theta,
    alpha,
    vectors,
    told,
    moments,
    sizes,
    L,
    T,
    H,
    C: tl.constexpr,
    SHIFTED: tl.constexpr,
):
    """sizes [B, T, H, 4]: loss, |G|, |S|, |M| of each token; a program a chunk.

    SHIFTED: the memory is an origin [B, H, K, V] plus the D that `starts` holds.
    """
    n, chunk, place = whereabouts(L, T, 0, T // L)
    batch, head, t0 = n // H, n % H, chunk * L
    r = tl.arange(0, C)
    momentum, step, kept = load_gates(eta, theta, alpha, batch, head, t0, L, T, H, C)
    vector, row, moment = (
        vectors + place * VECTORS * C + r,
        told + place * TOLD * C + r,
        moments + place * MOMENTS,
    )
    b, f, h = tl.load(vector + OF_MEMORY * C), tl.load(vector + OF_MOMENTUM * C), tl.load(vector + LEFT * C)
    write, from_o, om, os, oo = tl.load(row + WRITE * C), 0.0 * b, 0.0, 0.0, 0.0
    if SHIFTED:
        from_o = tl.load(row + FROM_ORIGIN * C)
        om, os, oo = tl.load(moment + 3), tl.load(moment + 4), tl.load(moment + 5)
    momenta, memory = squared_norms(
        momentum, step, kept, write, tl.load(row + IN_MEMORY * C), tl.load(row + IN_MOMENTUM * C), from_o,
        tl.load(moment), tl.load(moment + 1), tl.load(moment + 2), om, os, oo, b, f, h, SHIFTED,
    )  # fmt: skip
    out = sizes + ((batch * T + t0 + r) * H + head) * SIZES
    store_sizes(out, tl.load(row + LOSS * C), write, momenta, memory, r < L)
