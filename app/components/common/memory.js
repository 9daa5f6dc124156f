/**
 * One head's memory matrix, rebuilt at any token from what was written:
 *
 *     S_t = η_t S_{t−1} − θ_t x_t ⊗ d_t          M_t = I + (1 − α_t)(M_{t−1} − I) + S_t
 *
 * A copy of M and S is kept every 64 tokens, so any token is at most 64 rank-one updates away.
 */

import { quantile } from "./format.js";

const KEYFRAME = 64;

export class Memory {
  constructor(trace, layer, head, matrix) {
    const factors = trace.writes[layer][matrix];
    const { rows, columns } = factors;
    const own = (array) => array.subarray(head * rows * columns, (head + 1) * rows * columns);
    this.rows = rows;
    this.columns = columns;
    this.inputs = (t) => (t * trace.heads + head) * rows;
    this.deltas = (t) => (t * trace.heads + head) * columns;
    this.factors = factors;
    this.initial = own(factors.initial);
    const place = { layer, head };
    this.gates = ["eta", "theta", "alpha"].map((name) => trace.line(name, place));
    this.length = trace.length;
    this.weights = own(factors.weights).slice();
    this.momentum = own(factors.momentum).slice();
    this.read = 0; // how many tokens weights and momentum have seen
    this.keyframes = [];
    this.keep();
    this.replay();
  }

  /** Read everything once, for the keyframes and the largest weight that a picture must show. */
  replay() {
    let scale = quantile(this.weights.map(Math.abs), 0.995);
    while (this.read < this.length) {
      this.step();
      if (this.read % KEYFRAME === 0 || this.read === this.length) {
        scale = Math.max(scale, quantile(this.weights.map(Math.abs), 0.995));
      }
    }
    this.scale = scale || 1;
  }

  keep() {
    if (this.read % KEYFRAME === 0 && !this.keyframes[this.read / KEYFRAME]) {
      this.keyframes[this.read / KEYFRAME] = [this.weights.slice(), this.momentum.slice()];
    }
  }

  /** The weights [rows, columns] after `count` tokens; valid until the next call. */
  after(count) {
    const nearest = Math.floor(count / KEYFRAME);
    if (count < this.read || nearest * KEYFRAME > this.read) {
      const [weights, momentum] = this.keyframes[nearest];
      this.weights.set(weights);
      this.momentum.set(momentum);
      this.read = nearest * KEYFRAME;
    }
    while (this.read < count) this.step();
    return this.weights;
  }

  step() {
    const t = this.read;
    const [eta, theta, kept] = [this.gates[0][t], this.gates[1][t], 1 - this.gates[2][t]];
    const { weights, momentum, initial, columns } = this;
    const { inputs, deltas } = this.factors;
    const [x, d] = [this.inputs(t), this.deltas(t)];
    for (let i = 0, at = 0; i < this.rows; i++) {
      const pull = theta * inputs[x + i];
      for (let j = 0; j < columns; j++, at++) {
        const s = eta * momentum[at] - pull * deltas[d + j];
        momentum[at] = s;
        weights[at] = initial[at] + kept * (weights[at] - initial[at]) + s;
      }
    }
    this.read = t + 1;
    this.keep();
  }
}
