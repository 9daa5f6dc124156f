/** Arcs over the text, from where one looks to the tokens that wrote what is read there. */

const SPACE = "http://www.w3.org/2000/svg";

export class Arcs {
  constructor(text, count) {
    this.text = text;
    this.svg = document.createElementNS(SPACE, "svg");
    this.svg.setAttribute("class", "arcs");
    this.svg.setAttribute("aria-hidden", "true");
    this.paths = Array.from({ length: count }, () => this.svg.appendChild(document.createElementNS(SPACE, "path")));
    this.marked = [];
    this.places = new Map();
  }

  /** The text was laid out anew: nothing stands where it stood. */
  forget() {
    this.text.element.append(this.svg);
    this.places.clear();
  }

  /** Arcs to the tokens of [token, share], from the element `from`; wider where the share is larger. */
  draw(from, sources) {
    const ends = sources.map(([token]) => this.text.spanOf(token));
    const paths = ends.map((end) => end && from && arc(this.placeOf(end), this.placeOf(from)));
    this.paths.forEach((path, i) => {
      path.setAttribute("d", paths[i] ?? "");
      const share = Math.min(1, sources[i]?.[1] ?? 0);
      path.style.strokeWidth = `${(1 + 4 * share).toFixed(2)}px`;
      path.style.opacity = (0.4 + 0.6 * share).toFixed(2);
    });
    for (const span of this.marked) if (!ends.includes(span)) span?.classList.remove("source");
    for (const span of ends) span?.classList.add("source");
    this.marked = ends;
  }

  /** Middle, top and bottom of an element within the text; measured once. */
  placeOf(element) {
    if (!this.places.has(element)) {
      const origin = this.svg.getBoundingClientRect();
      const { left, width, top, bottom } = element.getClientRects()[0] ?? element.getBoundingClientRect();
      this.places.set(element, { x: left + width / 2 - origin.left, top: top - origin.top, bottom: bottom - origin.top });
    }
    return this.places.get(element);
  }
}

/** From below the source to above the reader, or under the line that both stand in. */
function arc(source, reader) {
  const sameLine = Math.abs(source.top - reader.top) < 4;
  const [y, end] = [source.bottom, sameLine ? reader.bottom : reader.top];
  const bend = sameLine ? 14 : Math.max(12, Math.min(44, (end - y) / 2));
  return `M${source.x},${y} C${source.x},${y + bend} ${reader.x},${sameLine ? end + bend : end - bend} ${reader.x},${end}`;
}
