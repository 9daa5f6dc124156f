/** Light or dark, as Streamlit has it. */

/** The page's background is told by Streamlit as a color; dark is what is nearer to black. */
export function isDark(element) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = getComputedStyle(element).getPropertyValue("--st-background-color").trim() || "#ffffff";
  const value = parseInt(pen.fillStyle.slice(1, 7), 16);
  return ((value >> 16) + ((value >> 8) & 255) + (value & 255)) / 3 < 128;
}
