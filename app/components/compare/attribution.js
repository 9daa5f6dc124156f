/**
 * Which tokens wrote what is read now, as titans_core/attribution.py does it: token i gave
 * −(a · x_i) P[t, i] θ_i d_i to the read y = a · M, and this is split along y. Of a deep memory it is the last
 * matrix; what the earlier ones learned shows in a.
 */

/** One layer and head at token t: each token's component along what is read [t + 2], the last that of M₀ and S₀. */
export function attribute(reading, layer, head, t) {
  const { heads, reads, writes } = reading;
  const parts = new Float64Array(t + 2);
  if (!reads[layer].reading[t * heads + head]) {
    parts[t + 1] = reading.line("retrieval", { layer, head })[t]; // this head reads M₀, to which nobody wrote
    return parts;
  }
  const seen = reading.seen(t);
  const kept = shares(reading, layer, head, seen);
  const width = reads[layer].queries.length / (reading.length * heads);
  let x = reads[layer].queries.subarray((t * heads + head) * width, (t * heads + head + 1) * width);
  let read;
  writes[layer].forEach((matrix, number) => {
    const start = seen === 0 && reading.frozen.length ? reading.frozen[layer][number] : matrix.weights;
    read = through(matrix, start, x, kept, { head, heads, seen });
    x = read.y.map((z) => z / (1 + Math.exp(-z))); // SiLU, for the next matrix
  });
  return along(read, parts, { head, heads, seen });
}

/** How much of M, S and of each token's step, θ included, is in the weights after `seen` tokens. */
function shares(reading, layer, head, seen) {
  const [eta, theta, alpha] = ["eta", "theta", "alpha"].map((name) => reading.line(name, { layer, head }));
  const { writing } = reading.reads[layer];
  const steps = new Float64Array(seen);
  let [memory, momentum] = [1, 0]; // what M_i and S_i give to the weights
  for (let i = seen - 1; i >= 0; i--) {
    if (!writing[i * reading.heads + head]) continue; // M and S stay as they are
    const entering = memory + momentum;
    steps[i] = entering * theta[i];
    momentum = entering * eta[i];
    memory *= 1 - alpha[i];
  }
  return { memory, momentum, steps };
}

/** y = x · M, what M₀ and S₀ give of it, and by how much of its error each token gives the rest. */
function through(matrix, start, x, kept, { head, heads, seen }) {
  const { rows, columns, inputs, deltas, initial, momentum } = matrix;
  const known = new Float64Array(columns);
  for (let i = 0, at = head * rows * columns; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      const weight = initial[at] + kept.memory * (start[at] - initial[at]) + kept.momentum * momentum[at];
      known[j] += x[i] * weight;
    }
  }
  const y = known.slice();
  const given = new Float64Array(seen);
  for (let i = 0; i < seen; i++) {
    const [input, delta] = [(i * heads + head) * rows, (i * heads + head) * columns];
    let met = 0;
    for (let k = 0; k < rows; k++) met += x[k] * inputs[input + k];
    given[i] = -kept.steps[i] * met;
    for (let j = 0; j < columns; j++) y[j] += given[i] * deltas[delta + j];
  }
  return { y, known, given, deltas, columns };
}

/** Everything given, as its component along y; they sum to the norm of y. */
function along({ y, known, given, deltas, columns }, parts, { head, heads, seen }) {
  const norm = Math.max(Math.hypot(...y), 1e-30);
  const dot = (array, from) => {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += array[from + j] * y[j];
    return sum / norm;
  };
  for (let i = 0; i < seen; i++) parts[i] = given[i] * dot(deltas, (i * heads + head) * columns);
  parts[parts.length - 1] = dot(known, 0);
  return parts;
}

/** Summed over all layers and heads, or of the one in `place`. */
export function attributeAll(reading, place, t) {
  if (place) return attribute(reading, place.layer, place.head, t);
  const sum = new Float64Array(t + 2);
  for (let layer = 0; layer < reading.layers; layer++) {
    for (let head = 0; head < reading.heads; head++) {
      attribute(reading, layer, head, t).forEach((part, i) => (sum[i] += part));
    }
  }
  return sum;
}

/**
 * What a sum of parts is made of, as shares of it: the strongest tokens before t as [token, share], the other tokens
 * before t together, t itself, and what was there before the text.
 */
export function strongest(parts, t, count = 3) {
  const whole = parts.reduce((a, b) => a + b, 0) || 1;
  const sources = [];
  let others = 0;
  for (let i = 0; i < t; i++) {
    others += parts[i];
    if (parts[i] <= 0 || parts[i] <= (sources[count - 1]?.[1] ?? 0)) continue;
    sources.push([i, parts[i]]);
    sources.sort((a, b) => b[1] - a[1]).splice(count);
  }
  others -= sources.reduce((sum, [, part]) => sum + part, 0);
  return {
    sources: sources.map(([token, part]) => [token, part / whole]),
    others: others / whole,
    own: parts[t] / whole,
    before: parts[t + 1] / whole,
  };
}
