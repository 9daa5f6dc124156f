/** The text: every token a shaded span. User text enters the page here, and only as text. */

import { quantile } from "./format.js";

const BLOCK = 64; // tokens that a block holds at least

export class Text {
  constructor(element, playhead) {
    this.element = element;
    this.playhead = playhead;
    this.spans = [];
    this.read = 0; // tokens marked as read
    this.now = null;
    element.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") playhead.hover(this.tokenAt(event));
    });
    element.addEventListener("pointerleave", () => playhead.hover(null));
    element.addEventListener("click", (event) => {
      const token = this.tokenAt(event);
      if (token !== null) playhead.lock(token);
    });
  }

  tokenAt(event) {
    const span = event.target.closest("[data-token]");
    return span && Number(span.dataset.token);
  }

  /**
   * Show these tokens in blocks of whole lines, so that a change repaints no other block; many short lines share
   * one, for a thousand blocks would be slow. The space before a word stays outside its span, so that shades stand
   * apart.
   */
  show(tokens) {
    const blocks = [];
    let begin = 0; // of the last block
    this.spans = tokens.map((token, index) => {
      if (token === "") return null;
      if (!blocks.length || (index - begin >= BLOCK && this.endsLine(tokens, index - 1))) {
        blocks.push(document.createElement("div"));
        begin = index;
      }
      const spaced = token.length > 1 && token[0] === " " && token.trim() !== "";
      if (spaced) blocks.at(-1).append(" ");
      const span = document.createElement("span");
      span.textContent = spaced ? token.slice(1) : token;
      span.dataset.token = index;
      if (token.includes("\n")) span.className = "break";
      blocks.at(-1).append(span);
      return span;
    });
    this.element.replaceChildren(...blocks);
    this.read = this.inView = tokens.length; // a text opens with its beginning in view
    this.now = null;
    this.element.scrollTop = 0;
  }

  /** Whether a token, or the last before it that has text, ends in a line break. */
  endsLine(tokens, index) {
    while (index > 0 && tokens[index] === "") index--;
    return tokens[index].endsWith("\n");
  }

  /**
   * Shade each token by its value: full at the text's 99th percentile, none at its first. From zero on, most of
   * a text would look alike: nothing is ever without surprise. Returns the two values.
   */
  shade(values) {
    const [low, high] = [quantile(values, 0.01), quantile(values, 0.99)];
    const share = (value) => (high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 1);
    this.spans.forEach((span, t) => {
      span?.style.setProperty("--share", Number.isFinite(values[t]) ? share(values[t]).toFixed(3) : "0");
    });
    return [low, high];
  }

  /**
   * Shade each token by a difference: one colour where it is above zero, another where it is below, full at the
   * text's 99th percentile, which is returned, or at `least` where the text differs by less.
   */
  contrast(values, least) {
    const top = Math.max(least, quantile(values.map(Math.abs), 0.99));
    this.spans.forEach((span, t) => {
      span?.style.setProperty("--share", Math.min(1, Math.abs(values[t]) / top).toFixed(3));
      span?.style.setProperty("--shade", `var(--${values[t] < 0 ? "negative" : "positive"})`);
    });
    return top;
  }

  /** Mark the token shown, and fade what the playhead has not reached; only what changed is touched. */
  render() {
    const reached = this.playhead.position + 1;
    for (let t = Math.min(reached, this.read); t < Math.max(reached, this.read); t++) {
      this.spans[t]?.classList.toggle("ahead", t >= reached);
    }
    this.read = reached;
    const span = this.spanOf(this.playhead.shown);
    if (span !== this.now) {
      this.now?.classList.remove("now", "locked");
      span?.classList.add("now");
      this.now = span;
    }
    span?.classList.toggle("locked", this.playhead.locked);
    if (span && reached !== this.inView && this.playhead.shown === this.playhead.position) this.keepInView(span);
    this.inView = reached;
  }

  /** The span of a token; one without text of its own is shown at the token that completes it. */
  spanOf(token) {
    while (token < this.spans.length - 1 && !this.spans[token]) token++;
    return this.spans[token];
  }

  /** Measured on the page: within its block, a token would tell only where it stands in that. */
  keepInView(span) {
    const view = this.element.getBoundingClientRect();
    const { top, bottom } = span.getBoundingClientRect();
    if (top < view.top || bottom > view.bottom) this.element.scrollTop += top - view.top - view.height / 3;
  }
}
