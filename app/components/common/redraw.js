/** A drawing of the page as part of another, its looks with it instead of in a style sheet. */

import { typeOf } from "./lettering.js";
import { inked, vector } from "./vector.js";

/** `svg` at its place on the page, in `parent`. */
export function redraw(svg, parent) {
  const { a, b, c, d, e, f } = svg.getScreenCTM();
  const numbers = [a, b, c, d, e, f].map((x) => x.toFixed(4)).join(" ");
  copy(svg, vector(parent, "g", { transform: `matrix(${numbers})` }));
}

/** What a drawing holds, with the looks that the style sheet gave it. */
function copy(from, into) {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      if (from instanceof SVGTextContentElement) into.append(child.data);
      continue;
    }
    const own = [...child.attributes].filter(({ name }) => !/^(class|style|role|data-|aria-)/.test(name));
    const element = vector(into, child.tagName, Object.fromEntries(own.map(({ name, value }) => [name, value])));
    if (!(child instanceof SVGGElement)) dress(element, getComputedStyle(child));
    copy(child, element);
  }
}

function dress(element, style) {
  const text = element instanceof SVGTextContentElement;
  const looks = {
    ...(text && { ...typeOf(style), "text-anchor": style.textAnchor }),
    ...inked("fill", style.fill),
    ...inked("stroke", style.stroke),
    ...(!text && { "stroke-width": style.strokeWidth, "stroke-linecap": style.strokeLinecap, opacity: style.opacity }),
  };
  for (const [name, value] of Object.entries(looks)) element.setAttribute(name, value);
}
