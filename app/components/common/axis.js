/** What lies along the text, one canvas under another as wide as the whole text: pointing at it points at a token. */

export class Axis {
  constructor(element, playhead) {
    this.element = element;
    this.playhead = playhead;
    this.lines = element.querySelectorAll(".line:not(.ghost)");
    this.ghosts = element.querySelectorAll(".ghost");
    this.listen();
  }

  /** Press and drag seek, hovering shows; both over the scrub bar and over every curve. */
  listen() {
    const { element, playhead } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.target.closest("canvas")) return;
      element.setPointerCapture(event.pointerId);
      this.dragging = true;
      playhead.pause();
      playhead.unlock();
      playhead.hover(null);
      playhead.seek(this.tokenAt(event));
    });
    element.addEventListener("pointermove", (event) => {
      if (this.dragging) playhead.seek(this.tokenAt(event));
      else if (event.pointerType !== "touch") playhead.hover(event.target.closest("canvas") ? this.tokenAt(event) : null);
    });
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (this.dragging = false));
    element.addEventListener("pointerleave", () => playhead.hover(null));
  }

  tokenAt(event) {
    const { left, width } = this.element.querySelector("canvas").getBoundingClientRect();
    const token = Math.floor(((event.clientX - left) / width) * this.playhead.length);
    return Math.max(0, Math.min(this.playhead.length - 1, token));
  }

  /** The width of the text is measured when it is drawn, not in every frame. */
  measure() {
    this.width = this.element.querySelector("canvas").clientWidth;
  }

  /** The line at the playhead, and a fainter one at the token shown, where that is another. */
  render() {
    const { position, shown, length } = this.playhead;
    const place = (token) => `translateX(${((token + 0.5) / length) * this.width}px)`;
    for (const line of this.lines) line.style.transform = place(position);
    for (const ghost of this.ghosts) {
      ghost.style.transform = place(shown);
      ghost.hidden = shown === position;
    }
  }
}
