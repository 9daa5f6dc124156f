/** A component as it is shown, as an SVG that any program can open: boxes, texts, curves and pictures where they stand. */

import { LINE, drawnOn } from "./curve.js";
import { Lettering, ascent, fitted, fitting, linesOf } from "./lettering.js";
import { enlarged } from "./picture.js";
import { redraw } from "./redraw.js";
import { clipped, drawBox, inked, seen, vector } from "./vector.js";

const MARGIN = 12; // pixels around the component
const SIGNED = "#85858a"; // readable on light and dark
const FOOT = 22; // pixels for what it shows, in words
const SHARP = 2; // at least so many pixels of a picture a pixel of the page

/** `root` is looked at without what it is moved by, which common.css hides meanwhile; nothing of that is painted. */
export function portrait(root, title, description) {
  root.classList.add("saved");
  try {
    return new Portrait(root, title, description).svg;
  } finally {
    root.classList.remove("saved");
  }
}

class Portrait {
  constructor(root, title, description) {
    const box = root.getBoundingClientRect();
    const [width, height] = [Math.ceil(box.width) + 2 * MARGIN, Math.ceil(box.height) + 2 * MARGIN + FOOT];
    this.svg = vector(null, "svg", { width, height, viewBox: `0 0 ${width} ${height}` });
    vector(this.svg, "title", {}, title);
    vector(this.svg, "desc", {}, description);
    this.defs = vector(this.svg, "defs");
    vector(this.svg, "rect", { width, height, ...inked("fill", groundOf(root)) });
    const moved = `translate(${MARGIN - box.left} ${MARGIN - box.top})`;
    const group = vector(this.svg, "g", { transform: moved, style: "font-variant-numeric: tabular-nums" });
    this.visit(root, layers(group), { block: root });
    this.sign(description, width, height);
  }

  /** Under it, in small type, what it shows: it will be looked at far from the page. */
  sign(description, width, height) {
    const style = { fontSize: "11px", fontFamily: "sans-serif", fontWeight: "400", fontStyle: "normal" };
    const place = { x: MARGIN, y: height - MARGIN, "font-size": 11, "font-family": "sans-serif", fill: SIGNED };
    vector(this.svg, "text", place, fitted(description, width - 2 * MARGIN, style));
  }

  /** An element and all within it. `clip` is what of the page can be seen, `limit` where an ellipsis ends a line. */
  visit(element, into, { clip, limit, block }) {
    const boxes = [...element.getClientRects()];
    const drawing = element instanceof SVGSVGElement;
    if (!boxes.length || (clip && !drawing && !boxes.some((box) => meet(box, clip)))) return;
    const style = getComputedStyle(element);
    if (style.visibility === "hidden" || style.opacity === "0") return;
    if (drawing) return redraw(element, into.boxes);
    if (style.opacity !== "1") into = layers(vector(into.boxes, "g", { opacity: style.opacity }));
    if (element instanceof HTMLSelectElement) return this.chosen(element, boxes[0], style, into);
    for (const box of boxes) drawBox(into.boxes, box, style, this.defs);
    if (element instanceof HTMLCanvasElement) return this.canvas(element, boxes[0], style, into);
    if (style.display !== "inline") block = element;
    const within = { clip, limit, block };
    if (style.overflow !== "visible" && hides(element, style)) {
      into = layers(clipped(into.boxes, boxes[0], style, this.defs));
      within.clip = clip ? overlap(boxes[0], clip) : boxes[0];
      if (style.textOverflow === "ellipsis") within.limit = boxes[0].right;
    }
    this.added(element, "::before", style, into, within);
    for (const child of element.childNodes) {
      if (child instanceof Element) this.visit(child, into, within);
      else if (child.nodeType === Node.TEXT_NODE) this.text(child, style, into, within);
    }
    this.added(element, "::after", style, into, within);
  }

  text(node, style, into, { clip, limit = Infinity, block }) {
    for (const [text, box] of linesOf(node)) {
      if ((clip && !meet(box, clip)) || box.left >= limit) continue;
      const shown = box.right > limit + 0.5 ? fitting(text, limit - box.left, style) : text;
      into.texts.write(shown, box, box.top + ascent(style), style, block);
    }
  }

  /** What the style sheet adds before or after an element's text, in the same line. */
  added(element, where, style, into, { limit = Infinity, block }) {
    const own = getComputedStyle(element, where);
    if (!own.content.startsWith('"')) return;
    const range = document.createRange();
    range.selectNodeContents(element);
    const text = range.getClientRects()[0];
    if (!text) return;
    const left = where === "::before" ? element.getClientRects()[0].left : text.right + parseFloat(own.marginLeft);
    if (left < limit) into.texts.write(own.content.slice(1, -1), { left, right: left }, text.top + ascent(style), own, block);
  }

  /** A menu is saved as what is chosen in it, which is no button. */
  chosen(select, { left, top, height }, style, into) {
    const middle = top + height / 2 + ascent(style) / 2 - 1;
    const start = left + parseFloat(style.paddingLeft);
    into.texts.write(select.selectedOptions[0]?.textContent ?? "", { left: start, right: start }, middle, style, select);
  }

  /** Curves as paths; a picture, whose pixels are weights, with each as large as it is shown. */
  canvas(canvas, box, style, into) {
    const { left, top, width, height } = box;
    const curves = drawnOn(canvas);
    if (!curves) {
      const times = Math.max(1, Math.ceil((SHARP * width) / canvas.width));
      const group = parseFloat(style.borderTopLeftRadius) ? clipped(into.boxes, box, style, this.defs) : into.boxes;
      return vector(group, "image", { x: left, y: top, width, height, href: enlarged(canvas, canvas.width * times, canvas.height * times) });
    }
    const place = `translate(${left} ${top})`;
    const group = vector(into.boxes, "g", { transform: place, "stroke-linejoin": "round", "stroke-width": LINE });
    for (const { d, stroke = "none", fill = "none", opacity } of curves.paths) {
      vector(group, "path", { d, stroke: stroke.trim(), fill: fill.trim(), ...(opacity < 1 && { opacity }) });
    }
  }
}

/** Where boxes are drawn, and texts above them. */
function layers(group) {
  return { boxes: vector(group, "g"), texts: new Lettering(vector(group, "g")) };
}

/** Whether an element cuts off some of what is in it, be it only corners. */
function hides(element, style) {
  const { scrollWidth, clientWidth, scrollHeight, clientHeight } = element;
  return scrollWidth > clientWidth || scrollHeight > clientHeight || (element.firstChild && parseFloat(style.borderTopLeftRadius) > 0);
}

function meet(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function overlap(a, b) {
  const [left, top] = [Math.max(a.left, b.left), Math.max(a.top, b.top)];
  return new DOMRect(left, top, Math.min(a.right, b.right) - left, Math.min(a.bottom, b.bottom) - top);
}

/** What an element stands on: the nearest ground that can be seen. */
function groundOf(element) {
  for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
    const { backgroundColor } = getComputedStyle(at);
    if (seen(backgroundColor)) return backgroundColor;
  }
  return "rgb(255, 255, 255)";
}
