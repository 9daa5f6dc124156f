/** Parts of an SVG, with nothing in them that only a browser reads: colors, boxes, gradients. */

const SVG = "http://www.w3.org/2000/svg";
const UNLAWFUL = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** A new element in `parent`; numbers are rounded to what a picture needs. */
export function vector(parent, tag, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, typeof value === "number" ? Math.round(value * 100) / 100 : value);
  }
  element.textContent = lawful(text);
  parent?.append(element);
  return element;
}

/** A text without what no XML may hold: control characters, halves of others. */
export function lawful(text) {
  return text.replace(UNLAWFUL, "");
}

/** A computed color, which may be mixed from others, as `kind` (fill, stroke, stop-color) and its opacity. */
export function inked(kind, color, share = 1) {
  if (!/^(rgb|color)/.test(color)) return { [kind]: color.replaceAll('"', "") }; // none, or a gradient
  const [r, g, b, alpha = 1] = color.match(/[\d.]+(e-\d+)?/g).map(Number);
  const whole = color.startsWith("color(") ? 255 : 1;
  const rgb = [r, g, b].map((part) => Math.round(part * whole)).join(", ");
  const opacity = kind === "stop-color" ? "stop-opacity" : `${kind}-opacity`;
  return { [kind]: `rgb(${rgb})`, ...(alpha * share < 1 && { [opacity]: (alpha * share).toFixed(3) }) };
}

/** Whether a color is more than transparent. */
export function seen(color) {
  return Number(inked("fill", color)["fill-opacity"] ?? 1) > 0;
}

/** Background, borders and outline of one of an element's boxes. */
export function drawBox(parent, box, style, defs) {
  const corner = parseFloat(style.borderTopLeftRadius) || 0;
  if (seen(style.backgroundColor)) rectangle(parent, box, 0, corner, inked("fill", style.backgroundColor));
  if (style.backgroundImage.startsWith("linear-gradient(90deg")) {
    rectangle(parent, box, 0, corner, { fill: gradient(defs, style.backgroundImage) });
  }
  drawBorders(parent, box, style, corner);
  const [width, gap] = [parseFloat(style.outlineWidth), parseFloat(style.outlineOffset)];
  if (style.outlineStyle === "none" || !width) return;
  const line = { fill: "none", "stroke-width": width, ...inked("stroke", style.outlineColor) };
  rectangle(parent, box, gap + width / 2, corner + gap, line);
}

/** A rectangle larger than the box by `by` on every side. */
function rectangle(parent, { left, top, width, height }, by, rx, attributes) {
  const place = { x: left - by, y: top - by, width: width + 2 * by, height: height + 2 * by };
  if (place.width > 0 && place.height > 0) vector(parent, "rect", { ...place, ...(rx > 0 && { rx }), ...attributes });
}

/** Borders that are alike on all sides are one rectangle, others a line each. */
function drawBorders(parent, box, style, corner) {
  const { left, top, right, bottom } = box;
  const sides = ["Top", "Right", "Bottom", "Left"].map((side) => {
    const [width, color, kind] = ["Width", "Color", "Style"].map((what) => style[`border${side}${what}`]);
    return { side, width: parseFloat(width), color, dashed: kind === "dashed" };
  });
  const shown = sides.filter(({ width, color }) => width && seen(color));
  if (shown.length === 4 && new Set(shown.map(({ width, color }) => `${width} ${color}`)).size === 1) {
    const [{ width, color }] = shown;
    const line = { fill: "none", "stroke-width": width, ...inked("stroke", color) };
    return rectangle(parent, box, -width / 2, corner - width / 2, line);
  }
  for (const { side, width, color, dashed } of shown) {
    const half = width / 2;
    const ends = {
      Top: { x1: left, y1: top + half, x2: right, y2: top + half },
      Right: { x1: right - half, y1: top, x2: right - half, y2: bottom },
      Bottom: { x1: left, y1: bottom - half, x2: right, y2: bottom - half },
      Left: { x1: left + half, y1: top, x2: left + half, y2: bottom },
    }[side];
    const dashes = dashed && { "stroke-dasharray": `${2 * width} ${2 * width}` };
    vector(parent, "line", { ...ends, "stroke-width": width, ...inked("stroke", color), ...dashes });
  }
}

/** A gradient from left to right; what is transparent fades its neighbours, and has no color of its own. */
function gradient(defs, image) {
  const colors = image.match(/(rgba?|color)\([^)]*\)/g);
  const id = `fade-${defs.childElementCount}`;
  const element = vector(defs, "linearGradient", { id });
  colors.forEach((color, i) => {
    const neighbours = seen(color) ? [color] : [colors[i - 1], colors[i + 1]].filter(Boolean);
    for (const near of neighbours) {
      const stop = inked("stop-color", near);
      if (near !== color) stop["stop-opacity"] = 0;
      vector(element, "stop", { offset: i / (colors.length - 1), ...stop });
    }
  });
  return `url(#${id})`;
}

/** A group that shows only what lies in the box. */
export function clipped(parent, { left, top, width, height }, style, defs) {
  const id = `clip-${defs.childElementCount}`;
  const rx = parseFloat(style.borderTopLeftRadius) || 0;
  vector(vector(defs, "clipPath", { id }), "rect", { x: left, y: top, width, height, ...(rx && { rx }) });
  return vector(parent, "g", { "clip-path": `url(#${id})` });
}
