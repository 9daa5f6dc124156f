"""What a block does with each token by itself, as compiled loops; importing this needs numba.

In operations on tensors every token goes out to memory and back with each of them. Here a few rows stay in
the cache from the first to the last. Nothing compiled in other files is called, and no slice is assigned to
a slice, for the reasons that `titans_core.chain` gives.

Shapes: N tokens, one in a row.
"""

import math

import numpy as np
from numba import njit, types
from numba.extending import overload

compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})

ROWS = 32  # at once


@compiled
def feed_forward(x, p, y):
    """y [N, width]: the SwiGLU of x [N, width]."""
    width, hidden = p.down.shape
    tokens, passed = np.empty((ROWS, width), x.dtype), np.empty((ROWS, hidden), x.dtype)
    both = np.empty((ROWS, 2 * hidden), x.dtype)
    for start in range(0, len(x), ROWS):
        end = min(start + ROWS, len(x))
        number = end - start
        for t in range(number):
            normed(x[start + t], p.norm, tokens[t])
        linear(p.up, tokens[:number], both)
        for t in range(number):
            product(both[t, :hidden], both[t, hidden:], passed[t])
        linear(p.down, passed[:number], y[start:end])


@compiled
def gated(left, right, p, y):
    """y [N, width] = left ⊗ right (25, 28)."""
    width = left.shape[1]
    a, b = np.empty((ROWS, width), left.dtype), np.empty((ROWS, width), left.dtype)
    for start in range(0, len(left), ROWS):
        end = min(start + ROWS, len(left))
        for t in range(end - start):
            through(left[start + t], p.left, p.left_shift, a[t])
            through(right[start + t], p.right, p.right_shift, b[t])
            for i in range(width):
                a[t, i] *= b[t, i]
        linear(p.out, a[: end - start], y[start:end])


@compiled
def handed(x, read, p, y, gate):
    """y [N, width]: what was read, [N, inner], normalised, gated by x [N, width] and projected; and the
    gate's mean by head, [N, H]."""
    inner, heads = read.shape[1], gate.shape[1]
    width, one = inner // heads, x.dtype.type(1)
    passed, part = np.empty((ROWS, inner), x.dtype), np.empty(inner, x.dtype)
    for start in range(0, len(x), ROWS):
        end = min(start + ROWS, len(x))
        linear(p.output_gate, x[start:end], passed)
        for t in range(end - start):
            row = passed[t]
            for i in range(inner):
                row[i] = one / (one + exponential(-row[i] - p.output_bias[i]))
            for head in range(heads):
                mean = x.dtype.type(0)
                for i in range(head * width, (head + 1) * width):
                    mean += row[i]
                gate[start + t, head] = mean / width
            normed(read[start + t], p.norm, part)
            for i in range(inner):
                row[i] *= part[i]
        linear(p.out, passed[: end - start], y[start:end])


@compiled
def expected(hidden, p, scale, output, following, chosen, spans, ids, probabilities, last):
    """Fill what is likely after each of T tokens, of their hidden [T, width] and the output embedding [vocab,
    width], as `rowwise.Likely` has it."""
    width, scale = hidden.shape[1], hidden.dtype.type(scale)
    tokens, logits = np.empty((ROWS, width), hidden.dtype), np.empty((ROWS, len(output)), hidden.dtype)
    for start in range(0, len(hidden), ROWS):
        number = min(ROWS, len(hidden) - start)
        for t in range(number):
            normed(hidden[start + t], p, tokens[t])
            for i in range(width):
                tokens[t, i] *= scale
        linear(output, tokens[:number], logits)
        for t in range(number):
            at = start + t
            least, most = ends(logits[t])
            whole = mass(logits[t], most)
            spans[at] = most - least + (whole - whole)  # NaN where a logit is none
            if following[at] >= 0:
                chosen[at] = logits[t, following[at]] - most - math.log(whole)
            largest(logits[t], ids[at], probabilities[at])
            for i in range(ids.shape[1]):
                probabilities[at, i] = math.exp(probabilities[at, i] - most) / whole
    for i in range(len(last)):
        last[i] = logits[number - 1, i]


# --------------------------------------------------------------------------------------------------- parts


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"nnan", "nsz"})
def ends(row):
    """The least and the largest of numbers, several at once, which the machine can where none is NaN: if one
    is, these may be any two."""
    least = most = row[0]
    for i in range(len(row)):
        least, most = min(least, row[i]), max(most, row[i])
    return least, most


@compiled
def mass(row, most):
    """The sum of e to the logits less their largest."""
    total = row.dtype.type(0)
    for i in range(len(row)):
        total += exponential(row[i] - most)
    return total


@compiled
def largest(row, ids, values):
    """The largest numbers of a row, as many as there is room for, and where they stand."""
    last = len(ids) - 1
    for i in range(len(row) if len(ids) else 0):
        if i > last and not row[i] > values[last]:
            continue
        at = min(i, last)
        while at > 0 and row[i] > values[at - 1]:
            values[at], ids[at] = values[at - 1], ids[at - 1]
            at -= 1
        values[at], ids[at] = row[i], i


@compiled
def through(x, p, shift, y):
    """y [width]: x normalised, shifted, and passed through SiLU."""
    normed(x, p, y)
    one = x.dtype.type(1)
    for i in range(len(y)):
        y[i] += shift[i]
        y[i] /= one + exponential(-y[i])


@compiled
def product(gate, value, y):
    """y = SiLU(gate) value."""
    one = gate.dtype.type(1)
    for i in range(len(y)):
        y[i] = gate[i] * value[i] / (one + exponential(-gate[i]))


@compiled
def linear(weight, x, y):
    """x Wᵀ, x [n, columns], W [rows, columns], into y [n, rows]: tiles of two tokens by four rows, whose sums
    stay in registers."""
    zero = x.dtype.type(0)
    tokens, rows = len(x) - len(x) % 2, len(weight) - len(weight) % 4
    for i in range(0, rows, 4):
        for t in range(0, tokens, 2):
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zero
            for j in range(weight.shape[1]):
                a, b = x[t, j], x[t + 1, j]
                w0, w1, w2, w3 = weight[i, j], weight[i + 1, j], weight[i + 2, j], weight[i + 3, j]
                a0, a1, a2, a3 = a0 + a * w0, a1 + a * w1, a2 + a * w2, a3 + a * w3
                b0, b1, b2, b3 = b0 + b * w0, b1 + b * w1, b2 + b * w2, b3 + b * w3
            y[t, i], y[t, i + 1], y[t, i + 2], y[t, i + 3] = a0, a1, a2, a3
            y[t + 1, i], y[t + 1, i + 1], y[t + 1, i + 2], y[t + 1, i + 3] = b0, b1, b2, b3
    for i in range(len(weight)):
        for t in range(tokens if i < rows else 0, len(x)):
            y[t, i] = dot(weight[i], x[t])


@compiled
def normed(x, p, y):
    """y: x [width] with a root mean square of one, scaled."""
    factor = x.dtype.type(1 / math.sqrt(dot(x, x) / len(x) + p.eps))
    for i in range(len(x)):
        y[i] = x[i] * factor * p.scale[i]


@compiled
def dot(a, b):
    total = a.dtype.type(0)
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def exponential(x):
    """e to the x: in single precision a polynomial, of several numbers at once, which no call would be."""
    return math.exp(x)


@overload(exponential)
def _exponential(x):
    if x is not types.float32:
        return lambda x: math.exp(x)
    number, whole = np.float32, np.int32

    def single(x):
        """2ⁿ eʳ, |r| ≤ ln 2 / 2, with the polynomial of Cephes' ``expf``, within 1.2e-7 of it; NaN stays."""
        x = number(-87) if x < number(-87) else number(88) if x > number(88) else x
        n = np.floor(x * number(1.44269504) + number(0.5))
        r = x - n * number(0.693359375) + n * number(2.12194440e-4)
        y = number(1.9875691500e-4) * r + number(1.3981999507e-3)
        y = y * r + number(8.3334519073e-3)
        y = y * r + number(4.1665795894e-2)
        y = y * r + number(1.6666665459e-1)
        y = y * r + number(5.0000001201e-1)
        y = y * r * r + r + number(1)
        return y * whole((whole(n) + whole(127)) << whole(23)).view(number)

    return single
