"""The recurrence as one compiled loop; importing this needs numba.

It is `kernels.reference` written out for the machine: no token's weights are kept, the state is changed in
place, and the pass that writes a layer takes its norms too. Sums may be taken in any order, which lets the
machine take several terms at once; NaN and infinity stay what they are.

Shapes: N = B * H memories of L layers, T tokens. A memory's matrices lie behind each other in a row of P
numbers, layer l's from starts[l] on. Its units, from the key's on level 0 to the answer's on level L, lie in
a row of U, level l's from levels[l] on.
"""

import math

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})


@compiled
def run(
    q, k, v, eta, theta, alpha, weights, momentum, initial, opened, block_keys, offset, block_size,
    before, gelu, to_initial, bounded, floor, starts, levels, y, telemetry, inputs, deltas,
):  # fmt: skip
    """Write every token into its memory and read it back, equations 8 to 15.

    q, k [N, T, Dk]; v, y [N, T, Dv]; eta, theta, alpha [N, T]; weights, momentum, initial, opened [N, P];
    block_keys [N, Dk, Dk]; telemetry [5, N, R]; inputs, deltas [N, R, U]: what each unit hands on, and what
    the loss changes by what it receives. Weights, momentum, opened and block_keys are changed, the last four
    filled. R is T, or 1 where nobody asks what each token did. Where block_size is 1, opened is weights.
    floor is that of `kernels.bounded`: numba would not see it change in another file than this.
    """
    units = np.empty_like(inputs[0, 0])
    for n in range(q.shape[0]):
        for t in range(q.shape[1]):
            row = min(t, telemetry.shape[2] - 1)
            if block_size > 1 and (offset + t) % block_size == 0:
                opened[n] = weights[n]
                block_keys[n] = 0
            if before:
                read(q[n, t], weights[n], starts, levels, gelu, units, y[n, t])

            x, d = inputs[n, row], deltas[n, row]
            loss, surprise = learn(k[n, t], v[n, t], opened[n], starts, levels, gelu, x, d)
            step, kept = theta[n, t], 1 - alpha[n, t]
            if bounded:
                kernel = surprise / 4 / (loss + floor)
                met = meet(k[n, t], 2 * step, block_keys[n]) if block_size > 1 else 0.0
                step *= (1 - eta[n, t]) / (max(1.0, kernel) * (1 + met) ** 2)
            speed, memory = 0.0, 0.0
            for layer in range(len(starts) - 1):
                squares = write(
                    part(weights[n], starts, layer),
                    part(momentum[n], starts, layer),
                    part(initial[n], starts, layer),
                    to_initial,
                    part(x, levels, layer),
                    part(d, levels, layer + 1),
                    eta[n, t],
                    step,
                    kept,
                )
                speed += squares[0]
                memory += squares[1]

            if not before:
                read(q[n, t], weights[n], starts, levels, gelu, units, y[n, t])
            telemetry[0, n, row] = loss
            telemetry[1, n, row] = math.sqrt(surprise)
            telemetry[2, n, row] = math.sqrt(speed)
            telemetry[3, n, row] = math.sqrt(memory)
            telemetry[4, n, row] = step


@compiled
def part(row, edges, number):
    return row[edges[number] : edges[number + 1]]


@compiled
def read(query, weights, starts, levels, gelu, units, y):
    """y [Dv] = M(q) (15)."""
    last = len(starts) - 2
    x = query
    for layer in range(last):
        z = part(units, levels, layer + 1)
        through(x, part(weights, starts, layer), z)
        activate(z, gelu, z)
        x = z
    through(x, part(weights, starts, last), y)


@compiled
def learn(key, value, weights, starts, levels, gelu, inputs, deltas):
    """The loss (12) and the squared surprise (8) of a token; fills inputs and deltas [U]."""
    last = len(starts) - 2
    part(inputs, levels, 0)[:] = key
    for layer in range(last + 1):
        x, z = part(inputs, levels, layer), part(deltas, levels, layer + 1)
        if layer:
            activate(part(deltas, levels, layer), gelu, x)
        through(x, part(weights, starts, layer), z)  # what the units receive, until deltas take its place
    d = part(deltas, levels, last + 1)
    for j in range(len(d)):
        d[j] = 2 * (d[j] - value[j])
    loss = dot(d, d) / 4
    surprise = 0.0
    for layer in range(last, -1, -1):
        x, d = part(inputs, levels, layer), part(deltas, levels, layer + 1)
        surprise += dot(x, x) * dot(d, d)
        if layer:
            carry_back(d, part(weights, starts, layer), gelu, part(deltas, levels, layer))
    return loss, surprise


@compiled
def through(x, weight, z):
    """z = x W."""
    z[:] = 0
    for i in range(len(x)):
        row = weight[i * len(z) : (i + 1) * len(z)]
        for j in range(len(z)):
            z[j] += x[i] * row[j]


@compiled
def carry_back(d, weight, gelu, z):
    """What units receive, z, becomes what the loss changes by it: (d Wᵀ) * activation'(z)."""
    for i in range(len(z)):
        z[i] = dot(d, weight[i * len(d) : (i + 1) * len(d)]) * derivative(z[i], gelu)


@compiled
def write(weight, speed, initial, to_initial, x, d, eta, theta, kept):
    """S <- eta S - theta xᵀ d (10), M <- I + kept (M - I) + S (13); the squared norms of both."""
    number = weight.dtype.type
    eta, theta, kept = number(eta), number(theta), number(kept)
    speeds, memories = number(0), number(0)
    for i in range(len(x)):
        row = slice(i * len(d), (i + 1) * len(d))
        w, s, origin, step = weight[row], speed[row], initial[row], theta * x[i]
        for j in range(len(d)):
            s[j] = eta * s[j] - step * d[j]
            speeds += s[j] * s[j]
        if to_initial:
            for j in range(len(d)):
                w[j] = origin[j] + kept * (w[j] - origin[j]) + s[j]
                memories += w[j] * w[j]
        else:
            for j in range(len(d)):
                w[j] = kept * w[j] + s[j]
                memories += w[j] * w[j]
    return speeds, memories


@compiled
def meet(key, rate, keys):
    """k K kᵀ of the keys K that the open block has met, to which this one is added (`kernels.bounded`)."""
    met = 0.0
    for i in range(len(key)):
        met += key[i] * dot(key, keys[i])
        for j in range(len(key)):
            keys[i, j] += rate * key[i] * key[j]
    return met


@compiled
def dot(a, b):
    total = a.dtype.type(0)
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@compiled
def activate(z, gelu, x):
    """x = activation(z), one array or two."""
    for i in range(len(z)):
        x[i] = z[i] * (normal(z[i]) if gelu else sigmoid(z[i]))


@compiled
def derivative(z, gelu):
    if gelu:
        return normal(z) + z * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    gate = sigmoid(z)
    return gate * (1 + z * (1 - gate))


@compiled
def sigmoid(z):
    return 1 / (1 + math.exp(-z))


@compiled
def normal(z):
    """The standard normal distribution up to z."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
