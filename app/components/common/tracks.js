/** The curves: drawn once, crossed by one line that moves. */

import { Axis } from "./axis.js";
import { curve, signed } from "./curve.js";
import { number, tokensOf } from "./format.js";

const WORTH = "By how many nats the memory raised this token’s log p, compared with the memory wiped one token before";

export const QUANTITIES = [
  { name: "surprise", label: "surprise", symbol: "‖∇ℓ‖" },
  { name: "write", label: "written", symbol: "θ‖∇ℓ‖" },
  { name: "momentum", label: "momentum", symbol: "‖S‖" },
  { name: "eta", label: "momentum decay", symbol: "η" },
  { name: "theta", label: "learning rate", symbol: "θ" },
  { name: "alpha", label: "forgetting", symbol: "α" },
  { name: "retrieval", label: "handed over", symbol: "‖M(q)‖" },
  { name: "nll", label: "unexpected", symbol: "−log p" },
  { name: "worth", label: "memory’s worth", symbol: "Δ", about: WORTH, signed: true },
];

export class Tracks extends Axis {
  rows = [];

  /** A row for every quantity that this trace has. */
  show(trace) {
    this.rows = QUANTITIES.filter(({ name }) => trace.has(name)).map((quantity) => {
      const row = document.createElement("div");
      row.className = "row";
      row.style.setProperty("--color", `var(--${quantity.name})`);
      row.style.setProperty("--text", `var(--${quantity.name}-text)`);
      const label = document.createElement("span");
      label.className = "label";
      label.title = quantity.about ?? "";
      label.append(quantity.label, " ", Object.assign(document.createElement("i"), { textContent: quantity.symbol }));
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      const value = Object.assign(document.createElement("output"), { className: "value" });
      value.dataset.quantity = quantity.name;
      const most = Object.assign(document.createElement("span"), { className: "most" });
      row.append(label, canvas, value, most);
      return { ...quantity, row, canvas, value, most };
    });
    this.element.querySelector(".rows").replaceChildren(...this.rows.map(({ row }) => row));
  }

  /** Draw all curves: `lineOf(name)` gives a quantity's values. */
  draw(lineOf) {
    this.lineOf = lineOf;
    this.measure();
    for (const row of this.rows) {
      const values = lineOf(row.name);
      const top = row.signed ? signed(row.canvas, values) : curve(row.canvas, values, 0);
      const least = row.signed ? number(-top) : 0;
      row.canvas.setAttribute("aria-label", `${row.label}, from ${least} to ${number(top)} over ${tokensOf(values.length)}`);
      row.most.textContent = `≤ ${number(top)}`;
    }
    this.render();
  }

  render() {
    super.render();
    for (const { name, value } of this.rows) value.textContent = number(this.lineOf(name)[this.playhead.shown]);
  }
}
