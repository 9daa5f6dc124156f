"""One token through a block as compiled loops; importing this needs numba.

What `blocks`, `memory` and `attention` say in operations on tensors is written out here for a single token,
where each of those operations is over sooner than it is called. Nothing compiled in other files is called:
numba would not see when that changes, and go on with what it has kept.

Blocks take the residual stream x [B, width] and change it in place, as they do with what the token changes:
weights M and momentum S [B, H, D, D], and the convolutions' tails. Of the keys and values that attention
holds, [B, 2, H, n, D], the last are filled. What stands below the blocks works on one sequence.
"""

import math

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})


# -------------------------------------------------------------------------------------------------- blocks


@compiled
def context(x, p, frozen, weights, momentum, query_tail, tail, retrieved, segment):
    """MAC, equations 21 to 25."""
    window, persistent = len(p.attention.table[0]) // 2, tokens(p)
    for b in range(len(x)):
        query = normed(x[b], p.norm)
        own = linear(p.attention.qkv, query)
        hold(own, segment[b])
        h = recall(query, p.memory, frozen[b], query_tail[b])
        hold(linear(p.attention.qkv, h), retrieved[b])
        attended = attend(own, p.attention, persistent, (retrieved[b], segment[b]), (0, window))
        told = normed(x[b] + attended, p.second)
        remembered = remember(told, p.memory, weights[b], momentum[b], tail[b])
        x[b] += attended + gated(attended, remembered, p.gating)


@compiled
def gate(x, p, weights, momentum, tail, window, start):
    """MAG, equations 26 to 28."""
    persistent = tokens(p)
    for b in range(len(x)):
        token = normed(x[b], p.norm)
        y = attend_window(token, p.attention, persistent, window[b], start)
        x[b] += gated(y, remember(token, p.memory, weights[b], momentum[b], tail[b]), p.gating)


@compiled
def layer(x, p, weights, momentum, tail, window, start):
    """MAL, equations 29 to 31."""
    for b in range(len(x)):
        x[b] += remember(normed(x[b], p.norm), p.memory, weights[b], momentum[b], tail[b])
        x[b] += attend_window(normed(x[b], p.second), p.attention, p.attention.persistent, window[b], start)


@compiled
def alone(x, p, weights, momentum, tail):
    """LMM."""
    for b in range(len(x)):
        x[b] += remember(normed(x[b], p.norm), p.memory, weights[b], momentum[b], tail[b])


@compiled
def control(x, p, window, start):
    """Attention without a memory."""
    persistent = tokens(p)
    for b in range(len(x)):
        x[b] += attend_window(normed(x[b], p.norm), p.attention, persistent, window[b], start)


@compiled
def feed_forward(x, p):
    for b in range(len(x)):
        both = linear(p.up, normed(x[b], p.norm))
        half = len(both) // 2
        x[b] += linear(p.down, silu(both[:half]) * both[half:])


@compiled
def predict(x, norm, embedding):
    """Logits [B, vocab] of the token that follows."""
    y = np.empty((len(x), len(embedding)), x.dtype)
    for b in range(len(x)):
        y[b] = linear(embedding, scaled(normed(x[b], norm), 2 / math.sqrt(x.shape[1])))
    return y


# -------------------------------------------------------------------------------------------------- memory


@compiled
def recall(x, p, frozen, tail):
    """h [width] = M(q) of frozen weights (21)."""
    heads, width = frozen.shape[:2]
    mixed = linear(p.qkv[: heads * width], x)
    convolve(mixed, p.taps[:, : heads * width], tail)
    q = units(mixed, p.silu[0], heads)
    y = np.zeros_like(q)
    for head in range(heads):
        read(q[head], frozen[head], y[head])
    return linear(p.out, normed(y.reshape(-1), p.norm))


@compiled
def remember(x, p, weights, momentum, tail):
    """Write x [width] (12 to 14), read M(q) (15), and hand it over, [width]."""
    heads, width = weights.shape[:2]
    inner = heads * width
    mixed = np.concatenate((linear(p.qkv, x), linear(p.gates, x)))
    convolve(mixed, p.taps, tail)
    q, k = (units(mixed[:inner], p.silu[0], heads), units(mixed[inner : 2 * inner], p.silu[1], heads))
    v = mixed[2 * inner : 3 * inner]
    v = (silu(v) if p.silu[2] else v).reshape(heads, width)
    gates = sigmoid(mixed[3 * inner :] + p.gate_bias).reshape(3, heads)  # η, of θ its share, α
    y = np.zeros_like(q)
    for head in range(heads):
        eta = gates[0, head] * p.eta_max
        theta = gates[1, head] * p.step_max / 2 * (1 - eta)
        if p.before:
            read(q[head], weights[head], y[head])
        write(k[head], v[head], weights[head], momentum[head], eta, theta, 1 - gates[2, head])
        if not p.before:
            read(q[head], weights[head], y[head])
    passed = sigmoid(linear(p.output_gate, x) + p.output_bias)
    return linear(p.out, normed(y.reshape(-1), p.norm) * passed)


@compiled
def read(q, weight, y):
    """y + q M -> y."""
    for i in range(len(q)):
        for j in range(len(y)):
            y[j] += q[i] * weight[i, j]


@compiled
def write(k, v, weight, speed, eta, theta, kept):
    """S <- eta S - theta G (10), M <- kept M + S (13), where G = 2 kᵀ (k M - v) (8, 12)."""
    number = weight.dtype.type
    eta, theta, kept = number(eta), number(theta), number(kept)
    e = -v
    read(k, weight, e)
    for i in range(len(k)):
        step = 2 * theta * k[i]
        for j in range(len(e)):
            speed[i, j] = eta * speed[i, j] - step * e[j]
            weight[i, j] = kept * weight[i, j] + speed[i, j]


@compiled
def convolve(x, taps, tail):
    """x [channels] after ``tail`` [width - 1, channels] through taps [width, channels]; both are changed."""
    last = len(tail)
    for c in range(len(x)):
        total = taps[last, c] * x[c]
        for w in range(last):
            total += taps[w, c] * tail[w, c]
        for w in range(last - 1):
            tail[w, c] = tail[w + 1, c]
        if last:  # else there is no row to write to, and nothing here looks at bounds
            tail[last - 1, c] = x[c]
        x[c] = total


@compiled
def units(x, through_silu, heads):
    """Unit vectors [H, D] of x [H D]."""
    y = (silu(x) if through_silu else x.copy()).reshape(heads, -1)
    for head in range(heads):
        y[head] = scaled(y[head], 1 / math.sqrt(dot(y[head], y[head]) + 1e-4))
    return y


# ----------------------------------------------------------------------------------------------- attention


@compiled
def tokens(p):
    """The persistent tokens as attention sees them, [N_p, width]."""
    y = np.empty_like(p.attention.persistent)
    for number in range(len(y)):
        y[number] = normed(p.attention.persistent[number], p.norm)
    return y


@compiled
def hold(own, held):
    """Keys and values, the last two thirds of ``own`` [3 H D], as the last in ``held`` [2, H, n, D]."""
    _, heads, _, width = held.shape
    held[:, :, -1] = own[heads * width :].reshape(2, heads, width)


@compiled
def attend_window(x, p, persistent, window, start):
    """x [width] among the tokens of a window, the first of which stands at ``start``."""
    own = linear(p.qkv, x)
    hold(own, window)
    return attend(own, p, persistent, (window,), (start,))


@compiled
def attend(own, p, persistent, parts, starts):
    """What the query, the first third of ``own`` [3 H D], finds among the persistent tokens [N_p, width] and
    in ``parts``, keys and values [2, H, n, D] each, whose keys stand at the positions from ``starts`` on ->
    y [width]. The query stands where the last key does.

    No keys and values of persistent tokens p are made: q·(K p) is (qK)·p, and Σ s (V p) is V (Σ s p).
    """
    heads, width = parts[0].shape[1], parts[0].shape[3]
    by_head = p.qkv.reshape(3, heads, width, -1)
    y = np.zeros((heads, width), own.dtype)
    place = starts[-1] + parts[-1].shape[2] - 1
    for head in range(heads):
        q = scaled(own[head * width : (head + 1) * width], 1 / math.sqrt(width))
        turned = turn(q, p.table, place)
        total = len(persistent)
        for part in parts:
            total += part.shape[2]
        scores = np.empty(total, own.dtype)
        at, seen = 0, np.zeros(p.qkv.shape[1], own.dtype)
        if len(persistent):
            read(q, by_head[1, head], seen)
        for token in persistent:
            scores[at] = dot(seen, token)
            at += 1
        for part, start in zip(parts, starts):  # noqa: B905
            for number in range(part.shape[2]):
                scores[at] = dot(turned, turn(part[0, head, number], p.table, start + number))
                at += 1
        scores = np.exp(scores - scores.max())
        scores /= scores.sum()
        at = 0
        mean = np.zeros_like(seen)
        for token in persistent:
            mean += scores[at] * token
            at += 1
        if len(persistent):
            y[head] = linear(by_head[2, head], mean)
        for part in parts:
            for value in part[1, head]:
                y[head] += scores[at] * value
                at += 1
    return linear(p.out, y.reshape(-1))


@compiled
def turn(x, table, place):
    """x [D] at a position, by the rotations [2, positions, D]."""
    y, half = np.empty_like(x), len(x) // 2
    for i in range(half):
        y[i] = x[i] * table[0, place, i] + x[i + half] * table[1, place, i]
        y[i + half] = x[i + half] * table[0, place, i + half] + x[i] * table[1, place, i + half]
    return y


# --------------------------------------------------------------------------------------------------- parts


@compiled
def normed(x, p):
    return scaled(x, 1 / math.sqrt(dot(x, x) / len(x) + p.eps)) * p.scale


@compiled
def gated(left, right, p):
    """left ⊗ right (25, 28)."""
    left = silu(normed(left, p.left) + p.left_shift)
    right = silu(normed(right, p.right) + p.right_shift)
    return linear(p.out, left * right)


@compiled
def linear(weight, x):
    """W x."""
    y = np.empty(len(weight), x.dtype)
    for i in range(len(y)):
        y[i] = dot(weight[i], x)
    return y


@compiled
def dot(a, b):
    total = a.dtype.type(0)
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@compiled
def scaled(x, factor):
    """x by a number, in the precision of x."""
    return x * x.dtype.type(factor)


@compiled
def silu(x):
    return x * sigmoid(x)


@compiled
def sigmoid(x):
    y = np.empty_like(x)
    for i in range(len(x)):
        y[i] = 1 / (1 + math.exp(-x[i]))
    return y
