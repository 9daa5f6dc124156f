/** The intervention: what edits changed, token by token, from where they stand to the answer. */

import { sayAnswer, valuesOf } from "../common/answer.js";
import { Axis } from "../common/axis.js";
import { Bars } from "../common/bars.js";
import { curve } from "../common/curve.js";
import { number } from "../common/format.js";
import { Playhead } from "../common/playhead.js";
import { Text } from "../common/text.js";
import { isDark } from "../common/theme.js";
import { Trace, decode } from "../common/trace.js";
import { Transport } from "../common/transport.js";
import { View, counted, placeTold, viewAsked } from "../common/view.js";
import { Pairs } from "./pairs.js";

const CANDIDATES = 5;
const LEAST = { surprise: 0.5, nll: 0.25 }; // a change below that is pale, even where nothing changed more

class Intervene {
  constructor(root) {
    this.root = root;
    this.shade = viewAsked("intervene").shade === "nll" ? "nll" : "surprise";
    this.view = new View("intervene", () => this.looks());
    this.playhead = new Playhead(1, () => this.render());
    this.text = new Text(root.querySelector(".text"), this.playhead);
    this.axis = new Axis(root.querySelector(".slider"), this.playhead);
    this.pairs = new Pairs(root.querySelector(".tracks"), this.playhead);
    this.transport = new Transport(root, this.playhead);
    this.answers = ["original", "edited"].map((side) => {
      const element = root.querySelector(`.${side}`);
      return { element, bars: new Bars(element.querySelector("ol"), CANDIDATES) };
    });
    for (const input of root.querySelectorAll("[name=shade]")) {
      input.checked = input.value === this.shade;
      input.addEventListener("change", () => {
        this.shade = input.value;
        this.draw();
      });
    }
    this.resized = new ResizeObserver(([{ contentRect }]) => this.traces && contentRect.width && this.draw());
    this.resized.observe(root.querySelector(".scrub"));
  }

  /** A message came, or the theme changed: what is known is only drawn anew. */
  update(bytes, pick) {
    this.pick = pick;
    this.root.dataset.theme = isDark(this.root) ? "dark" : "light";
    const { header, array } = decode(bytes);
    if (header.key !== this.key) this.open(header, array);
    this.draw();
  }

  open(header, array) {
    const first = !this.header;
    const another = header.tokens.join("\0") !== this.header?.tokens.join("\0");
    this.key = header.key;
    this.header = header;
    this.root.dataset.models = header.model;
    this.traces = header.traces.map((entry) => new Trace(entry, header.tokens, array));
    this.changes = new Map();
    if (another) this.text.show(header.tokens);
    this.pairs.show(this.traces[0]);
    this.showAnswers(header);
    if (another) this.playhead.resize(header.tokens.length, header.tokens.length - 1);
    if (first) this.playhead.arrive(counted(viewAsked("intervene").token, null));
    this.root.classList.toggle("unedited", !header.spans.length && !header.wipes.length);
  }

  showAnswers({ question, answers }) {
    this.root.querySelector(".answers").hidden = !answers.every(Boolean);
    if (!answers.every(Boolean)) return;
    this.root.querySelector(".question").textContent = question;
    answers.forEach((answer, i) => {
      const { element, bars } = this.answers[i];
      sayAnswer(element, answer);
      bars.show(valuesOf(answer.candidates));
    });
    this.root.classList.toggle("answers-differ", answers[0].text !== answers[1].text);
  }

  /** What the address tells of what is looked at. */
  looks() {
    return {
      token: placeTold(this.playhead.position, this.playhead.length - 1),
      shade: this.shade === "surprise" ? null : this.shade,
    };
  }

  /** What the edits added to a quantity, at every token. */
  change(name) {
    if (!this.changes.has(name)) {
      const [original, edited] = this.traces.map((trace) => trace.line(name, null));
      this.changes.set(name, edited.map((value, t) => value - original[t]));
    }
    return this.changes.get(name);
  }

  /** Everything that does not follow the playhead: curves, shades, and where the edits stand. */
  draw() {
    const { root, traces, shade } = this;
    root.dataset.shade = shade;
    const top = this.text.contrast(this.change(shade), LEAST[shade]);
    root.querySelector(".signed").setAttribute("aria-label", `from ${number(-top)}, less, to ${number(top)}, more`);
    root.querySelector(".lowest").textContent = `−${number(top)}`;
    root.querySelector(".highest").textContent = `+${number(top)}`;
    const scrub = root.querySelector(".scrub");
    scrub.style.setProperty("--color", `var(--${shade})`);
    curve(scrub, this.change(shade).map(Math.abs), 0);
    this.markEdits();
    this.axis.measure();
    const line = (trace) => (name) => trace.line(name, null);
    this.pairs.draw({ original: line(traces[0]), edited: line(traces[1]), change: (name) => this.change(name) });
    this.transport.show(traces[0]);
    this.playhead.request();
  }

  /** A band under the scrub bar for every span of tokens that was edited, a mark for every wipe. */
  markEdits() {
    const { spans, wipes, tokens } = this.header;
    const marks = [...spans.map(([start, stop]) => [start, stop - start]), ...wipes.map((start) => [start, 0])].map(([start, length]) => {
      const mark = Object.assign(document.createElement("div"), { className: length ? "edited-span" : "wipe" });
      mark.style.left = `${(100 * start) / tokens.length}%`;
      mark.style.width = length ? `${(100 * length) / tokens.length}%` : "";
      mark.setAttribute("aria-hidden", "true");
      return mark;
    });
    const slider = this.root.querySelector(".slider");
    for (const old of slider.querySelectorAll(".edited-span, .wipe")) old.remove();
    slider.append(...marks);
  }

  render() {
    for (const view of [this.text, this.axis, this.pairs, this.transport]) view.render();
    this.root.dataset.position = this.playhead.position;
    this.root.dataset.shown = this.playhead.shown;
    if (this.playhead.locked && this.picked !== this.playhead.position) this.pick((this.picked = this.playhead.position));
    if (!this.playhead.locked) this.picked = null;
    this.view.changed();
  }

  stop() {
    this.resized.disconnect();
    for (const part of [this.playhead, this.transport, this.view]) part.stop();
  }
}

const shown = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".intervene");
  if (!shown.has(root)) shown.set(root, new Intervene(root));
  const view = shown.get(root);
  view.update(data, (token) => setStateValue("picked", token));
  return () => root.isConnected || view.stop(); // Streamlit calls this for outdated calls too
}
