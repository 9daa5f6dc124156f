/** A quantity along the text, drawn once, as paths that a picture of the page can have too. */

export const LINE = 1.4; // how wide
const drawn = new WeakMap(); // what each canvas shows

/**
 * A curve, `low` at the bottom and its largest value, which is returned, at the top; where tokens outnumber
 * pixels, each pixel shows the one farthest from zero.
 */
export function curve(canvas, values, low) {
  const { width, height } = sizeOf(canvas);
  const color = getComputedStyle(canvas).getPropertyValue("--color");
  const finite = (x) => (Number.isFinite(x) ? x : 0);
  const top = values.reduce((a, b) => Math.max(a, finite(b)), low);
  const y = (x) => height - 1.5 - (Math.max(0, finite(x) - low) / (top - low || 1)) * (height - 4);
  const points = pointsOf(values, width, y);
  const area = `${pathOf(points)}V${height}H${points[0][0]}Z`;
  draw(canvas, [line(points, color), { d: area, fill: color, opacity: 0.14 }]);
  return top;
}

/** A difference about its zero, which lies in the middle; the largest, either way, is returned. */
export function signed(canvas, values) {
  const { width, height } = sizeOf(canvas);
  const top = values.reduce((a, b) => Math.max(a, Math.abs(b) || 0), 0);
  const y = (x) => height / 2 - ((x || 0) / (top || 1)) * (height / 2 - 2);
  const style = getComputedStyle(canvas);
  const zero = [[0, height / 2], [width, height / 2]];
  draw(canvas, [
    line(zero, style.getPropertyValue("--rule")),
    line(pointsOf(values, width, y), style.getPropertyValue("--color")),
  ]);
  return top;
}

/** How large a canvas is shown. */
export function sizeOf(canvas) {
  return { width: canvas.clientWidth, height: canvas.clientHeight };
}

/** These paths, { d, stroke or fill, opacity }, on the canvas, and nothing else. */
export function draw(canvas, paths) {
  const ratio = window.devicePixelRatio || 1;
  const { width, height } = sizeOf(canvas);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.lineJoin = "round";
  pen.lineWidth = LINE;
  for (const { d, stroke, fill, opacity = 1 } of paths) {
    pen.globalAlpha = opacity;
    pen.strokeStyle = pen.fillStyle = stroke ?? fill;
    if (stroke) pen.stroke(new Path2D(d));
    else pen.fill(new Path2D(d));
  }
  drawn.set(canvas, { width, height, paths });
}

/** What `draw` drew last, and in which size; undefined of a canvas that holds a picture. */
export function drawnOn(canvas) {
  return drawn.get(canvas);
}

/** A line through these points; no line has one end, so a single one is a square. */
export function line(points, color, opacity = 1) {
  const [[x, y]] = points;
  if (points.length === 1) return { d: `M${x - 2},${y - 2}h4v4h-4Z`, fill: color, opacity };
  return { d: pathOf(points), stroke: color, opacity };
}

function pathOf(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join("L")}`;
}

/**
 * Where a line goes through: [x, y(value)] for every token or, where those are more, for every pixel. What is not on the
 * page, or left it while its text was on the way, has no width: it gets one pixel.
 */
export function pointsOf(values, shown, y) {
  const [count, width] = [values.length, Math.max(1, shown)];
  if (count <= width) return Array.from(values, (value, t) => [((t + 0.5) / count) * width, y(value)]);
  return Array.from({ length: Math.floor(width) }, (_, pixel) => {
    const part = values.subarray(Math.floor((pixel * count) / width), Math.ceil(((pixel + 1) * count) / width));
    return [pixel + 0.5, y(part.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0))];
  });
}
