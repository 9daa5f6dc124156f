/** The player: decodes a reading, and lets text, tracks, weights and equation follow one playhead. */

import { curve } from "../common/curve.js";
import { number } from "../common/format.js";
import { Playhead } from "../common/playhead.js";
import { Text } from "../common/text.js";
import { isDark } from "../common/theme.js";
import { Trace, decode } from "../common/trace.js";
import { View, counted, placeTold, viewAsked } from "../common/view.js";
import { Tracks } from "../common/tracks.js";
import { Controls } from "./controls.js";
import { Equation } from "./equation.js";
import { Weights } from "./weights.js";

class Player {
  constructor(root) {
    this.root = root;
    this.choice = { shade: "surprise", scope: "all", layer: 0, head: 0, matrix: 0 };
    this.playhead = new Playhead(1, () => this.render());
    const choose = (change) => this.choose(change);
    this.text = new Text(root.querySelector(".text"), this.playhead);
    this.tracks = new Tracks(root.querySelector(".stack"), this.playhead);
    this.weights = new Weights(root.querySelector(".weights"), this.playhead, choose);
    this.equation = new Equation(root.querySelector(".update"), this.playhead);
    this.controls = new Controls(root, this.playhead, choose);
    this.view = new View("stream", () => this.looks());
    this.views = [this.text, this.tracks, this.weights, this.equation, this.controls];
    this.resized = new ResizeObserver(([{ contentRect }]) => this.trace && contentRect.width && this.draw());
    this.resized.observe(root.querySelector(".stack"));
    root.weightsShown = () => this.weightsShown();
    root.querySelector(".from-here")?.addEventListener("click", () => this.goOnFromHere());
  }

  /** A message came, or the theme changed: a known reading is only drawn anew. */
  update(bytes, place) {
    this.place = place;
    this.root.dataset.theme = isDark(this.root) ? "dark" : "light";
    const { header, array } = decode(bytes);
    const trace = new Trace(header, header.tokens, array);
    if (trace.key !== this.trace?.key) this.open(trace, header);
    this.choose({});
  }

  open(trace, { model, at }) {
    const before = this.trace;
    const goesOn = before?.tokens.every((token, t) => token === trace.tokens[t]);
    this.trace = trace;
    this.root.classList.toggle("memoryless", !trace.hasMemory);
    this.root.dataset.models = model;
    if (!before) this.choice = this.choiceAsked();
    this.choice.layer = Math.min(this.choice.layer, Math.max(0, trace.layers - 1));
    this.choice.head = Math.min(this.choice.head, Math.max(0, trace.heads - 1));
    this.choice.matrix = before || !trace.hasMemory ? 0 : Math.min(this.choice.matrix, trace.writes[0].length - 1);
    this.text.show(trace.tokens);
    for (const view of [this.tracks, this.weights, this.equation, this.controls]) view.show(trace);
    if (trace.continues(before)) this.playhead.grow(trace.length);
    else this.playhead.resize(trace.length, (goesOn ? before : trace).length - 1);
    if (at !== undefined) this.playhead.seek(at);
    else if (!before) this.playhead.arrive(counted(viewAsked("stream").token, null));
  }

  /** What the address asks for at first. */
  choiceAsked() {
    const { shade, scope, layer, head, matrix } = viewAsked("stream");
    return {
      shade: shade === "write" ? "write" : "surprise",
      scope: scope === "one" ? "one" : "all",
      layer: counted(layer, 0),
      head: counted(head, 0),
      matrix: counted(matrix, 0),
    };
  }

  /** What the address tells of what is looked at. */
  looks() {
    const { shade, scope, layer, head, matrix } = this.choice;
    return {
      token: placeTold(this.playhead.position, this.playhead.length - 1),
      shade: shade === "surprise" ? null : shade,
      scope: scope === "all" ? null : scope,
      layer: placeTold(layer, 0),
      head: placeTold(head, 0),
      matrix: placeTold(matrix, 0),
    };
  }

  choose(change) {
    Object.assign(this.choice, change);
    for (const view of [this.weights, this.equation, this.controls]) view.select(this.choice);
    this.draw();
  }

  /** The quantity that shades the text; without a memory that is −log p. */
  get shade() {
    return this.trace.hasMemory ? this.choice.shade : "nll";
  }

  /** Everything that does not follow the playhead: curves and shades. */
  draw() {
    const place = this.choice.scope === "one" ? this.choice : null;
    const lineOf = (name) => this.trace.line(name, place);
    this.root.style.setProperty("--shade", `var(--${this.shade})`);
    this.root.dataset.shade = this.shade;
    const [low, high] = this.text.shade(lineOf(this.shade));
    this.root.querySelector(".range").setAttribute("aria-label", `from ${number(low)}, pale, to ${number(high)}, full`);
    this.root.querySelector(".palest").textContent = number(low);
    this.root.querySelector(".fullest").textContent = number(high);
    const scrub = this.root.querySelector(".scrub");
    scrub.style.setProperty("--color", `var(--${this.shade})`);
    curve(scrub, lineOf(this.shade), low); // as the text's shade, to tell more
    this.tracks.draw(lineOf);
    this.playhead.request();
  }

  render() {
    for (const view of this.views) view.render();
    this.root.dataset.position = this.playhead.position;
    this.root.dataset.shown = this.playhead.shown;
    this.view.changed();
  }

  /** The page's box for more text takes what is to follow the token shown. */
  goOnFromHere() {
    this.place({ reading: this.trace.key, token: this.playhead.shown });
    document.querySelector(".st-key-addition textarea")?.focus();
  }

  /** The weights as they are drawn, for whoever wants to check them: read-only numbers and where they belong. */
  weightsShown() {
    const { layer, head, matrix } = this.choice;
    const { rows, columns } = this.weights.memory(layer, head);
    const values = Array.from(this.weights.memory(layer, head).after(this.playhead.shown + 1));
    return { layer, head, matrix, token: this.playhead.shown, rows, columns, values };
  }

  stop() {
    this.resized.disconnect();
    for (const part of [this.playhead, this.weights, this.controls, this.view]) part.stop();
  }
}

const players = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".player");
  if (!players.has(root)) players.set(root, new Player(root));
  const player = players.get(root);
  player.update(data, (place) => setTriggerValue("place", place));
  return () => root.isConnected || player.stop(); // Streamlit calls this for outdated calls too
}
