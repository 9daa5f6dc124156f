/** Curves in pairs: as it was, pale, and as it is with the edits; under some of them, how much they differ. */

import { Axis } from "../common/axis.js";
import { draw, line, pointsOf, signed, sizeOf } from "../common/curve.js";
import { number, tokensOf } from "../common/format.js";
import { QUANTITIES } from "../common/tracks.js";

const DIFFERENCES = ["surprise", "nll"];
const PALE = 0.75; // of grey: 3 to 1 on the page, in the light and in the dark

export class Pairs extends Axis {
  /** A row for every quantity, and one for the difference of those whose difference tells something. */
  show(trace) {
    this.rows = QUANTITIES.filter(({ name }) => trace.has(name)).flatMap((quantity) => {
      const rows = [this.row(quantity, quantity.label, quantity.symbol, ["original", "edited"])];
      if (DIFFERENCES.includes(quantity.name)) rows.push(this.row(quantity, "its change", `Δ ${quantity.symbol}`, ["change"]));
      return rows;
    });
    this.element.querySelector(".rows").replaceChildren(...this.rows.map(({ row }) => row));
  }

  row({ name }, label, symbol, sides) {
    const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
    const row = make("div", { className: `row ${sides.length > 1 ? "" : "difference"}` });
    row.style.setProperty("--color", `var(--${name})`);
    row.style.setProperty("--text", `var(--${name}-text)`);
    const title = make("span", { className: "label" });
    title.append(label, " ", make("i", { textContent: symbol }));
    const canvas = make("canvas");
    canvas.setAttribute("role", "img");
    const values = sides.map((side) => {
      const value = make("output", { className: "value" });
      Object.assign(value.dataset, { quantity: name, side });
      return value;
    });
    row.append(title, canvas, ...values);
    return { name, label, row, canvas, values };
  }

  /** `original`, `edited` and `change` give a quantity's values. */
  draw(sides) {
    this.sides = sides;
    this.measure();
    for (const { name, label, canvas, values } of this.rows) {
      const top = values.length > 1 ? pair(canvas, sides.original(name), sides.edited(name)) : signed(canvas, sides.change(name));
      const range = values.length > 1 ? `from 0 to ${number(top)}` : `from ${number(-top)} to ${number(top)}`;
      canvas.setAttribute("aria-label", `${label}, ${name}, ${range} over ${tokensOf(this.playhead.length)}`);
    }
    this.render();
  }

  render() {
    super.render();
    const { shown } = this.playhead;
    for (const { name, values } of this.rows) {
      for (const value of values) {
        const x = this.sides[value.dataset.side](name)[shown];
        value.textContent = `${value.dataset.side === "change" && x > 0 ? "+" : ""}${number(x)}`;
      }
    }
  }
}

/** Both on one scale; its top is returned. */
function pair(canvas, original, edited) {
  const { width, height } = sizeOf(canvas);
  const finite = (x) => (Number.isFinite(x) ? x : 0);
  const top = [original, edited].reduce((most, values) => values.reduce((a, b) => Math.max(a, finite(b)), most), 0);
  const y = (x) => height - 1.5 - (Math.max(0, finite(x)) / (top || 1)) * (height - 4);
  const style = getComputedStyle(canvas);
  const [pale, full] = ["--soft", "--color"].map((name) => style.getPropertyValue(name));
  draw(canvas, [line(pointsOf(original, width, y), pale, PALE), line(pointsOf(edited, width, y), full)]);
  return top;
}
