/** Text of the page as text of an SVG: cut into lines as the page has cut it, every piece where it stands. */

import { inked, vector } from "./vector.js";

const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/;
const ruler = document.createElement("canvas").getContext("2d");

/** The pieces of a text node, one a line: [text, the rectangle it fills]. */
export function linesOf(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const boxes = range.getClientRects();
  if (boxes.length < 2) return boxes.length ? [[node.data, boxes[0]]] : [];
  const lines = [];
  let at = 0;
  for (const character of node.data) {
    range.setStart(node, at);
    range.setEnd(node, (at += character.length));
    const box = range.getClientRects()[0];
    const last = lines.at(-1);
    if (last && (!box || Math.abs(box.top - last[1].top) < last[1].height / 2)) {
      last[0] += character;
      if (box) last[1] = around(last[1], box);
    } else if (box) lines.push([character, box]);
  }
  return lines;
}

function around(a, b) {
  const [left, right] = [Math.min(a.left, b.left), Math.max(a.right, b.right)];
  return new DOMRect(left, a.top, right - left, a.height);
}

/** A text no longer than there is place for, with an ellipsis where it was cut. */
export function fitting(text, place, style) {
  ruler.font = fontOf(style);
  const characters = [...text];
  while (characters.length && ruler.measureText(`${characters.join("")}…`).width > place) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

/** How far below the top of its line's rectangle a text stands. */
export function ascent(style) {
  ruler.font = fontOf(style);
  return Math.round(ruler.measureText("x").fontBoundingBoxAscent);
}

function fontOf({ fontStyle, fontWeight, fontSize, fontFamily }) {
  return `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
}

/** Texts one after another. What follows in the same line and type stays one text, so that it can be searched. */
export class Lettering {
  constructor(group) {
    this.group = group;
  }

  write(text, left, baseline, style, block) {
    const shown = text.replace(/\s/g, " ");
    const type = typeOf(style);
    const kind = JSON.stringify([type, Math.round(baseline)]);
    const goesOn = this.block === block && this.kind === kind && !RIGHT_TO_LEFT.test(this.line.textContent + shown);
    if (!shown.trim()) {
      if (this.block === block && this.line) this.line.lastChild.textContent += shown;
      return;
    }
    if (!goesOn) this.line = vector(this.group, "text", { y: baseline, ...type });
    Object.assign(this, { block, kind });
    vector(this.line, "tspan", { x: left }, shown);
  }
}

/** The type of a text as attributes. */
export function typeOf({ color, fontFamily, fontSize, fontStyle, fontWeight, letterSpacing }) {
  return {
    ...inked("fill", color),
    "font-family": fontFamily,
    "font-size": fontSize,
    ...(fontStyle !== "normal" && { "font-style": fontStyle }),
    ...(fontWeight !== "400" && { "font-weight": fontWeight }),
    ...(letterSpacing !== "normal" && { "letter-spacing": letterSpacing }),
  };
}
