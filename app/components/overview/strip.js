/** The strip: a quantity's envelope over the whole text, with its peaks, pointed at, clicked and dragged over. */

import { draw, sizeOf } from "../common/curve.js";

const DRAG = 5; // pixels that a hand may tremble
const DOT = 3; // pixels of a peak's radius

export class Strip {
  constructor(element, frame, under) {
    this.element = element;
    this.frame = frame;
    this.under = under; // called with the token pointed at, or null, and whether more is dragged over than is shown
    this.canvas = element.querySelector("canvas");
    this.shown = element.querySelector(".window");
    this.drawn = element.querySelector(".drawn");
    this.listen();
  }

  /** A click shows the stretch around it; a drag, the stretch that it goes over. */
  listen() {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      this.from = event.clientX;
    });
    element.addEventListener("pointermove", (event) => {
      const cut = this.from !== undefined && this.mark(event.clientX);
      this.under(this.tokenAt(event.clientX), cut);
    });
    element.addEventListener("pointerup", (event) => {
      if (this.from === undefined) return;
      const [from, to] = [this.from, event.clientX].map((x) => this.tokenAt(x)).sort((a, b) => a - b);
      const dragged = Math.abs(event.clientX - this.from) >= DRAG;
      this.release();
      if (dragged) this.frame.show(from, to);
      else this.frame.around(from);
    });
    element.addEventListener("pointercancel", () => this.release());
    element.addEventListener("pointerleave", () => this.under(null));
  }

  /** Mark what is dragged over, as far as it can be shown; whether that is not all of it. */
  mark(x) {
    this.drawn.hidden = Math.abs(x - this.from) < DRAG;
    const [from, to] = [this.from, x].map((side) => this.tokenAt(side)).sort((a, b) => a - b);
    this.lay(this.drawn, from, Math.min(to, from + this.frame.most));
    return to - from > this.frame.most;
  }

  release() {
    this.from = undefined;
    this.drawn.hidden = true;
  }

  /** The token under a place on the screen, within what is read. */
  tokenAt(x) {
    const { left, width } = this.canvas.getBoundingClientRect();
    const token = Math.floor(((x - left) / width) * this.whole);
    return Math.max(0, Math.min(this.read - 1, token));
  }

  /** Draw an envelope, { low, mean, high, peaks }, over buckets with these edges. */
  paint(edges, { low, mean, high, peaks }, { read, whole }) {
    Object.assign(this, { edges, read, whole });
    const { width, height } = sizeOf(this.canvas);
    const color = getComputedStyle(this.canvas).getPropertyValue("--color");
    const top = high.reduce((a, b) => Math.max(a, b), 0) || 1;
    const y = (value) => height - 1 - (Math.max(0, value) / top) * (height - 2 * DOT - 3);
    const columns = columnsOf(edges, Math.max(1, Math.floor((width * read) / whole)));
    const x = (column) => ((column + 0.5) / columns.length) * ((width * read) / whole);
    const along = (values, choose) => columns.map(([from, to], i) => [x(i), y(values.subarray(from, to).reduce(choose))]);
    const highs = along(high, (a, b) => Math.max(a, b));
    const lows = along(low, (a, b) => Math.min(a, b));
    const means = columns.map(([from, to], i) => [x(i), y(meanOf(mean, edges, from, to))]);
    const band = `${path(highs)}L${path(lows.reverse()).slice(1)}Z`;
    const dots = peaks.map(({ token, value }) => dot(((token + 0.5) / whole) * width, y(value)));
    draw(this.canvas, [
      { d: band, fill: color, opacity: 0.28 },
      { d: path(means), stroke: color },
      { d: dots.join(""), fill: color },
    ]);
    this.render();
  }

  /** The window where it is. */
  render() {
    if (this.whole) this.lay(this.shown, this.frame.start, this.frame.end);
  }

  lay(element, from, to) {
    const share = (token) => `${(100 * token) / this.whole}%`;
    element.style.left = share(from);
    element.style.width = share(to - from);
  }

  /** The bucket that holds a token. */
  bucketAt(token) {
    return Math.min(this.edges.length - 2, Math.floor(token / (this.edges[1] - this.edges[0])));
  }
}

/** Which buckets each column of pixels shows, [from, to); where buckets are fewer, each is one column. */
function columnsOf(edges, width) {
  const buckets = edges.length - 1;
  const count = Math.min(buckets, width);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * buckets) / count);
    return [from, Math.max(from + 1, Math.floor(((i + 1) * buckets) / count))];
  });
}

/** The mean over some buckets; the last may be shorter than the others. */
function meanOf(mean, edges, from, to) {
  let sum = 0;
  for (let i = from; i < to; i++) sum += mean[i] * (edges[i + 1] - edges[i]);
  return sum / (edges[to] - edges[from]);
}

function path(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join("L")}`;
}

function dot(x, y) {
  return `M${(x - DOT).toFixed(2)},${y.toFixed(2)}a${DOT},${DOT} 0 1 0 ${2 * DOT},0a${DOT},${DOT} 0 1 0 ${-2 * DOT},0Z`;
}
