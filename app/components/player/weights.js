/** The memory's weights at the playhead: one head large, every head small; choosing a small one makes it the large. */

import { number } from "../common/format.js";
import { Memory } from "../common/memory.js";
import { paint, palette } from "../common/picture.js";

const BUDGET = 5; // milliseconds a frame for the small pictures; the others wait for the next frame

export class Weights {
  constructor(element, playhead, choose) {
    this.element = element;
    this.playhead = playhead;
    this.choose = choose;
    this.large = element.querySelector(".large");
    this.legend = element.querySelector(".legend");
    this.extremes = element.querySelector(".extremes");
    this.heads = element.querySelector(".heads");
    this.matrices = element.querySelector(".matrices");
    this.heads.addEventListener("keydown", (event) => this.walk(event));
    this.matrices.addEventListener("change", () => choose({ matrix: Number(this.matrices.value) }));
  }

  show(trace) {
    this.trace = trace;
    this.memories = new Map();
    this.small = [];
    this.turns = 0;
    const grid = document.createDocumentFragment();
    for (let layer = 0; layer < trace.layers; layer++) {
      grid.append(Object.assign(document.createElement("span"), { textContent: `layer ${layer + 1}` }));
      for (let head = 0; head < trace.heads; head++) grid.append(this.thumbnail(layer, head));
    }
    this.heads.style.setProperty("--heads", trace.heads);
    this.heads.replaceChildren(grid);
    const count = trace.hasMemory ? trace.writes[0].length : 0;
    this.matrices.replaceChildren(
      ...Array.from({ length: count }, (_, m) => new Option(`W${String.fromCharCode(0x2081 + m)}`, m)),
    );
    this.matrices.hidden = count < 2;
  }

  thumbnail(layer, head) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", "radio");
    button.setAttribute("aria-label", `layer ${layer + 1}, head ${head + 1}`);
    button.title = `layer ${layer + 1}, head ${head + 1}`;
    const canvas = document.createElement("canvas");
    button.append(canvas);
    button.addEventListener("click", () => this.choose({ layer, head }));
    this.small.push({ layer, head, button, canvas, painted: null, turn: 0 });
    return button;
  }

  /** Arrow keys walk through the heads, as in any group of radio buttons. */
  walk(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.trace.heads, ArrowDown: this.trace.heads };
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    const chosen = this.small.findIndex(({ button }) => button.getAttribute("aria-checked") === "true");
    const next = this.small[chosen + steps[event.key]];
    if (!next) return;
    this.choose({ layer: next.layer, head: next.head });
    next.button.focus();
  }

  memory(layer, head, matrix = this.place.matrix) {
    const key = `${layer} ${head} ${matrix}`;
    if (!this.memories.has(key)) this.memories.set(key, new Memory(this.trace, layer, head, matrix));
    return this.memories.get(key);
  }

  /** Which layer, head and matrix is large. */
  select(place) {
    this.place = place;
    for (const { layer, head, button } of this.small) {
      const chosen = layer === place.layer && head === place.head;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    this.palette = palette(this.element);
    for (const small of this.small) small.painted = null;
    this.render();
  }

  render() {
    if (!this.trace.hasMemory) return;
    const { layer, head } = this.place;
    const memory = this.memory(layer, head);
    const weights = memory.after(this.playhead.shown + 1);
    paint(this.large, weights, memory, this.palette);
    const extremes = [Math.min(...weights), Math.max(...weights)];
    const [least, most] = extremes.map(number);
    this.legend.querySelector(".low").textContent = `≤ −${number(memory.scale)}`;
    this.legend.querySelector(".high").textContent = `≥ ${number(memory.scale)}`;
    this.extremes.textContent = `At this token they lie between ${least} and ${most}.`;
    this.large.setAttribute(
      "aria-label",
      `Weights of layer ${layer + 1}, head ${head + 1} after token ${this.playhead.shown + 1}: ` +
        `${memory.rows} by ${memory.columns}, between ${least} and ${most}, norm ${number(Math.hypot(...weights))}`,
    );
    this.renderSmall();
  }

  /** The small pictures share a frame's time; those left over are painted in the next one. */
  renderSmall() {
    cancelAnimationFrame(this.pending);
    const until = performance.now() + BUDGET;
    const { shown } = this.playhead;
    const due = this.small.filter(({ painted }) => painted !== shown).sort((a, b) => a.turn - b.turn);
    for (const small of due) {
      if (performance.now() > until) {
        this.pending = requestAnimationFrame(() => this.renderSmall());
        return;
      }
      const memory = this.memory(small.layer, small.head);
      paint(small.canvas, memory.after(shown + 1), memory, this.palette);
      small.painted = shown;
      small.turn = ++this.turns; // those that waited longest come first
    }
  }

  stop() {
    cancelAnimationFrame(this.pending);
  }
}
