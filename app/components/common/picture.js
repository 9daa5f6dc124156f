/** A memory matrix as a picture, one pixel a weight. */

/** 511 colors from the most negative weight over nothing to the most positive, as [r, g, b] one after another. */
export function palette(element) {
  const style = getComputedStyle(element);
  const [low, zero, high] = ["--negative", "--zero", "--positive"].map((name) => rgb(style.getPropertyValue(name)));
  const colors = new Uint8ClampedArray(511 * 3);
  for (let i = 0; i < 511; i++) {
    const [end, share] = i < 255 ? [low, (255 - i) / 255] : [high, (i - 255) / 255];
    for (let c = 0; c < 3; c++) colors[3 * i + c] = zero[c] + (end[c] - zero[c]) * share;
  }
  return colors;
}

function rgb(hex) {
  const value = parseInt(hex.trim().slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** One pixel a weight; `scale` is the weight that has the full color. */
export function paint(canvas, weights, { rows, columns, scale }, colors) {
  if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(columns, rows);
  for (let i = 0; i < weights.length; i++) {
    const share = Math.max(-1, Math.min(1, weights[i] / scale)) || 0;
    const at = 3 * Math.round(255 + 255 * share);
    image.data[4 * i] = colors[at];
    image.data[4 * i + 1] = colors[at + 1];
    image.data[4 * i + 2] = colors[at + 2];
    image.data[4 * i + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
}

/** An image of few pixels as the address of a larger one, so that no program smooths it. */
export function enlarged(image, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(image, 0, 0, width, height);
  return canvas.toDataURL();
}
