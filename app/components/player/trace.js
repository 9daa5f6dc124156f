/** The binary message (see app/payload.py) as a trace: token strings, one array a quantity, and the memory's writes. */

export class Trace {
  constructor(bytes) {
    const aligned = bytes.slice(); // a view of its own, so that floats start where floats may
    const length = new DataView(aligned.buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(aligned.subarray(4, 4 + length)));
    this.buffer = aligned.buffer;
    this.body = 4 + length;
    this.key = header.key;
    this.tokens = header.tokens;
    this.length = header.tokens.length;
    this.layers = header.layers;
    this.heads = header.heads;
    this.columns = new Map(Object.entries(header.series).map(([name, at]) => [name, this.array(at)]));
    this.writes = header.writes.map((layer) => layer.map((matrix) => this.matrix(matrix)));
    this.lines = new Map();
  }

  array({ offset, shape }) {
    const size = shape.reduce((a, b) => a * b, 1);
    return new Float32Array(this.buffer, this.body + 4 * offset, size);
  }

  /** One memory matrix's factors; sizes: inputs [tokens, heads, rows], deltas [tokens, heads, columns]. */
  matrix(places) {
    const [, rows, columns] = places.weights.shape;
    const arrays = Object.entries(places).map(([name, at]) => [name, this.array(at)]);
    return { rows, columns, ...Object.fromEntries(arrays) };
  }

  get hasMemory() {
    return this.writes.length > 0;
  }

  has(name) {
    return this.columns.has(name);
  }

  /** One value a token: of the layer and head in `place`, or (null) the mean over all of them. */
  line(name, place) {
    const key = place && name !== "nll" ? `${name} ${place.layer} ${place.head}` : name;
    if (!this.lines.has(key)) this.lines.set(key, this.reduce(name, place));
    return this.lines.get(key);
  }

  reduce(name, place) {
    const column = this.columns.get(name);
    if (name === "nll") return column;
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
