/** A drawing of the page as part of another, its looks with it instead of in a style sheet. */

import { typeOf } from "./lettering.js";
import { enlarged } from "./picture.js";
import { inked, lawful, vector } from "./vector.js";

/** `svg` at its place on the page, in `parent`. */
export function redraw(svg, parent) {
  const { a, b, c, d, e, f } = svg.getScreenCTM();
  const numbers = [a, b, c, d, e, f].map((x) => x.toFixed(4)).join(" ");
  copy(svg, vector(parent, "g", { transform: `matrix(${numbers})` }));
}

/** What a drawing holds, with the looks that a style sheet gave it. */
function copy(from, into) {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      if (from instanceof SVGTextContentElement) into.append(lawful(child.data));
      continue;
    }
    const style = getComputedStyle(child);
    if (style.display === "none" || style.visibility === "hidden") continue;
    const own = [...child.attributes].filter(({ name }) => !/^(class|style|role|xmlns|data-|aria-|pointer-)/.test(name));
    const named = own.map(({ localName, value }) => [localName, value]);
    const element = vector(into, child.tagName, Object.fromEntries(named));
    if (child instanceof SVGGeometryElement || child instanceof SVGTextContentElement) dress(element, style);
    if (child instanceof SVGImageElement) element.setAttribute("href", sharp(child));
    copy(child, element);
  }
}

function sharp(image) {
  const { width, height } = image.getBoundingClientRect();
  return enlarged(image, 2 * Math.round(width), 2 * Math.round(height));
}

function dress(element, style) {
  const text = element instanceof SVGTextContentElement;
  const looks = {
    ...(text && { ...typeOf(style), "text-anchor": style.textAnchor }),
    ...inked("fill", style.fill, style.fillOpacity),
    ...inked("stroke", style.stroke, style.strokeOpacity),
    ...(!text && { "stroke-width": style.strokeWidth, "stroke-linecap": style.strokeLinecap }),
    ...(style.strokeDasharray !== "none" && { "stroke-dasharray": style.strokeDasharray.replaceAll("px", "") }),
    ...(style.opacity !== "1" && { opacity: style.opacity }),
  };
  for (const [name, value] of Object.entries(looks)) element.setAttribute(name, value);
}
