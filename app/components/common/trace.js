/** The binary message (see app/payload.py): its header, and traces with one array a quantity and the memory's writes. */

/** A message's header, and a function from a place named in it to its array. */
export function decode(bytes) {
  const aligned = bytes.slice(); // a view of its own, so that floats start where floats may
  const length = new DataView(aligned.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(aligned.subarray(4, 4 + length)));
  const array = ({ offset, shape }) => {
    return new Float32Array(aligned.buffer, 4 + length + 4 * offset, shape.reduce((a, b) => a * b, 1));
  };
  return { header, array };
}

export class Trace {
  /** `entry` is the part of a header that tells of this trace. */
  constructor(entry, tokens, array) {
    this.array = array;
    this.key = entry.key;
    this.tokens = tokens;
    this.length = tokens.length;
    this.start = entry.start ?? 0; // of a stretch, in its whole text
    this.whole = entry.whole ?? tokens.length;
    this.layers = entry.layers;
    this.heads = entry.heads;
    this.columns = new Map(Object.entries(entry.series).map(([name, at]) => [name, array(at)]));
    this.writes = entry.writes.map((layer) => layer.map((matrix) => this.matrix(matrix)));
    this.lines = new Map();
  }

  /** One memory matrix's factors; sizes: inputs [tokens, heads, rows], deltas [tokens, heads, columns]. */
  matrix(places) {
    const [, rows, columns] = places.weights.shape;
    const arrays = Object.entries(places).map(([name, at]) => [name, this.array(at)]);
    return { rows, columns, ...Object.fromEntries(arrays) };
  }

  /** Whether this is a later stage of the same reading. */
  continues(other) {
    return other?.key.split("/")[0] === this.key.split("/")[0];
  }

  get hasMemory() {
    return this.writes.length > 0;
  }

  has(name) {
    return this.columns.has(name);
  }

  /** One value a token: of the layer and head in `place`, or (null) the mean over all of them. */
  line(name, place) {
    const key = place ? `${name} ${place.layer} ${place.head}` : name;
    if (!this.lines.has(key)) this.lines.set(key, this.reduce(name, place));
    return this.lines.get(key);
  }

  reduce(name, place) {
    const column = this.columns.get(name);
    if (column.length === this.length) return column; // one value a token
    const each = this.layers * this.heads;
    const line = new Float32Array(this.length);
    for (let t = 0; t < this.length; t++) {
      if (place) {
        line[t] = column[t * each + place.layer * this.heads + place.head];
      } else {
        let sum = 0;
        for (let i = 0; i < each; i++) sum += column[t * each + i];
        line[t] = sum / each;
      }
    }
    return line;
  }
}
