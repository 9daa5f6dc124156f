/** The scrub bar and the curves under it: drawn once, crossed by one line that moves, in two pieces. */

import { number, quantile, tokensOf } from "./format.js";

export const QUANTITIES = [
  { name: "surprise", label: "surprise", symbol: "‖∇ℓ‖" },
  { name: "write", label: "written", symbol: "θ‖∇ℓ‖" },
  { name: "momentum", label: "momentum", symbol: "‖S‖" },
  { name: "eta", label: "momentum decay", symbol: "η" },
  { name: "theta", label: "learning rate", symbol: "θ" },
  { name: "alpha", label: "forgetting", symbol: "α" },
  { name: "nll", label: "unexpected", symbol: "−log p" },
];

export class Tracks {
  constructor(element, playhead) {
    this.element = element;
    this.playhead = playhead;
    this.scrub = element.querySelector(".scrub");
    this.lines = element.querySelectorAll(".line:not(.ghost)");
    this.ghosts = element.querySelectorAll(".ghost");
    this.rows = [];
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
    const { left, width } = this.scrub.getBoundingClientRect();
    const token = Math.floor(((event.clientX - left) / width) * this.playhead.length);
    return Math.max(0, Math.min(this.playhead.length - 1, token));
  }

  /** A row for every quantity that this trace has. */
  show(trace) {
    this.rows = QUANTITIES.filter(({ name }) => trace.has(name)).map((quantity) => {
      const row = document.createElement("div");
      row.className = "row";
      row.style.setProperty("--color", `var(--${quantity.name})`);
      row.style.setProperty("--text", `var(--${quantity.name}-text)`);
      const label = document.createElement("span");
      label.className = "label";
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

  /** Draw all curves: `lineOf(name)` gives a quantity's values, `shade` names the scrub bar's. */
  draw(lineOf, shade) {
    this.lineOf = lineOf;
    this.shade = shade;
    this.scrub.style.setProperty("--color", `var(--${shade})`);
    curve(this.scrub, lineOf(shade), quantile(lineOf(shade), 0.01)); // as the text's shade, to tell more
    for (const row of this.rows) {
      const values = lineOf(row.name);
      const top = curve(row.canvas, values, 0);
      row.canvas.setAttribute("aria-label", `${row.label}, from 0 to ${number(top)} over ${tokensOf(values.length)}`);
      row.most.textContent = `≤ ${number(top)}`;
    }
    this.render();
  }

  render() {
    const { position, shown, length } = this.playhead;
    const place = (token) => `translateX(${((token + 0.5) / length) * this.scrub.clientWidth}px)`;
    for (const line of this.lines) line.style.transform = place(position);
    for (const ghost of this.ghosts) {
      ghost.style.transform = place(shown);
      ghost.hidden = shown === position;
    }
    for (const { name, value } of this.rows) value.textContent = number(this.lineOf(name)[shown]);
  }
}

/**
 * A curve, `low` at the bottom and its largest value, which is returned, at the top; where tokens outnumber
 * pixels, each pixel shows its largest.
 */
function curve(canvas, values, low) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const color = getComputedStyle(canvas).getPropertyValue("--color");
  const finite = (x) => (Number.isFinite(x) ? x : 0);
  const top = values.reduce((a, b) => Math.max(a, finite(b)), low);
  const y = (x) => height - 1.5 - (Math.max(0, finite(x) - low) / (top - low || 1)) * (height - 4);
  const points = pointsOf(values, width, y);
  pen.lineJoin = "round";
  pen.lineWidth = 1.4;
  pen.strokeStyle = pen.fillStyle = color;
  pen.beginPath();
  points.forEach(([x, h], i) => (i ? pen.lineTo(x, h) : pen.moveTo(x, h)));
  pen.stroke();
  if (points.length === 1) pen.fillRect(points[0][0] - 2, points[0][1] - 2, 4, 4); // no line has one end
  pen.lineTo(points.at(-1)[0], height);
  pen.lineTo(points[0][0], height);
  pen.globalAlpha = 0.14;
  pen.fill();
  return top;
}

function pointsOf(values, width, y) {
  const count = values.length;
  if (count <= width) return Array.from(values, (value, t) => [((t + 0.5) / count) * width, y(value)]);
  return Array.from({ length: Math.floor(width) }, (_, pixel) => {
    const part = values.subarray(Math.floor((pixel * count) / width), Math.ceil(((pixel + 1) * count) / width));
    return [pixel + 0.5, y(part.reduce((a, b) => Math.max(a, b), 0))];
  });
}
