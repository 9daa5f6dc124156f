"""MAC's segments, one after another, as a compiled loop; importing this needs numba.

Of a block's tokens all that waits for nothing is computed for all of them at once (`blocks.MemoryAsContext`).
What is left is a chain: a segment's writes decide what the next retrieves, that what it attends to, and that
what it writes. In operations on tensors each link is over sooner than it is called; here they are written
out. Nothing compiled in other files is called: numba would not see when that changes, and go on with what it
has kept. And no slice is assigned to a slice: for what could be said where they do not fit, numba compiles
its strings, for seconds.

Shapes: T tokens of a sequence, n of a segment; H heads of D; width, and inner = H D. Below `run`, a function
works on one segment of one sequence, of which ``filled`` tokens were read before. What attention holds of a
segment is ``held`` [2, 2, H, window, D], of the retrieved tokens h and of the segment's own, keys and values,
and ``keys`` [2, H, D, window], the keys turned to their positions, a channel in a row.
"""

import math

import numpy as np
from numba import njit, types
from numba.extending import overload

compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})


@compiled
def run(
    x, queries, own, p, initial, edits, window, filled,
    frozen, weights, momentum, query_tail, tail, held, found,
):  # fmt: skip
    """Read x [B, T, width] (21 to 24).

    queries [B, T, inner]: the projections that the memory's queries are made of; own [B, T, 3 inner]: what
    attention makes of the tokens; initial: M₀ [H, D, D]; edits: a `segments.Edited`. frozen, weights,
    momentum [B, H, D, D], the convolutions' tails [B, reach, …] and ``held`` [B, …] are changed in place;
    ``found``, a `segments.Found` [B, T, …], is filled.
    """
    reach, table, lasting = tail.shape[1], p.attention.table, persistent(p, initial)
    asking = np.empty((reach + window, queries.shape[2]), x.dtype)
    telling = np.empty((reach + window, tail.shape[2]), x.dtype)
    keys = np.empty((2, held.shape[3], held.shape[5], window), x.dtype)
    for b in range(len(x)):
        fill(query_tail[b], asking, 0)
        fill(tail[b], telling, 0)
        for source in range(2):
            turn_keys(held[b, source, 0], table, source * window, 0, filled, keys[source])
        start, before = 0, filled
        while start < x.shape[1]:
            end = min(start + window - before, x.shape[1])
            h, told, attended = found.h[b, start:end], found.told[b, start:end], found.attended[b, start:end]
            mine = own[b, start:end]
            fill(queries[b, start:end], asking, reach)
            ask(convolved(asking, p.memory.taps, end - start), p.memory, found.asked[b, start:end])
            recall(
                found.asked[b, start:end], frozen[b], initial, edits, p.memory, found.answer[b, start:end], h
            )
            hold(mine, table, 1, before, held[b], keys)
            hold(held_of(h, p.attention), table, 0, before, held[b], keys)
            attend(mine, p.attention, lasting, before, held[b], keys, attended)
            for t in range(len(told)):
                for i in range(told.shape[1]):
                    told[t, i] = x[b, start + t, i] + attended[t, i]
                normed(told[t], p.second, told[t])
            linear(p.memory.qkv, told, telling[reach:], 0)
            linear(p.memory.gates, told, telling[reach:], len(p.memory.qkv))
            remember(
                convolved(telling, p.memory.taps, end - start),
                p.memory,
                initial,
                edits,
                weights[b],
                momentum[b],
                found.q[b, start:end],
                found.k[b, start:end],
                found.y[b, start:end],
                found.deltas[b, start:end],
                found.gates[b, start:end],
                found.measures[b, start:end],
            )
            start, before = end, (before + end - start) % window
            if before == 0:
                for head in range(frozen.shape[1]):
                    fill(weights[b, head], frozen[b, head], 0)
        fill(asking[:reach], query_tail[b], 0)
        fill(telling[:reach], tail[b], 0)


# -------------------------------------------------------------------------------------------------- memory


@compiled
def convolved(seen, taps, tokens):
    """y [n, channels]: the first channels of ``taps`` [1 + reach, …] over ``seen`` [reach + window, …].

    What is seen begins with what the convolution saw before; the last of it stand there when it is left.
    """
    y = np.zeros((tokens, seen.shape[1]), seen.dtype)
    fours = len(taps) - len(taps) % 4  # at once, since y has to be fetched for each turn
    for t in range(tokens):
        for i in range(0, fours, 4):
            for c in range(y.shape[1]):
                near = taps[i + 2, c] * seen[t + i + 2, c] + taps[i + 3, c] * seen[t + i + 3, c]
                y[t, c] += taps[i, c] * seen[t + i, c] + taps[i + 1, c] * seen[t + i + 1, c] + near
        for i in range(fours, len(taps)):
            for c in range(y.shape[1]):
                y[t, c] += taps[i, c] * seen[t + i, c]
    fill(seen[tokens : tokens + len(taps) - 1], seen, 0)
    return y


@compiled
def ask(mixed, p, q):
    """Queries q [n, H, D] of mixed [n, inner]."""
    for t in range(len(mixed)):
        units(mixed[t], 0, p.silu[0], q[t])


@compiled
def recall(asked, frozen, initial, edits, p, answer, h):
    """answer [n, H, D] = M(q) of frozen weights, and h [n, width], what becomes of it (21)."""
    tokens, heads, width = answer.shape
    inner = np.empty((tokens, heads * width), h.dtype)
    answer[:] = 0
    for t in range(tokens):
        for head in range(heads):
            read(asked[t, head], frozen[head] if edits.read[head] else initial[head], answer[t, head])
        normed(answer[t].reshape(-1), p.norm, inner[t])
    linear(p.out, inner, h, 0)


@compiled
def remember(mixed, p, initial, edits, weights, momentum, q, k, y, deltas, gates, measures):
    """Write n tokens (12 to 14) and read M(q) (15); weights, momentum [H, D, D] are changed.

    Filled are q, k, y, deltas, what the loss changes by each answer, [n, H, D], the gates [n, 3, H], and the
    measures [n, 4, H] of each write: loss, surprise, and the norms of S and M.
    """
    heads, width = weights.shape[:2]
    y[:] = 0
    for t in range(len(mixed)):
        units(mixed[t], 0, p.silu[0], q[t])
        units(mixed[t], heads * width, p.silu[1], k[t])
        values(mixed[t], 2 * heads * width, p.silu[2], deltas[t])
    for head in range(heads):  # one after another, so that a memory stays in the cache
        weight, speed = weights[head], momentum[head]
        asked = weight if edits.read[head] else initial[head]
        for t in range(len(mixed)):
            d = deltas[t, head]
            eta, theta, alpha = gates_of(mixed[t], p, edits, head, gates[t])
            if p.before:
                read(q[t, head], asked, y[t, head])
            read(k[t, head], weight, d)
            loss = dot(d, d)
            for j in range(width):
                d[j] += d[j]
            if edits.write[head]:
                write(k[t, head], d, weight, speed, eta, theta, 1 - alpha)
            measures[t, 0, head] = loss
            measures[t, 1, head] = 2 * math.sqrt(dot(k[t, head], k[t, head]) * loss)
            measures[t, 2, head] = norm(speed)
            measures[t, 3, head] = norm(weight)
            if not p.before:
                read(q[t, head], asked, y[t, head])


@compiled
def gates_of(row, p, edits, head, gates):
    """η, θ, α of a token and head, within the model's bounds, also into gates [3, H]: closed where nothing is
    written."""
    heads = gates.shape[1]
    eta = p.eta_max * openness(row, p, head)
    theta = p.step_max / 2 * (1 - eta) * openness(row, p, heads + head)
    eta = min(eta * edits.factor[0, head] + edits.value[0, head], p.eta_max)
    theta = min(theta * edits.factor[1, head] + edits.value[1, head], p.step_max / 2 * (1 - eta))
    alpha = openness(row, p, 2 * heads + head)
    alpha = min(alpha * edits.factor[2, head] + edits.value[2, head], 1.0)
    if edits.write[head]:
        gates[0, head], gates[1, head], gates[2, head] = eta, theta, alpha
    else:
        gates[:, head] = 0
    return eta, theta, alpha


@compiled
def openness(row, p, number):
    """How far the gate of this number is open; their logits are the last of a row."""
    logit = row[len(row) - len(p.gate_bias) + number] + p.gate_bias[number]
    return 1 / (1 + math.exp(-logit))


@compiled
def write(k, d, weight, speed, eta, theta, kept):
    """S <- eta S - theta kᵀ d (10), M <- kept M + S (13)."""
    number = weight.dtype.type
    eta, theta, kept = number(eta), number(theta), number(kept)
    for i in range(len(k)):
        step = theta * k[i]
        for j in range(len(d)):
            s = eta * speed[i, j] - step * d[j]
            speed[i, j] = s
            weight[i, j] = kept * weight[i, j] + s


@compiled
def units(row, first, through_silu, y):
    """Unit vectors y [H, D] of what stands in a row from ``first`` on."""
    heads, width = y.shape
    for head in range(heads):
        part(row, first + head * width, through_silu, y.dtype.type(1), y[head])
        factor = y.dtype.type(1 / math.sqrt(dot(y[head], y[head]) + 1e-4))
        for i in range(width):
            y[head, i] *= factor


@compiled
def values(row, first, through_silu, y):
    """y [H, D]: what stands in a row from ``first`` on, with a minus."""
    for head in range(len(y)):
        part(row, first + head * y.shape[1], through_silu, y.dtype.type(-1), y[head])


@compiled
def part(row, first, through_silu, sign, y):
    """y [D]: what stands in a row from ``first`` on, by a sign."""
    one = y.dtype.type(1)
    if through_silu:
        for i in range(len(y)):
            y[i] = sign * row[first + i] / (one + exponential(-row[first + i]))
    else:
        for i in range(len(y)):
            y[i] = sign * row[first + i]


# ----------------------------------------------------------------------------------------------- attention


@compiled
def persistent(p, like):
    """Keys and values [H, N_p, D] of the persistent tokens, as attention sees them (19); like [H, D, …]."""
    heads, width = like.shape[:2]
    tokens = np.empty_like(p.attention.persistent)
    for number in range(len(tokens)):
        normed(p.attention.persistent[number], p.norm, tokens[number])
    found = held_of(tokens, p.attention)
    y = np.empty((2, heads, len(tokens), width), found.dtype)
    for number in range(len(tokens)):
        for row in range(2 * heads):
            for i in range(width):
                y[row // heads, row % heads, number, i] = found[number, row * width + i]
    return y


@compiled
def held_of(h, p):
    """Keys and values of h [n, width], [n, 2 inner]."""
    inner = len(p.qkv) // 3
    y = np.empty((len(h), 2 * inner), h.dtype)
    linear(p.qkv[inner:], h, y, 0)
    return y


@compiled
def hold(rows, table, source, filled, held, keys):
    """Keys and values, the last of each of ``rows`` [n, …], into what is held of the source."""
    _, _, heads, window, width = held.shape
    first = rows.shape[1] - 2 * heads * width
    for t in range(len(rows)):
        for number in range(2 * heads):
            for i in range(width):
                value = rows[t, first + number * width + i]
                held[source, number // heads, number % heads, filled + t, i] = value
    turn_keys(held[source, 0], table, source * window, filled, filled + len(rows), keys[source])


@compiled
def turn_keys(held, table, first, start, end, keys):
    """The keys ``start`` to ``end`` of ``held`` [H, window, D], the first of which stands at the position
    ``first``, turned into ``keys`` [H, D, window]."""
    for head in range(len(held)):
        for place in range(start, end):
            turn(held[head, place], table, first + place, keys[head, :, place])


@compiled
def attend(own, p, lasting, filled, held, keys, y):
    """y [n, width]: what the queries, the first third of ``own`` [n, 3 inner], find among the persistent
    tokens and among what is held up to themselves (22, 23)."""
    _, heads, number, width = lasting.shape
    window, root = keys.shape[3], own.dtype.type(1 / math.sqrt(width))
    mean = np.zeros((len(own), heads * width), y.dtype)
    plain, turned = np.empty((len(own), width), y.dtype), np.empty(width, y.dtype)
    far, every = np.empty((len(own), number), y.dtype), np.empty(number + 2 * window, y.dtype)
    for head in range(heads):
        for t in range(len(own)):
            for i in range(width):
                plain[t, i] = own[t, head * width + i]
        linear(lasting[0, head], plain, far, 0)
        for t in range(len(own)):
            seen = filled + t + 1
            scores = every[: number + 2 * seen]
            parts = scores[:number], scores[number : number + seen], scores[number + seen :]
            turn(plain[t], p.table, window + filled + t, turned)
            scores[:] = 0
            for i in range(number):
                scores[i] = far[t, i]
            read(turned, keys[0, head], parts[1])
            read(turned, keys[1, head], parts[2])
            soften(scores, root)
            found = mean[t, head * width : (head + 1) * width]
            read(parts[0], lasting[1, head], found)
            read(parts[1], held[0, 1, head], found)
            read(parts[2], held[1, 1, head], found)
    linear(p.out, mean, y, 0)


@compiled
def soften(scores, factor):
    """Softmax of the scores times a factor, in place."""
    most, total = scores[0], scores.dtype.type(0)
    for i in range(len(scores)):
        most = max(most, scores[i])
    for i in range(len(scores)):
        scores[i] = exponential(factor * (scores[i] - most))
    for i in range(len(scores)):
        total += scores[i]
    for i in range(len(scores)):
        scores[i] /= total


@compiled
def turn(x, table, place, y):
    """y: x [D] at a position, by the rotations [2, positions, D]."""
    half = len(x) // 2
    for i in range(half):
        y[i] = x[i] * table[0, place, i] + x[i + half] * table[1, place, i]
        y[i + half] = x[i + half] * table[0, place, i + half] + x[i] * table[1, place, i + half]


# --------------------------------------------------------------------------------------------------- parts


@compiled
def linear(weight, x, y, first):
    """x Wᵀ, x [n, columns], W [rows, columns], into the columns of y [n, …] from ``first`` on: tiles of two
    tokens by four rows, whose sums stay in registers."""
    zero = x.dtype.type(0)
    tokens, rows = len(x) - len(x) % 2, len(weight) - len(weight) % 4
    for i in range(0, rows, 4):
        at = first + i
        for t in range(0, tokens, 2):
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zero
            for j in range(weight.shape[1]):
                a, b = x[t, j], x[t + 1, j]
                w0, w1, w2, w3 = weight[i, j], weight[i + 1, j], weight[i + 2, j], weight[i + 3, j]
                a0, a1, a2, a3 = a0 + a * w0, a1 + a * w1, a2 + a * w2, a3 + a * w3
                b0, b1, b2, b3 = b0 + b * w0, b1 + b * w1, b2 + b * w2, b3 + b * w3
            y[t, at], y[t, at + 1], y[t, at + 2], y[t, at + 3] = a0, a1, a2, a3
            y[t + 1, at], y[t + 1, at + 1], y[t + 1, at + 2], y[t + 1, at + 3] = b0, b1, b2, b3
    for i in range(len(weight)):
        for t in range(tokens if i < rows else 0, len(x)):
            y[t, first + i] = dot(weight[i], x[t])


@compiled
def read(x, weight, y):
    """y + x W -> y, of W's first columns, and four rows at once, since y has to be fetched for each turn."""
    rows = len(x) - len(x) % 4
    for i in range(0, rows, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for j in range(len(y)):
            y[j] += a * weight[i, j] + b * weight[i + 1, j] + c * weight[i + 2, j] + d * weight[i + 3, j]
    for i in range(rows, len(x)):
        for j in range(len(y)):
            y[j] += x[i] * weight[i, j]


@compiled
def fill(x, y, first):
    """The rows of x into y, from the row ``first`` on."""
    for i in range(len(x)):
        for j in range(x.shape[1]):
            y[first + i, j] = x[i, j]


@compiled
def normed(x, p, y):
    """y: x [width] with a root mean square of one, scaled."""
    factor = x.dtype.type(1 / math.sqrt(dot(x, x) / len(x) + p.eps))
    for i in range(len(x)):
        y[i] = x[i] * factor * p.scale[i]


@compiled
def norm(matrix):
    row = matrix.reshape(-1)
    return math.sqrt(dot(row, row))


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
