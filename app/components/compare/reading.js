/** One model's reading: its trace, and what its memory was asked and handed over, and what was expected next. */

import { Trace } from "../common/trace.js";

export class Reading extends Trace {
  constructor(entry, header, array) {
    super(entry, header.tokens, array);
    this.vocabulary = header.vocabulary;
    for (const name of ["name", "title", "about", "variant", "window", "persistent", "readsAfter"]) this[name] = entry[name];
    this.guesses = this.places(entry.guesses);
    this.without = this.places(entry.without);
    if (this.hasMemory) this.columns.set("worth", difference(this.columns.get("nll_without"), this.columns.get("nll")));
    this.reads = entry.reads.map(({ queries, writing, reading, lens }) => ({
      queries: array(queries),
      writing: array(writing),
      reading: array(reading),
      lens: this.places(lens),
    }));
    this.frozen = entry.frozen.map((layer) => layer.map(array));
  }

  places({ ids, probabilities }) {
    return { each: ids.shape[1], ids: this.array(ids), probabilities: this.array(probabilities) };
  }

  /** The likeliest tokens of `guesses` after token t: [string, probability] each, the likeliest first. */
  likeliest({ each, ids, probabilities }, t) {
    return Array.from({ length: each }, (_, i) => [this.vocabulary[ids[t * each + i]], probabilities[t * each + i]]);
  }

  /** A layer and head that this model has, as near as may be to the one asked for. */
  placeOf({ layer, head }) {
    return { layer: Math.min(layer, this.layers - 1), head: Math.min(head, this.heads - 1) };
  }

  /** How many tokens are in the weights that token t reads; in MAC these are the weights of its segment's start. */
  seen(t) {
    if (this.variant !== "mac") return this.readsAfter ? t + 1 : t;
    return Math.max(0, t - this.filled(t) + 1);
  }

  /** How many tokens MAC's segment holds at token t, itself included; the begin token stands in the first. */
  filled(t) {
    return ((t + 1) % this.window) + 1;
  }
}

/** By how many nats the memory raised each token's log p. */
function difference(without, having) {
  return without.map((x, t) => x - having[t]);
}
