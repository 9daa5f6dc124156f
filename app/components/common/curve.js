/** A quantity along the text, drawn once. */

/**
 * A curve, `low` at the bottom and its largest value, which is returned, at the top; where tokens outnumber
 * pixels, each pixel shows the one farthest from zero.
 */
export function curve(canvas, values, low) {
  const { pen, width, height } = fresh(canvas);
  const color = getComputedStyle(canvas).getPropertyValue("--color");
  const finite = (x) => (Number.isFinite(x) ? x : 0);
  const top = values.reduce((a, b) => Math.max(a, finite(b)), low);
  const y = (x) => height - 1.5 - (Math.max(0, finite(x) - low) / (top - low || 1)) * (height - 4);
  const points = pointsOf(values, width, y);
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

/** The canvas as large as it is shown, with nothing on it. */
export function fresh(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.lineJoin = "round";
  pen.lineWidth = 1.4;
  return { pen, width, height };
}

/** Where a line goes through: [x, y(value)] for every token or, where those are more, for every pixel. */
export function pointsOf(values, width, y) {
  const count = values.length;
  if (count <= width) return Array.from(values, (value, t) => [((t + 0.5) / count) * width, y(value)]);
  return Array.from({ length: Math.floor(width) }, (_, pixel) => {
    const part = values.subarray(Math.floor((pixel * count) / width), Math.ceil(((pixel + 1) * count) / width));
    return [pixel + 0.5, y(part.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0))];
  });
}
