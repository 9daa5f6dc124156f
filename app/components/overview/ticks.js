/** Where a long axis is marked: at round numbers, so many that each has room. */

const ROOM = 70; // pixels from one mark to the next, at least
const MOST = 10; // of them, after 0

/** The multiples of 1, 2 or 5 × 10ⁿ up to `whole`, 0 the first of them. */
export function roundTicks(whole, width) {
  const least = Math.max(1, whole / Math.max(2, Math.min(MOST, Math.floor(width / ROOM))));
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least);
  return Array.from({ length: Math.floor(whole / step) + 1 }, (_, i) => i * step);
}
