/** Curves in pairs: as it was, pale, and as it is with the edits; under some of them, how much they differ. */

import { Axis } from "../common/axis.js";
import { fresh, pointsOf } from "../common/curve.js";
import { number, tokensOf } from "../common/format.js";
import { QUANTITIES } from "../common/tracks.js";

const DIFFERENCES = ["surprise", "nll"];

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
        value.textContent = `${value.dataset.side === "change" && x > 0 ? "+" : ""}${number(x)}`.replace("-", "−");
      }
    }
  }
}

/** Both on one scale; its top is returned. */
function pair(canvas, original, edited) {
  const { pen, width, height } = fresh(canvas);
  const finite = (x) => (Number.isFinite(x) ? x : 0);
  const top = [original, edited].reduce((most, line) => line.reduce((a, b) => Math.max(a, finite(b)), most), 0);
  const y = (x) => height - 1.5 - (Math.max(0, finite(x)) / (top || 1)) * (height - 4);
  const style = getComputedStyle(canvas);
  for (const [line, color, alpha] of [[original, "--soft", 0.55], [edited, "--color", 1]]) {
    pen.globalAlpha = alpha;
    stroke(pen, pointsOf(line, width, y), style.getPropertyValue(color));
  }
  return top;
}

/** A difference about its zero, which lies in the middle; the largest, either way, is returned. */
function signed(canvas, values) {
  const { pen, width, height } = fresh(canvas);
  const top = values.reduce((a, b) => Math.max(a, Math.abs(b) || 0), 0);
  const y = (x) => height / 2 - ((x || 0) / (top || 1)) * (height / 2 - 2);
  const style = getComputedStyle(canvas);
  stroke(pen, [[0, height / 2], [width, height / 2]], style.getPropertyValue("--rule"));
  stroke(pen, pointsOf(values, width, y), style.getPropertyValue("--color"));
  return top;
}

function stroke(pen, points, color) {
  pen.strokeStyle = pen.fillStyle = color;
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
  if (points.length === 1) pen.fillRect(points[0][0] - 2, points[0][1] - 2, 4, 4); // no line has one end
}
