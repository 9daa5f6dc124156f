"""From chunk to chunk: the one part that runs in order, forwards for the memory, backwards for its gradient.

Columns of the memory never meet (the squared loss has no norm across them), so they are split over programs.
"""

import triton
import triton.language as tl

from kernels.gpu.prepare import LEFT, OF_MEMORY, OF_MOMENTUM, VECTORS, WRITE_MEMORY, WRITE_MOMENTUM
from kernels.gpu.tiles import matmul, started, vector_at

# Where a chunk's residuals come from: handed in; v - k M_0; or the solved system of `prepare`.
GIVEN, PARALLEL, SOLVED = (tl.constexpr(n) for n in range(3))


@triton.jit
def load_ends(vectors, place, L, C: tl.constexpr):
    """b, f, h of a chunk's end. Loaded a chunk ahead, or all would wait for them."""
    at = vectors + place * VECTORS * C + L - 1
    return tl.load(at + OF_MEMORY * C), tl.load(at + OF_MOMENTUM * C), tl.load(at + LEFT * C)


@triton.jit
def turned(x, like, WIDTH: tl.constexpr):
    """xᵀ of what was loaded [C, WIDTH], in float32: as a product with the identity, for which it may come
    from shared memory as it lies there, or else registers would be exchanged."""
    kind: tl.constexpr = like.dtype.element_ty
    if kind == tl.float32:
        return tl.trans(x)
    else:
        r = tl.arange(0, WIDTH)
        return matmul(tl.where(r[:, None] == r[None, :], 1.0, 0.0), tl.trans(x), like)


@started
def state(
    q,
    k,
    v,
    keys_memory,
    keys_momentum,
    values,
    vectors,
    shares,
    memory,
    momentum,
    y,
    errors,
    starts,
    last,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    V: tl.constexpr,
    WIDTH: tl.constexpr,
    C: tl.constexpr,
    READ: tl.constexpr,
    RULE: tl.constexpr,
    KEEP: tl.constexpr,
):
    """`count` chunks from `first` on, one after the other, of WIDTH columns of one memory, and what is read:

        y_t = b_t q_t M_0 + f_t q_t S_0 + sum_i P[t, i] 2 theta_i (q_t·k_i) r_i.

    Grid (B H, V / WIDTH). Everything of the memory is held transposed: so a product's left operand is what
    the product before left in registers, and nothing waits for memory, shared or not, from one to the next.

    READ: 0 after the token's write, 1 before it, with the coefficients of the token before. shares: what
    `share` made. memory, momentum [B, H, K, V], float32: the state before the first of them; last [2, B, H,
    K, V]: after the last. With KEEP: errors [B, T, H, V], -2 times the residuals, the loss's derivative by
    what the keys are answered (8); and starts [2, B H, chunks, K, V]: M and S at the start of each chunk.
    """
    n = tl.program_id(0).to(tl.int64)
    memories, chunks = tl.num_programs(0).to(tl.int64), T // L
    batch, head = n // H, n % H
    r, rows = tl.arange(0, C), tl.arange(0, K)
    columns = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    matrix = rows[None, :] * V + columns[:, None]
    m = tl.load(memory + n * K * V + matrix)
    s = tl.load(momentum + n * K * V + matrix)
    b, f, h = load_ends(vectors, n * chunks + first, L, C)
    for chunk in range(first, first + count):
        place = n * chunks + chunk
        next_ends = load_ends(vectors, n * chunks + tl.minimum(chunk + 1, chunks - 1), L, C)
        if KEEP:
            tl.store(starts + place * K * V + matrix, m.to(starts.dtype.element_ty))
            tl.store(starts + (memories * chunks + place) * K * V + matrix, s.to(starts.dtype.element_ty))
        token, tile = (batch * T + chunk * L + r[:, None]) * H + head, place * C + r[:, None]
        valid, at, vector = r[:, None] < L, token * V + columns[None, :], vectors + place * VECTORS * C
        of_memory = vector_at(vector + OF_MEMORY * C, 1.0, READ, C)
        of_momentum = vector_at(vector + OF_MOMENTUM * C, 0.0, READ, C)
        keys = tl.load(k + token * K + rows[None, :], mask=valid, other=0.0)
        queries = tl.load(q + token * K + rows[None, :], mask=valid, other=0.0)
        shared = tl.load(shares + tile * C + r[None, :])
        if RULE == SOLVED:
            residual = turned(tl.load(values + tile * V + columns[None, :]), k, WIDTH)
            residual -= matmul(m, tl.trans(tl.load(keys_memory + tile * K + rows[None, :])), k)
            residual -= matmul(s, tl.trans(tl.load(keys_momentum + tile * K + rows[None, :])), k)
        else:
            residual = turned(tl.load(v + at, mask=valid, other=0.0), k, WIDTH)
            if RULE == PARALLEL:
                residual -= matmul(m, tl.trans(keys), k)
        read = of_memory[None, :] * matmul(m, tl.trans(queries), k)
        read += of_momentum[None, :] * matmul(s, tl.trans(queries), k)
        read += matmul(residual, tl.trans(shared), k)
        tl.store(y + at, tl.trans(read).to(y.dtype.element_ty), mask=valid)
        if KEEP:
            tl.store(errors + at, tl.trans(-2.0 * residual).to(errors.dtype.element_ty), mask=valid)
        in_memory = tl.load(vector + WRITE_MEMORY * C + r)
        in_momentum = tl.load(vector + WRITE_MOMENTUM * C + r)
        m = b * m + f * s + matmul(in_memory[None, :] * residual, keys, k)
        s = h * s + matmul(in_momentum[None, :] * residual, keys, k)
        b, f, h = next_ends
    tl.store(last + n * K * V + matrix, m)
    tl.store(last + (memories + n) * K * V + matrix, s)


@started
def reverse_state(
    q,
    k,
    keys_memory,
    keys_momentum,
    vectors,
    to_y,
    to_last,
    to_residuals,
    to_ends,
    to_first,
    L,
    T,
    H,
    first,
    count,
    K: tl.constexpr,
    V: tl.constexpr,
    WIDTH: tl.constexpr,
    C: tl.constexpr,
    RULE: tl.constexpr,
    READ: tl.constexpr,
):
    """The outer gradient, `count` chunks down to `first`, one before the other; grid (B H, V / WIDTH).

    to_y [B, T, H, V]; to_last [2, B, H, K, V], of the M and S after them. to_residuals [B, T, H, V] holds
    what the reads of the residual's own chunk made of it (`to_residuals` of backward.py), and is completed.
    to_ends [2, B H, chunks, K, V]: the gradient of M and S at each chunk's end; to_first [2, B, H, K, V]: of
    those before them. READ: as in `state`.
    """
    n = tl.program_id(0).to(tl.int64)
    memories, chunks = tl.num_programs(0).to(tl.int64), T // L
    batch, head = n // H, n % H
    r, rows = tl.arange(0, C), tl.arange(0, K)
    columns = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    matrix = rows[:, None] * V + columns[None, :]
    to_m = tl.load(to_last + n * K * V + matrix)
    to_s = tl.load(to_last + (memories + n) * K * V + matrix)
    b, f, h = load_ends(vectors, n * chunks + first + count - 1, L, C)
    for back in range(count):
        chunk = first + count - 1 - back
        place = n * chunks + chunk
        next_ends = load_ends(vectors, n * chunks + tl.maximum(chunk - 1, 0), L, C)
        tl.store(to_ends + place * K * V + matrix, to_m.to(to_ends.dtype.element_ty))
        tl.store(to_ends + (memories * chunks + place) * K * V + matrix, to_s.to(to_ends.dtype.element_ty))
        token = (batch * T + chunk * L + r[:, None]) * H + head
        valid = r[:, None] < L
        keys = tl.load(k + token * K + rows[None, :], mask=valid, other=0.0)
        queries = tl.load(q + token * K + rows[None, :], mask=valid, other=0.0)
        reads = tl.load(to_y + token * V + columns[None, :], mask=valid, other=0.0)
        out = vectors + place * VECTORS * C + r
        in_memory = tl.load(out + WRITE_MEMORY * C)
        in_momentum = tl.load(out + WRITE_MOMENTUM * C)
        read_b = vector_at(vectors + (place * VECTORS + OF_MEMORY) * C, 1.0, READ, C)
        read_f = vector_at(vectors + (place * VECTORS + OF_MOMENTUM) * C, 0.0, READ, C)
        at = to_residuals + token * V + columns[None, :]
        residual = tl.load(at, mask=valid, other=0.0).to(tl.float32)
        residual += in_memory[:, None] * matmul(keys, to_m, k)
        residual += in_momentum[:, None] * matmul(keys, to_s, k)
        tl.store(at, residual.to(to_residuals.dtype.element_ty), mask=valid)
        turned = tl.trans(queries)
        to_s = f * to_m + h * to_s + matmul(turned, read_f[:, None] * reads, k)
        to_m = b * to_m + matmul(turned, read_b[:, None] * reads, k)
        if RULE == SOLVED:
            tile = place * C + r[:, None]
            to_m -= matmul(tl.trans(tl.load(keys_memory + tile * K + rows[None, :])), residual, k)
            to_s -= matmul(tl.trans(tl.load(keys_momentum + tile * K + rows[None, :])), residual, k)
        elif RULE == PARALLEL:
            to_m -= matmul(tl.trans(keys), residual, k)
        b, f, h = next_ends
    tl.store(to_first + n * K * V + matrix, to_m)
    tl.store(to_first + (memories + n) * K * V + matrix, to_s)
