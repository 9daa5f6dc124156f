/** Where in the text one looks, and how that moves. Everything on the page follows this one value. */

export class Playhead {
  constructor(length, moved) {
    this.length = length;
    this.moved = moved; // called before a frame is painted, at most once a frame
    this.position = length - 1;
    this.hovered = null;
    this.locked = false;
    this.playing = false;
    this.speed = matchMedia("(prefers-reduced-motion: reduce)").matches ? 4 : 12; // tokens per second
    this.frame = 0;
    this.wanted = null; // a token that a link asked for
  }

  /** The token to show: the one under the pointer, unless one is locked or the text is being played. */
  get shown() {
    return this.hovered === null || this.locked || this.playing ? this.position : this.hovered;
  }

  get atEnd() {
    return this.position >= this.length - 1;
  }

  seek(position) {
    this.wanted = null;
    this.position = Math.max(0, Math.min(this.length - 1, Math.round(position)));
    this.request();
  }

  step(by) {
    this.pause();
    this.seek(this.position + by);
  }

  hover(position) {
    if (position === this.hovered) return;
    this.hovered = position;
    this.request();
  }

  /** Stay at a token whatever the pointer does; a second time frees it. */
  lock(position) {
    this.pause();
    this.locked = !(this.locked && this.position === position);
    this.hovered = null;
    this.seek(position);
  }

  unlock() {
    this.locked = false;
    this.request();
  }

  play() {
    if (this.length < 2) return;
    this.locked = false;
    this.hovered = null;
    if (this.atEnd) this.position = 0;
    this.playing = true;
    this.clock = null;
    this.request();
  }

  pause() {
    this.playing = false;
    this.request();
  }

  toggle() {
    this.playing ? this.pause() : this.play();
  }

  /** The text has grown, or is another one. */
  resize(length, position) {
    this.length = length;
    this.playing = this.locked = false;
    this.hovered = null;
    this.seek(position);
  }

  /** More of the same text was read: one stays where one looks, and at the end where one was there. */
  grow(length) {
    if (this.atEnd && !this.playing && !this.locked) this.position = length - 1;
    this.length = length;
    this.arrive(this.wanted);
  }

  /** Stand at the token that a link asked for, as soon as so much is read. */
  arrive(token) {
    this.wanted = token;
    if (token !== null) this.position = Math.min(token, this.length - 1);
    this.request();
  }

  /** Stand where the teacher of a class stands (see classroom/guide.js). */
  follow(token) {
    this.playing = this.locked = false;
    this.hovered = null;
    this.arrive(token);
  }

  request() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.paint(now));
  }

  paint(now) {
    this.frame = 0;
    if (this.playing) this.advance(now);
    this.moved();
    (globalThis.titansLabPlayheads ??= new Set()).add(this); // the script of the class may come later
    dispatchEvent(new CustomEvent("titans-lab-playhead", { detail: this }));
  }

  advance(now) {
    this.clock ??= { since: now, from: this.position, speed: this.speed };
    if (this.clock.speed !== this.speed) this.clock = { since: now, from: this.position, speed: this.speed };
    const due = this.clock.from + Math.floor(((now - this.clock.since) / 1000) * this.speed);
    this.position = Math.min(this.length - 1, due);
    if (this.atEnd) this.playing = false;
    else this.request();
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.playing = false;
    this.gone = true;
    globalThis.titansLabPlayheads?.delete(this);
  }
}
