/** The buttons, the slider and the keys that move a playhead, and what they say; at their end, a picture is saved. */

import { number, quoted } from "./format.js";
import { Save } from "./save.js";

export class Transport {
  constructor(root, playhead) {
    this.root = root;
    this.playhead = playhead;
    const part = (selector) => root.querySelector(selector);
    new Save(part(".save"), () => this.told());
    this.play = part(".play");
    this.slider = part(".slider");
    this.readout = part(".readout");
    part(".back").addEventListener("click", () => playhead.step(-1));
    part(".forward").addEventListener("click", () => playhead.step(1));
    part(".first").addEventListener("click", () => playhead.step(-playhead.length));
    this.play.addEventListener("click", () => playhead.toggle());
    part(".speed").value = playhead.speed;
    part(".speed").addEventListener("change", (event) => (playhead.speed = Number(event.target.value)));
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  /** Keys reach the component from within it, and from a page where nothing has the focus. */
  key(event) {
    const origin = event.composedPath()[0];
    const inside = event.composedPath().includes(this.root);
    if (!inside && origin !== document.body) return;
    if (event.altKey || event.ctrlKey || event.metaKey || origin.matches("select, [type=radio]")) return;
    const acts = { ArrowLeft: () => this.playhead.step(-1), ArrowRight: () => this.playhead.step(1) };
    if (!origin.matches("button")) acts[" "] = () => this.playhead.toggle();
    if (inside) {
      acts.Home = () => this.playhead.step(-this.playhead.length);
      acts.End = () => this.playhead.step(this.playhead.length);
      acts.Escape = () => this.playhead.unlock();
    }
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  show(trace) {
    this.trace = trace;
    this.slider.setAttribute("aria-valuemax", trace.length);
  }

  /** What is shown, for a picture of it. */
  told() {
    const { root, trace, playhead } = this;
    const { page, models } = root.dataset;
    const token = playhead.shown + 1;
    return {
      shown: root,
      title: `Titans Lab, ${page}: ${placeOf(token, trace)}`,
      description: `The page ${page} with ${models}, after token ${trace.start + token}: ${quoted(trace.tokens[token - 1])}.`,
      name: `${page.toLowerCase()}-token-${trace.start + token}`,
    };
  }

  render() {
    const { playhead, trace } = this;
    const { shown, playing, locked } = playhead;
    this.play.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.root.classList.toggle("playing", playing);
    this.readout.querySelector(".place").textContent = placeOf(shown + 1, trace);
    this.readout.querySelector(".token").textContent = quoted(trace.tokens[shown]);
    this.readout.querySelector(".lock").hidden = !locked;
    this.slider.setAttribute("aria-valuenow", playhead.position + 1);
    const value = number(trace.line("nll", null)[playhead.position]);
    const token = quoted(trace.tokens[playhead.position]);
    this.slider.setAttribute("aria-valuetext", `token ${trace.start + playhead.position + 1}, ${token}, −log p ${value}`);
  }

  stop() {
    document.removeEventListener("keydown", this.onKey);
  }
}

/** Where a token (from 1) stands; one of a stretch, in its whole text. */
function placeOf(token, { start, whole }) {
  return `token ${(start + token).toLocaleString("en")} of ${whole.toLocaleString("en")}`;
}
