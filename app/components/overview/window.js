/** Which stretch of a long text is shown: moved, made longer and shorter, always within what is read. */

const REST = 350; // milliseconds for which a stretch must rest before it is read

export class Window {
  /** `moved()` is called at every change, `rested(stretch)` once one stays. */
  constructor(moved, rested) {
    this.moved = moved;
    this.rested = rested;
    this.wanted = null; // what was asked for and has not come yet
    this.cut = false; // whether it ends before what was asked for
  }

  /** What the server shows, and the bounds: { read, step, most, stretch: [start, end] }. */
  take({ read, step, most, stretch: [start, end] }) {
    Object.assign(this, { read, step, most });
    if (this.wanted && (this.wanted.start !== start || this.wanted.end !== end)) return;
    this.wanted = null;
    this.cut &&= this.start === start && this.end === end;
    Object.assign(this, { start, end });
  }

  get length() {
    return this.end - this.start;
  }

  /** Its length in whole steps. */
  get size() {
    return Math.ceil(this.length / this.step) * this.step;
  }

  /** The last place up to `token` where a stream keeps its state: stretches begin and end there. */
  floor(token) {
    return Math.max(0, Math.floor((token + 1) / this.step) * this.step - 1);
  }

  /** Show these tokens: at once, or when the hand rests. */
  show(from, to, at = null, rest = 0) {
    const start = Math.min(this.floor(Math.max(0, Math.round(from))), this.floor(Math.max(0, this.read - 1)));
    const most = this.floor(start + this.most);
    const end = Math.min(this.floor(Math.max(start + 1, Math.round(to)) + this.step - 1), most, this.read);
    Object.assign(this, { start, end, wanted: { start, end }, cut: Math.round(to) > end });
    this.moved();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rested({ start, end, at }), rest);
  }

  /** As many tokens from `start` on, or those to the end where they would reach beyond it. */
  span(start, size, at = null, rest = 0) {
    const last = Math.max(0, this.floor(this.read - size + this.step - 1));
    const from = Math.min(this.floor(Math.max(0, start)), last);
    this.show(from, from === last ? this.read : from + size - (from === 0), at, rest);
  }

  /** The stretch of the present length around a token. */
  around(token, at = null) {
    this.span(token - this.size / 2, this.size, at);
  }

  /** So many tokens on. */
  shift(by) {
    this.span(this.start + by, this.size, null, REST);
  }

  /** Twice as long, or half, about its middle. */
  scale(factor) {
    const size = Math.max(this.step, Math.min(this.most, this.size * factor));
    this.span((this.start + this.end - size) / 2, size, null, REST);
  }

  get shortest() {
    return this.size <= this.step;
  }

  get longest() {
    return this.size >= this.most || this.length >= this.read;
  }

  stop() {
    clearTimeout(this.timer);
  }
}
