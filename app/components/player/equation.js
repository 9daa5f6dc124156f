/** Equations 13 and 14 with the numbers of the token shown, for the layer and head whose weights are large. */

import { number } from "../common/format.js";

export class Equation {
  constructor(element, playhead) {
    this.element = element;
    this.playhead = playhead;
    this.cells = new Map([...element.querySelectorAll("[data-number]")].map((cell) => [cell.dataset.number, cell]));
  }

  show(trace) {
    this.trace = trace;
    this.element.querySelector(".equation").hidden = !trace.hasMemory;
    const toStart = trace.writes.some((layer) => layer.some(({ initial }) => initial.some((x) => x !== 0)));
    this.element.classList.toggle("to-start", toStart);
  }

  select(place) {
    this.place = place;
    this.render();
  }

  render() {
    if (!this.trace.hasMemory) return;
    const t = this.playhead.shown;
    const at = (name, token = t) => this.trace.line(name, this.place)[token];
    this.put("memory", at("memory_norm"));
    this.cells.get("kept").textContent = (1 - at("alpha")).toFixed(at("alpha") < 0.01 ? 4 : 3);
    this.put("before", t > 0 ? at("memory_norm", t - 1) : this.startNorm("weights"));
    this.put("eta", at("eta"));
    this.put("momentum", t > 0 ? at("momentum", t - 1) : this.startNorm("momentum"));
    this.put("theta", at("theta"));
    this.put("surprise", at("surprise"));
    this.put("write", at("write"));
  }

  put(name, value) {
    this.cells.get(name).textContent = number(value);
  }

  /** The norm, over all matrices, of what the head's memory or momentum was before the first token. */
  startNorm(name) {
    const { layer, head } = this.place;
    const squares = this.trace.writes[layer].map((matrix) => {
      const size = matrix.rows * matrix.columns;
      return matrix[name].subarray(head * size, (head + 1) * size).reduce((sum, x) => sum + x * x, 0);
    });
    return Math.sqrt(squares.reduce((a, b) => a + b, 0));
  }
}
