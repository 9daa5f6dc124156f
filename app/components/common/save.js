/** The component as it is shown, saved as a picture: a button, and a menu of the two kinds. */

import { portrait } from "./portrait.js";

const SCALE = 2; // pixels of a PNG for one of the page

export class Save {
  /** `told()` says what is saved: { shown, title, description, name }, an element, what it shows, and the file's name. */
  constructor(element, told) {
    this.element = element;
    this.told = told;
    this.button = this.element.querySelector("button");
    this.menu = this.element.querySelector("[role=menu]");
    this.items = [...this.menu.children];
    this.button.addEventListener("click", () => this.open(this.menu.hidden));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focusout", ({ relatedTarget }) => this.element.contains(relatedTarget) || this.open(false));
    for (const item of this.items) item.addEventListener("click", () => this.save(item.dataset.kind));
  }

  open(open) {
    this.menu.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.items[0].focus();
  }

  /** Keys of a menu; they move nothing else. */
  key(event) {
    if (this.menu.hidden || event.key === "Tab") return;
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.items.at((this.items.indexOf(event.composedPath()[0]) + step) % this.items.length).focus();
    if (event.key === "Escape") this.close();
    if (step || event.key === "Escape") event.preventDefault();
  }

  close() {
    this.button.focus();
    this.open(false);
  }

  async save(kind) {
    this.close();
    const { shown, title, description, name } = this.told();
    const svg = portrait(shown, title, description);
    const file = new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
    download(kind === "png" ? await pixels(file) : file, `titans-${name}.${kind}`);
  }
}

/** An SVG as a PNG. */
async function pixels(file) {
  const address = URL.createObjectURL(file);
  const image = Object.assign(new Image(), { src: address });
  await image.decode();
  const [width, height] = [image.width * SCALE, image.height * SCALE];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  URL.revokeObjectURL(address);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function download(file, name) {
  const href = URL.createObjectURL(file);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // the browser may still be writing it
}
