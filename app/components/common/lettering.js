/** Text of the page as text of an SVG: cut into lines as the page has cut it, every piece where it stands. */

import { inked, lawful, vector } from "./vector.js";

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
  const characters = [...text];
  while (characters.length && widthOf(`${characters.join("")}…`, style) > place) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

/** A text as it is where there is place for it, else cut. */
export function fitted(text, place, style) {
  return widthOf(text, style) <= place ? text : fitting(text, place, style);
}

/** How far below the top of its line's rectangle a text stands. */
export function ascent(style) {
  ruler.font = fontOf(style);
  return Math.round(ruler.measureText("x").fontBoundingBoxAscent);
}

function widthOf(text, style) {
  ruler.font = fontOf(style);
  return ruler.measureText(text).width;
}

function fontOf({ fontStyle, fontWeight, fontSize, fontFamily }) {
  return `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
}

/**
 * Texts one after another. What goes on in the same line and type stays one text, so that it can be searched, and
 * what touches the piece before it is one with that, for letters and emoji may join over several tokens.
 */
export class Lettering {
  constructor(group) {
    this.group = group;
  }

  write(text, { left, right }, baseline, style, block) {
    const words = lawful(text).replace(/\s/g, " ").trimStart();
    const type = typeOf(style);
    const kind = JSON.stringify([type, Math.round(baseline)]);
    const goesOn = this.block === block && this.kind === kind;
    const indent = /^\s*/.exec(text)[0];
    if (indent && this.block === block) this.piece.textContent += " ";
    if (!words) return;
    const backwards = RIGHT_TO_LEFT.test(words);
    if (!backwards) left += widthOf(indent, style);
    const touches = Math.abs(backwards ? right - this.left : left - this.right) < 1;
    if (goesOn && touches && backwards === this.backwards) {
      this.piece.textContent += words;
      if (backwards) this.piece.setAttribute("x", left.toFixed(2));
    } else {
      if (!goesOn || backwards || this.backwards) this.line = vector(this.group, "text", { y: baseline, ...type });
      this.piece = vector(this.line, "tspan", { x: left }, words);
    }
    Object.assign(this, { block, kind, backwards, left, right });
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
