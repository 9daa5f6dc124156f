"""What every kernel needs of a chunk: its rows, gates, coefficients, and products of small matrices.

A chunk of L tokens lies in a tile of C rows, C a power of two; rows from L on are loaded as zero and never
stored. Coefficients are those of `kernels.coefficients`.

On Hopper, products whose left operand had been computed and then transposed were wrong (issue 640 of
flash-linear-attention, and here with the assembler of CUDA 12.8). So on the left only what was loaded is
transposed; what is computed is computed a second time, turned.
"""

from functools import partial

import triton
import triton.language as tl

# For a kernel that PyTorch starts. Triton compiles anew for integers that are 1, or divide by 16 or not; that
# of these gains nothing, but the parts of one text would differ in it, and a first call wait four times.
started = partial(triton.jit, do_not_specialize=("L", "T", "first", "count", "blocks"))

GROUP = tl.constexpr(16)  # entries of a triangle that are there or not together, in one go of a thread's


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
def whereabouts(L, T, first, count):
    """Of a program in a grid of `count` chunks, or blocks, from `first` on, of every memory: its memory, the
    chunk within it, and its place among all. One dimension, for the others end at 65,535."""
    program = tl.program_id(0).to(tl.int64)
    n, chunk = program // count, (first + program % count).to(tl.int32)
    return n, chunk, n * (T // L) + chunk


@triton.jit
def place_of_second(L, T, count):
    """How many chunks of all memories there are: after as many states of M stand those of S."""
    return tl.num_programs(0).to(tl.int64) // count * (T // L)


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
def load_residuals(errors, b, h, t0, L, T, H, C: tl.constexpr, V: tl.constexpr):
    """A chunk's residuals [C, V]; a half loses no digit."""
    return -0.5 * load_rows(errors, b, h, t0, L, T, H, C, V)


@triton.jit
def rows_before(BLOCK: tl.constexpr, C: tl.constexpr):
    """How many tokens of the chunk each row [C] looks back on: all up to the start of its block of BLOCK
    tokens or, where BLOCK is 0, up to itself and including it."""
    r = tl.arange(0, C)
    if BLOCK == 0:
        return r + 1
    else:
        return (r // BLOCK) * BLOCK


@triton.jit
def vector_at(vector, first, BLOCK: tl.constexpr, C: tl.constexpr):
    """A stored vector [C] as it is when each row looks back; `first` before the first token."""
    if BLOCK == 0:
        return tl.load(vector + tl.arange(0, C))  # in a loop, ahead: without a mask that can be
    else:
        rows = rows_before(BLOCK, C)
        return tl.load(vector + rows - 1, mask=rows > 0, other=first)


@triton.jit
def load_counts(counts, place, L, rows, C: tl.constexpr, TURNED: tl.constexpr):
    """P [C, C] of a chunk where each row looks back on so many `rows` [C], or its transpose, from what
    `counting` made."""
    at: tl.constexpr = 0 if TURNED else 1  # the dimension that rows t get as their second
    rows, i = tl.expand_dims(rows, at), tl.expand_dims(tl.arange(0, C), 1 - at)
    there = (i // GROUP * GROUP < rows) & (rows <= L)
    return tl.load(counts + (place * C + rows - 1) * C + i, mask=there, other=0.0).to(tl.float32)


@triton.jit
def segments(gate, C: tl.constexpr, BLOCK: tl.constexpr):
    """L[t, i], the product of the gates after i up to where row t looks back on, [C, C]: by running products
    down masked columns, with neither logarithm nor ratio, exact where a gate is 0 or 1."""
    r = tl.arange(0, C)
    t, i = r[:, None], r[None, :]
    products = tl.where(t >= i, tl.cumprod(tl.where(t > i, gate[:, None], 1.0), axis=0), 0.0)
    if BLOCK == 0:
        return products
    else:
        pick = tl.where(rows_before(BLOCK, C)[:, None] == i + 1, 1.0, 0.0)
        return tl.dot(pick, products, input_precision="ieee")


@triton.jit
def coefficients(momentum, kept, C: tl.constexpr, BLOCK: tl.constexpr):
    """P = L_lambda L_eta as each row looks back, and L_eta after each token: [C, C] both."""
    of_momentum = segments(momentum, C, 0)
    return tl.dot(segments(kept, C, BLOCK), of_momentum, input_precision="ieee"), of_momentum


@triton.jit
def one_after_other(decay, given, decay_after, given_after):
    """x -> decay x + given, then the same of a later token: again such a step."""
    return decay * decay_after, given * decay_after + given_after


@triton.jit
def recurrence(decay, given, REVERSE: tl.constexpr):
    """x_t = decay_t x_{t-1} + given_t from zero on, [C]; with REVERSE x_t = decay_t x_{t+1} + given_t."""
    _, x = tl.associative_scan((decay, given), 0, one_after_other, reverse=REVERSE)
    return x


@triton.jit
def carried(momentum, kept):
    """b, f, h [C]: what M_0 and S_0 count in memory, and S_0 in momentum, after each token."""
    h = tl.cumprod(momentum, axis=0)
    return tl.cumprod(kept, axis=0), recurrence(kept, h, False), h


@triton.jit
def left_of_writes(eta, alpha, b, h, t0, L, T, H, C: tl.constexpr):
    """The last rows of P and L_eta: what a unit step of each token counts at the chunk's end, [C]."""
    r = tl.arange(0, C)
    after = (b * T + t0 + r + 1) * H + h
    inside = r + 1 < L
    momentum = tl.load(eta + after, mask=inside, other=0.0)
    kept = 1.0 - tl.load(alpha + after, mask=inside, other=0.0)
    in_memory = recurrence(momentum, tl.cumprod(kept, axis=0, reverse=True), True)
    return in_memory, tl.cumprod(tl.where(inside, momentum, 1.0), axis=0, reverse=True)


@triton.jit
def the_row_before(x, first, C: tl.constexpr):
    """A vector [C] as it is before each token; `first` before the first."""
    r = tl.arange(0, C)
    return tl.where(r == 0, first, tl.gather(x, tl.maximum(r - 1, 0), 0))


@triton.jit
def entry(vector, number, C: tl.constexpr):
    """One entry of a vector [C]."""
    return tl.sum(tl.where(tl.arange(0, C) == number, vector, 0.0), axis=0)


@triton.jit
def twice_as_large(whole, lower, SIZE: tl.constexpr, C: tl.constexpr, PRECISION: tl.constexpr):
    """The inverses of blocks of 2 SIZE, from those of SIZE."""
    block = tl.arange(0, C) // SIZE
    t, i = block[:, None], block[None, :]
    beside = tl.where((t // 2 == i // 2) & (t > i), lower, 0.0)
    beside = tl.dot(whole, beside, input_precision=PRECISION)
    return whole - tl.dot(beside, whole, input_precision=PRECISION)


@triton.jit
def inverse(lower, C: tl.constexpr, PRECISION: tl.constexpr):
    """(I + lower)⁻¹ of a strictly lower matrix [C, C], of blocks twice as large step by step:

        [[A, 0], [B, D]]⁻¹ = [[A⁻¹, 0], [-D⁻¹ B A⁻¹, D⁻¹]].

    It errs like substitution. A sum of powers would need no more steps, but cancels without bound where
    entries are large.
    """
    r = tl.arange(0, C)
    t, i = r[:, None], r[None, :]
    whole = tl.where(t == i, 1.0, 0.0) - tl.where(t // 2 == i // 2, lower, 0.0)
    for n in tl.static_range(1, 6):
        if (1 << n) < C:
            whole = twice_as_large(whole, lower, 1 << n, C, PRECISION)
    return whole
