/** The overview of a long text: one strip, a window that is moved over it, and its peaks by name. */

import { number, tokensOf } from "../common/format.js";
import { isDark } from "../common/theme.js";
import { decode } from "../common/trace.js";
import { Strip } from "./strip.js";
import { roundTicks } from "./ticks.js";
import { Window } from "./window.js";

const NAMES = { surprise: "surprise", write: "what is written", memory_norm: "memory ‖M‖", nll: "−log p" };
const COLORS = { memory_norm: "ink" };
const HIGHEST = {
  surprise: "Where the memory was most surprised",
  write: "Where most was written",
  memory_norm: "Where the memory was largest",
  nll: "Where the text was least expected",
};
const EDGE = 28; // pixels from the right edge within which a tick's number ends at its place

class Overview {
  constructor(root) {
    this.root = root;
    this.part = (selector) => root.querySelector(selector);
    this.frame = new Window(() => this.render(), (stretch) => this.ask({ book: this.header.key, ...stretch }));
    this.pointed = { token: null, cut: false };
    this.strip = new Strip(this.part(".strip"), this.frame, (token, cut) => this.point(token, cut));
    this.radios = [...root.querySelectorAll("[name=over]")];
    for (const radio of this.radios) radio.addEventListener("change", () => this.choose(radio.value));
    const press = (selector, act) => this.part(selector).addEventListener("click", act);
    press(".earlier", () => this.frame.shift(-this.frame.size));
    press(".later", () => this.frame.shift(this.frame.size));
    press(".shorter", () => this.frame.scale(0.5));
    press(".longer", () => this.frame.scale(2));
    this.part(".strip").addEventListener("keydown", (event) => this.key(event));
    this.resized = new ResizeObserver(([{ contentRect }]) => this.header && contentRect.width && this.draw());
    this.resized.observe(this.part(".strip"));
    root.stretchShown = () => ({ start: this.frame.start, end: this.frame.end });
  }

  /** More of the text was read, another stretch is shown, or the theme changed. */
  update(bytes, ask) {
    this.ask = ask;
    this.root.dataset.theme = isDark(this.root) ? "dark" : "light";
    const { header, array } = decode(bytes);
    if (header.key !== this.header?.key) this.frame.wanted = null;
    this.header = header;
    this.edges = array(header.edges);
    this.series = Object.fromEntries(
      Object.entries(header.series).map(([name, { low, mean, high, peaks }]) => {
        return [name, { low: array(low), mean: array(mean), high: array(high), peaks }];
      }),
    );
    this.frame.take(header);
    for (const radio of this.radios) radio.closest("label").hidden = !(radio.value in this.series);
    this.choose(this.name in this.series ? this.name : Object.keys(this.series)[0]);
  }

  choose(name) {
    this.name = name;
    for (const radio of this.radios) radio.checked = radio.value === name;
    this.root.style.setProperty("--color", `var(--${COLORS[name] ?? name})`);
    this.part(".strip").setAttribute("aria-label", `The stretch shown, of the whole text by ${NAMES[name]}`);
    this.draw();
    this.list();
  }

  draw() {
    this.strip.paint(this.edges, this.series[this.name], this.header);
    const { whole } = this.header;
    const width = this.part(".strip").clientWidth;
    const ticks = roundTicks(whole, width).map((token) => {
      const tick = Object.assign(document.createElement("span"), { textContent: token.toLocaleString("en") });
      tick.style.left = `${(100 * token) / whole}%`;
      tick.classList.toggle("last", width * (1 - token / whole) < EDGE);
      return tick;
    });
    this.part(".ticks").replaceChildren(...ticks);
    this.render();
  }

  /** The peaks as buttons, in the order of the text. */
  list() {
    this.part(".heights").textContent = HIGHEST[this.name];
    const peaks = [...this.series[this.name].peaks].sort((a, b) => a.token - b.token);
    this.part(".peaks").replaceChildren(...peaks.map((peak) => this.entry(peak)));
  }

  /** The text enters the page here, and only as text. */
  entry({ token, value, before, text }) {
    const [item, button, words, told, mark, place] = ["li", "button", "span", "span", "mark", "span"].map((tag) => document.createElement(tag));
    button.type = "button";
    words.className = "words";
    words.dir = "auto";
    told.className = "before";
    told.append(visible(before));
    mark.textContent = visible(text);
    words.append(told, mark);
    place.className = "place";
    place.textContent = `${(token + 1).toLocaleString("en")} · ${number(value)}`;
    button.setAttribute("aria-label", `Token ${(token + 1).toLocaleString("en")}, ${words.textContent.trim()}, ${NAMES[this.name]} ${number(value)}`);
    button.addEventListener("click", () => this.frame.around(token, token));
    button.append(words, place);
    item.append(button);
    return item;
  }

  /** Everything that follows the window. */
  render() {
    const { start, end } = this.frame;
    this.strip.render();
    const told = `${(start + 1).toLocaleString("en")} to ${end.toLocaleString("en")} of ${tokensOf(this.header.whole)}`;
    this.part(".where").textContent = told;
    const strip = this.part(".strip");
    strip.setAttribute("aria-valuemax", this.header.whole);
    strip.setAttribute("aria-valuenow", start + 1);
    strip.setAttribute("aria-valuetext", `tokens ${told}`);
    this.part(".earlier").disabled = start === 0;
    this.part(".later").disabled = end === this.header.read;
    this.part(".shorter").disabled = this.frame.shortest;
    this.part(".longer").disabled = this.frame.longest;
    this.root.dataset.start = start;
    this.root.dataset.end = end;
    this.root.dataset.read = this.header.read;
    this.tell();
  }

  point(token, cut = false) {
    this.pointed = { token, cut };
    this.tell();
  }

  /** What is under the pointer; or that less is shown than was dragged over, or would be. */
  tell() {
    const { token, cut } = this.pointed;
    const more = cut || (token === null && this.frame.cut);
    this.part(".under").textContent = more ? `${tokensOf(this.header.most)} at most are shown` : this.bucket(token);
  }

  /** The envelope at a token, in words. */
  bucket(token) {
    if (token === null) return "";
    const { low, mean, high } = this.series[this.name];
    const i = this.strip.bucketAt(token);
    const [from, to] = [this.edges[i] + 1, this.edges[i + 1]].map((edge) => edge.toLocaleString("en"));
    return `${from} to ${to}: ${NAMES[this.name]} ${number(low[i])} to ${number(high[i])}, mean ${number(mean[i])}`;
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { frame, header } = this;
    const page = Math.max(frame.size, Math.round(header.whole / 10));
    const acts = {
      ArrowLeft: () => frame.shift(-frame.size),
      ArrowRight: () => frame.shift(frame.size),
      ArrowDown: () => frame.shift(-frame.size),
      ArrowUp: () => frame.shift(frame.size),
      PageDown: () => frame.shift(-page),
      PageUp: () => frame.shift(page),
      Home: () => frame.shift(-header.whole),
      End: () => frame.shift(header.whole),
      "+": () => frame.scale(0.5),
      "=": () => frame.scale(0.5),
      "-": () => frame.scale(2),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  stop() {
    this.resized.disconnect();
    this.frame.stop();
  }
}

/** White space that would break a line, made visible. */
function visible(text) {
  return text.replace(/\s*\n\s*/g, " ↵ ").replace(/\t/g, " ");
}

const overviews = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".overview");
  if (!overviews.has(root)) overviews.set(root, new Overview(root));
  const overview = overviews.get(root);
  overview.update(data, (stretch) => setStateValue("stretch", stretch));
  return () => root.isConnected || overview.stop();
}
