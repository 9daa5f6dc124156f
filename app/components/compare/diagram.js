/** A variant's block diagram: what flows where at this token, paths as wide as their quantity is large. */

import { number, quantile } from "../common/format.js";

export class Diagram {
  constructor(element, template, reading) {
    element.replaceChildren(template.content.cloneNode(true));
    this.reading = reading;
    this.flows = [...element.querySelectorAll("[data-flow]")];
    this.numbers = [...element.querySelectorAll("[data-number]")];
    for (const text of element.querySelectorAll("[data-fixed]")) text.textContent = reading[text.dataset.fixed];
  }

  /** `lineOf(name)` gives a quantity's values; a path is at its widest at the text's 99th percentile. */
  select(lineOf) {
    this.lineOf = lineOf;
    this.full = new Map();
    for (const { dataset } of this.flows) {
      this.full.set(dataset.flow, dataset.flow === "gate" ? 1 : quantile(lineOf(dataset.flow), 0.99) || 1);
    }
  }

  render(t) {
    for (const path of this.flows) {
      const share = Math.min(1, this.lineOf(path.dataset.flow)[t] / this.full.get(path.dataset.flow)) || 0;
      path.style.strokeWidth = `${(1 + 5 * share).toFixed(2)}px`;
      path.style.opacity = (0.35 + 0.65 * share).toFixed(2);
    }
    for (const text of this.numbers) text.textContent = this.value(text.dataset.number, t);
  }

  value(name, t) {
    const { reading } = this;
    if (name === "segment") return reading.filled(t);
    if (name === "inWindow") return Math.min(t + 2, reading.window); // the begin token stands before the first
    return number(this.lineOf(name)[t]);
  }
}
