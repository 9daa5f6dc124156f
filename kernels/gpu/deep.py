"""A memory of two layers, gradient block after gradient block: one program carries it through all of them.

The block form of `kernels.deep`: at the block's start weights every token's write is rank one in both layers,
u_i = 2 theta_i x_iᵀ d_i with a layer's input x_i and the residual d_i carried back to its output, so a layer
answers, at each token's own weights,

    z_t = b_t a_t W_0 + (1 - b_t) a_t I + f_t a_t S_0 + sum_{i<=t} P[t, i] 2 theta_i (a_t·x_i) d_i.

Weights and momentum are all that a block hands on. Beside the operands of a product in float32 they do not
fit into registers, so they stay in memory, where the cache of the processor that runs the program finds
them, and hidden units pass in tiles: columns of the first layer, rows of the second. What depends on gates,
keys and queries alone is made before (`deep_prepare`), the norms after (`deep_sizes`), all blocks at once.

A hidden unit added as padding has weights of zero: it answers act(0) = 0 and is told d W_2ᵀ = 0, so nothing
is ever written to it.
"""

import triton
import triton.language as tl

from kernels.gpu.deep_prepare import (
    ENDS,
    GIVEN,
    READ_MEMORY,
    READ_MOMENTUM,
    VECTORS,
    WRITE_MEMORY,
    WRITE_MOMENTUM,
)
from kernels.gpu.tiles import exact, load_rows, started, store_rows

SILU, GELU = tl.constexpr(0), tl.constexpr(1)
PRODUCTS, MOMENTS = tl.constexpr(3), tl.constexpr(6)  # of `measure`
RESIDUAL_FLOOR = tl.constexpr(1e-3)  # that of kernels.bounded


@triton.jit
def activate(x, ACTIVATION: tl.constexpr):
    """What a hidden unit answers, and its derivative."""
    if ACTIVATION == SILU:
        gate = tl.sigmoid(x)
        return x * gate, gate * (1.0 + x * (1.0 - gate))
    else:
        below = 0.5 * (1.0 + tl.erf(0.7071067811865476 * x))
        return x * below, below + x * 0.3989422804014327 * tl.exp(-0.5 * x * x)


@triton.jit
def load_origin(address, SHIFTED: tl.constexpr):
    """A tile of what forgetting leads to: zero unless SHIFTED."""
    if SHIFTED:
        return tl.load(address)
    else:
        return tl.zeros(address.shape, tl.float32)


@triton.jit
def residuals(
    keys, values, w1, w2, like, N: tl.constexpr, V: tl.constexpr, TILE: tl.constexpr, ACT: tl.constexpr
):
    """v - M(k) at the block's start weights, [C, V]."""
    for j in tl.range(0, N, TILE, num_stages=1):
        hidden, _ = activate(exact(keys, tl.load(w1 + j), like), ACT)
        values -= exact(hidden, tl.load(w2 + j * V), like)
    return values


@triton.jit
def carry_back(
    keys,
    d2,
    w1,
    w2,
    inputs,
    deltas1,
    valid,
    N: tl.constexpr,
    V: tl.constexpr,
    TILE: tl.constexpr,
    ACT: tl.constexpr,
):
    """Store the second layer's inputs and the first's deltas; return the squared norms of both, [C]."""
    of_inputs = tl.zeros([keys.shape[0]], tl.float32)
    of_deltas = tl.zeros([keys.shape[0]], tl.float32)
    for j in tl.range(0, N, TILE, num_stages=1):
        hidden, slope = activate(exact(keys, tl.load(w1 + j), inputs), ACT)
        d1 = slope * exact(d2, tl.trans(tl.load(w2 + j * V)), inputs)
        tl.store(inputs + j, hidden, mask=valid)
        tl.store(deltas1 + j, d1, mask=valid)
        of_inputs += tl.sum(hidden * hidden, axis=1)
        of_deltas += tl.sum(d1 * d1, axis=1)
    return of_inputs, of_deltas


@triton.jit
def known(x, b, f, w, s, o, like, SHIFTED: tl.constexpr):
    """What rows x [C, Din] are answered but for the block's writes: b x W_0 + (1 - b) x I + f x S_0."""
    answer = b[:, None] * exact(x, w, like) + f[:, None] * exact(x, s, like)
    if SHIFTED:
        answer += (1.0 - b)[:, None] * exact(x, o, like)
    return answer


@triton.jit
def written(x, d, left, ends, w, s, o, like):
    """Weights and momentum after the block: I + b (W - I) + f S and h S, with what is left of each write."""
    turned = tl.trans(x)
    weights = o + ends[0] * (w - o) + ends[1] * s + exact(turned, left[0][:, None] * d, like)
    return weights, ends[2] * s + exact(turned, left[1][:, None] * d, like)


@triton.jit
def read_and_write(
    queries, keys, d2, inputs, deltas1, valid, asked, rows, left, ends, w1, s1, o1, w2, s2, o2, like,
    N: tl.constexpr, V: tl.constexpr, TILE: tl.constexpr, SHIFTED: tl.constexpr, ACT: tl.constexpr,
):  # fmt: skip
    """Read every query at its token's weights, and leave both layers as they are after the block.

    asked [C, C]: what the writes count in what the first layer answers to each query, rows: (b, f, the same
    but for the likeness of inputs) of each read. Returns the reads [C, V].
    """
    C: tl.constexpr = keys.shape[0]
    answer, alike = tl.zeros([C, V], tl.float32), tl.zeros([C, C], tl.float32)
    for j in tl.range(0, N, TILE, num_stages=1):
        hidden = tl.load(inputs + j, mask=valid, other=0.0)
        d1 = tl.load(deltas1 + j, mask=valid, other=0.0)
        w, s, o = tl.load(w1 + j), tl.load(s1 + j), load_origin(o1 + j, SHIFTED)
        x = known(queries, rows[0], rows[1], w, s, o, like, SHIFTED) + exact(asked, d1, like)
        x, _ = activate(x, ACT)
        w, s = written(keys, d1, left, ends, w, s, o, like)
        tl.debug_barrier()  # every thread has read the tile before any changes it
        tl.store(w1 + j, w)
        tl.store(s1 + j, s)

        w, s, o = tl.load(w2 + j * V), tl.load(s2 + j * V), load_origin(o2 + j * V, SHIFTED)
        answer += known(x, rows[0], rows[1], w, s, o, like, SHIFTED)
        alike += exact(x, tl.trans(hidden), like)
        w, s = written(hidden, d2, left, ends, w, s, o, like)
        tl.debug_barrier()
        tl.store(w2 + j * V, w)
        tl.store(s2 + j * V, s)
    return answer + exact(rows[2] * alike, d2, like)


@triton.jit
def measured(sums, x, d, w, s, o, like, SHIFTED: tl.constexpr):
    """The sums of `measure` with those of one tile [Din, Dout] of a layer, x [C, Din], d [C, Dout]."""
    m = w - o
    of_m = sums[0] + tl.sum(exact(x, m, like) * d, axis=1)
    of_s = sums[1] + tl.sum(exact(x, s, like) * d, axis=1)
    mm, ms, ss = sums[3] + tl.sum(m * m), sums[4] + tl.sum(m * s), sums[5] + tl.sum(s * s)
    of_o, om, os, oo = sums[2], sums[6], sums[7], sums[8]
    if SHIFTED:
        of_o += tl.sum(exact(x, o, like) * d, axis=1)
        om, os, oo = om + tl.sum(o * m), os + tl.sum(o * s), oo + tl.sum(o * o)
    return of_m, of_s, of_o, mm, ms, ss, om, os, oo


@triton.jit
def measure(
    keys, d2, inputs, deltas1, valid, w1, s1, o1, w2, s2, o2, products, moments, tokens,
    N: tl.constexpr, V: tl.constexpr, TILE: tl.constexpr, SHIFTED: tl.constexpr,
):  # fmt: skip
    """Store what the norms need of the block's start, over both layers, with D = W - I and u_t = x_tᵀ d_t:
    <D, u_t>, <S, u_t>, <I, u_t> of each token, and |D|², <D, S>, |S|², <I, D>, <I, S>, |I|²."""
    row = tl.zeros([keys.shape[0]], tl.float32)
    sums = (row, row, row, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for j in tl.range(0, N, TILE, num_stages=1):
        w, s, o = tl.load(w1 + j), tl.load(s1 + j), load_origin(o1 + j, SHIFTED)
        d1 = tl.load(deltas1 + j, mask=valid, other=0.0)
        sums = measured(sums, keys, d1, w, s, o, inputs, SHIFTED)
        w, s, o = tl.load(w2 + j * V), tl.load(s2 + j * V), load_origin(o2 + j * V, SHIFTED)
        hidden = tl.load(inputs + j, mask=valid, other=0.0)
        sums = measured(sums, hidden, d2, w, s, o, inputs, SHIFTED)
    for i in tl.static_range(PRODUCTS):
        tl.store(products + i, sums[i], mask=tokens)
    for i in tl.static_range(MOMENTS):
        tl.store(moments + i, sums[PRODUCTS + i])


@started
def deep(
    q,
    k,
    v,
    vectors,
    ends,
    reads,
    attention,
    initial1,
    initial2,
    state1,
    state2,
    y,
    inputs,
    deltas1,
    deltas2,
    steps,
    products,
    moments,
    L,
    T,
    H,
    blocks,
    K: tl.constexpr,
    N: tl.constexpr,
    V: tl.constexpr,
    C: tl.constexpr,
    TILE: tl.constexpr,
    SHIFTED: tl.constexpr,
    BOUNDED: tl.constexpr,
    TELEMETRY: tl.constexpr,
    ACT: tl.constexpr,
):
    """One memory, all its blocks of L tokens, hidden units in tiles; grid (B H).

    state1 [2, B, H, K, N], state2 [2, B, H, N, V]: weights and momentum of each layer, before the first
    block and then after the last. initial: origins, read if SHIFTED. vectors, ends, reads, attention: what
    `deep_prepare` made. y [B, T, H, V]; inputs of the second layer [B, T, H, N], deltas1 [B, T, H, N],
    deltas2 [B, T, H, V]; steps [B, T, H], 2 theta as taken. With TELEMETRY products [B, T, H, 3] and moments
    [B H, blocks, 6] as in `measure`.
    """
    n, memories = tl.program_id(0).to(tl.int64), tl.num_programs(0).to(tl.int64)
    batch, head = n // H, n % H
    r, unit = tl.arange(0, C), tl.arange(0, TILE)
    square = r[:, None] * C + r[None, :]
    layer1 = tl.arange(0, K)[:, None] * N + unit[None, :]
    layer2 = unit[:, None] * V + tl.arange(0, V)[None, :]
    w1, s1 = state1 + n * K * N + layer1, state1 + (memories + n) * K * N + layer1
    w2, s2 = state2 + n * N * V + layer2, state2 + (memories + n) * N * V + layer2
    o1, o2 = initial1 + n * K * N + layer1, initial2 + n * N * V + layer2
    tokens = r < L
    valid = tokens[:, None]
    for block in tl.range(0, blocks, num_stages=1):  # not pipelined: it loads what the last one has stored
        t0, place = block * L, n * blocks + block
        token = (batch * T + t0 + r) * H + head
        x = inputs + token[:, None] * N + unit[None, :]
        d1 = deltas1 + token[:, None] * N + unit[None, :]
        keys = load_rows(k, batch, head, t0, L, T, H, C, K)
        values = load_rows(v, batch, head, t0, L, T, H, C, V)
        d2 = residuals(keys, values, w1, w2, k, N, V, TILE, ACT)
        store_rows(deltas2, d2, batch, head, t0, L, T, H, C, V)
        of_inputs, of_deltas = carry_back(keys, d2, w1, w2, x, d1, valid, N, V, TILE, ACT)
        tl.debug_barrier()  # every thread has stored its share of x and d1
        if TELEMETRY:
            out, whole = products + token * PRODUCTS, moments + place * MOMENTS
            measure(keys, d2, x, d1, valid, w1, s1, o1, w2, s2, o2, out, whole, tokens, N, V, TILE, SHIFTED)

        bound = tl.full([C], 1.0, tl.float32)
        if BOUNDED:
            error = tl.sum(d2 * d2, axis=1)
            kernel = tl.sum(keys * keys, axis=1) * of_deltas + of_inputs * error
            bound = 1.0 / tl.maximum(kernel / (error + RESIDUAL_FLOOR), 1.0)
        vector, end = vectors + place * VECTORS * C + r, ends + place * ENDS
        tl.store(steps + token, bound * tl.load(vector + GIVEN * C), mask=tokens)
        queries = load_rows(q, batch, head, t0, L, T, H, C, K)
        asked = bound[None, :] * tl.load(attention + place * C * C + square)
        in_reads = bound[None, :] * tl.load(reads + place * C * C + square)
        rows = tl.load(vector + READ_MEMORY * C), tl.load(vector + READ_MOMENTUM * C), in_reads
        left = bound * tl.load(vector + WRITE_MEMORY * C), bound * tl.load(vector + WRITE_MOMENTUM * C)
        last = tl.load(end), tl.load(end + 1), tl.load(end + 2)
        answer = read_and_write(
            queries, keys, d2, x, d1, valid, asked, rows, left, last, w1, s1, o1, w2, s2, o2, k,
            N, V, TILE, SHIFTED, ACT,
        )  # fmt: skip
        store_rows(y, answer, batch, head, t0, L, T, H, C, V)
        tl.debug_barrier()  # every thread has stored its share of the layers
