"""What every kernel needs of a chunk: its rows, gates, coefficients, and products of small matrices.

A chunk of L tokens lies in a tile of C rows, C a power of two; rows from L on are loaded as zero and never
stored. Coefficients are those of `kernels.coefficients`: running products down masked columns, no logarithm
and no ratio, hence exact where a gate is 0 or 1.
"""

import triton
import triton.language as tl


@triton.jit
def matmul(a, b, like):
    """a b in float32, its operands as wide as the tensor behind the pointer `like`; those of float32 are each
    split into three of TF32, which keeps all but the last of their digits."""
    kind: tl.constexpr = like.dtype.element_ty
    return tl.dot(a.to(kind), b.to(kind), input_precision="tf32x3")


@triton.jit
def exact(a, b, like):
    """The same by the units for float32: in tiles of 16 rows that takes less room than three of TF32."""
    kind: tl.constexpr = like.dtype.element_ty
    return tl.dot(a.to(kind), b.to(kind), input_precision="ieee")


@triton.jit
def whereabouts(L, T):
    """Of a program in a grid of all chunks, or blocks, of all memories: its memory, the chunk within it, and
    its place among all. One dimension, for the others end at 65,535."""
    place = tl.program_id(0).to(tl.int64)
    chunks = T // L
    return place // chunks, (place % chunks).to(tl.int32), place


@triton.jit
def rows_of(pointer, b, h, t0, L, T, H, C: tl.constexpr, D: tl.constexpr):
    """The addresses [C, D] of a chunk's rows in a tensor [B, T, H, D], and which of them are tokens."""
    r = tl.arange(0, C)
    row = (b * T + t0 + r[:, None]) * H + h
    return pointer + row * D + tl.arange(0, D)[None, :], r[:, None] < L


@triton.jit
def load_rows(pointer, b, h, t0, L, T, H, C: tl.constexpr, D: tl.constexpr):
    """A chunk of [B, T, H, D] as [C, D], zero beyond its tokens."""
    address, token = rows_of(pointer, b, h, t0, L, T, H, C, D)
    return tl.load(address, mask=token, other=0.0)


@triton.jit
def store_rows(pointer, x, b, h, t0, L, T, H, C: tl.constexpr, D: tl.constexpr):
    """The way back."""
    address, token = rows_of(pointer, b, h, t0, L, T, H, C, D)
    tl.store(address, x.to(pointer.dtype.element_ty), mask=token)


@triton.jit
def load_gates(eta, theta, alpha, b, h, t0, L, T, H, C: tl.constexpr):
    """eta, 2 theta and lambda = 1 - alpha of a chunk, [C] each."""
    r = tl.arange(0, C)
    row = (b * T + t0 + r) * H + h
    token = r < L
    momentum = tl.load(eta + row, mask=token, other=0.0)
    step = 2.0 * tl.load(theta + row, mask=token, other=0.0)
    kept = 1.0 - tl.load(alpha + row, mask=token, other=0.0)
    return momentum, step, kept


@triton.jit
def segment_products(gate, C: tl.constexpr):
    """L[t, i], the product of the gates over i < j <= t, for i <= t: [C, C]."""
    r = tl.arange(0, C)
    below = tl.where(r[:, None] > r[None, :], gate[:, None], 1.0)
    return tl.where(r[:, None] >= r[None, :], tl.cumprod(below, axis=0), 0.0)


@triton.jit
def coefficients(momentum, kept, C: tl.constexpr, PRECISION: tl.constexpr):
    """P = L_lambda L_eta, L_eta and L_lambda of a chunk's gates: [C, C] each."""
    of_momentum, of_memory = segment_products(momentum, C), segment_products(kept, C)
    p = tl.dot(of_memory, of_momentum, input_precision=PRECISION)
    return p, of_momentum, of_memory


@triton.jit
def carried(momentum, kept, of_memory):
    """b, f, h [C]: what M_0 and S_0 count in memory, and S_0 in momentum, after each token."""
    h = tl.cumprod(momentum, axis=0)
    return tl.cumprod(kept, axis=0), tl.sum(of_memory * h[None, :], axis=1), h


@triton.jit
def row_before_block(BLOCK: tl.constexpr, C: tl.constexpr):
    """[C, C], one where column j is the last row before the block of row t: it picks coefficients as they
    are at the start of each row's block. The first block's rows pick nothing."""
    r = tl.arange(0, C)
    start = (r // BLOCK) * BLOCK
    return tl.where(start[:, None] == r[None, :] + 1, 1.0, 0.0)


@triton.jit
def carried_at_start(b, f, BLOCK: tl.constexpr, C: tl.constexpr):
    """b, f [C] at the start of each row's block."""
    pick = row_before_block(BLOCK, C)
    first = tl.where(tl.arange(0, C) < BLOCK, 1.0, 0.0)
    return tl.sum(pick * b[None, :], axis=1) + first, tl.sum(pick * f[None, :], axis=1)


@triton.jit
def at_start(matrix, BLOCK: tl.constexpr, C: tl.constexpr, PRECISION: tl.constexpr):
    """The rows of P, or of L, [C, C] as they are at the start of each row's block."""
    return tl.dot(row_before_block(BLOCK, C), matrix, input_precision=PRECISION)


@triton.jit
def row(matrix, number, C: tl.constexpr):
    """One row of a matrix [C, C], as [C]."""
    r = tl.arange(0, C)
    return tl.sum(tl.where(r[:, None] == number, matrix, 0.0), axis=0)


@triton.jit
def entry(vector, number, C: tl.constexpr):
    """One entry of a vector [C]."""
    return tl.sum(tl.where(tl.arange(0, C) == number, vector, 0.0), axis=0)


@triton.jit
def inverse(lower, C: tl.constexpr, PRECISION: tl.constexpr):
    """(I + lower)⁻¹ of a strictly lower matrix [C, C], by substitution.

    The blocks of 16 on the diagonal row by row, then block row by block row. A sum of powers would need fewer
    steps, but cancels without bound where entries are large.
    """
    BLOCKS: tl.constexpr = C // 16
    r, c, i = tl.arange(0, C), tl.arange(0, 16), tl.arange(0, BLOCKS)
    on_diagonal = i[:, None, None, None] == i[None, None, :, None]
    parts = tl.reshape(lower, [BLOCKS, 16, BLOCKS, 16])
    small = tl.sum(tl.where(on_diagonal, parts, 0.0), axis=2)  # [BLOCKS, 16, 16]
    solved = tl.where(c[None, :, None] == c[None, None, :], 1.0, 0.0) + 0.0 * small
    for n in range(1, 16):
        this = c[None, :, None] == n
        left = tl.sum(tl.where(this, small, 0.0), axis=1)  # [BLOCKS, 16], row n
        known = tl.sum(left[:, :, None] * solved, axis=1)
        solved = tl.where(this, solved - known[:, None, :], solved)
    diagonal = tl.reshape(tl.where(on_diagonal, solved[:, :, None, :], 0.0), [C, C])
    if BLOCKS == 1:
        return diagonal
    else:
        beside = tl.where((r // 16)[:, None] > (r // 16)[None, :], lower, 0.0)
        beside = tl.dot(diagonal, beside, input_precision=PRECISION)
        whole = diagonal
        for n in range(1, BLOCKS):
            below = diagonal - tl.dot(beside, whole, input_precision=PRECISION)
            whole = tl.where((r // 16)[:, None] == n, below, whole)
        return whole
