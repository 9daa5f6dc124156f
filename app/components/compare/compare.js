/** The comparison: one text and one playhead, and a column for every model that read it. */

import { Axis } from "../common/axis.js";
import { curve } from "../common/curve.js";
import { number } from "../common/format.js";
import { Playhead } from "../common/playhead.js";
import { Text } from "../common/text.js";
import { isDark } from "../common/theme.js";
import { decode } from "../common/trace.js";
import { Transport } from "../common/transport.js";
import { View, counted, placeTold, viewAsked } from "../common/view.js";
import { Arcs } from "./arcs.js";
import { Choices } from "./choices.js";
import { Column } from "./column.js";
import { Reading } from "./reading.js";

const BUDGET = 7; // milliseconds a frame for columns that catch up; what is left over waits for the next frame

class Compare {
  constructor(root) {
    this.root = root;
    this.playhead = new Playhead(1, () => this.render());
    this.text = new Text(root.querySelector(".text"), this.playhead);
    this.axis = new Axis(root.querySelector(".slider"), this.playhead);
    this.transport = new Transport(root, this.playhead);
    this.choices = new Choices(root, (change) => this.choose(change));
    this.arcs = new Arcs(this.text, 3);
    this.asked = Object.assign(document.createElement("div"), { className: "asked" });
    this.columns = [];
    this.readings = new Map();
    this.choice = choiceAsked();
    this.view = new View("compare", () => this.looks());
    this.resized = new ResizeObserver(([{ contentRect }]) => this.columns.length && contentRect.width && this.draw());
    this.resized.observe(root.querySelector(".scrub"));
    root.attributionShown = () => this.attributionShown();
  }

  get focus() {
    return this.columns.find(({ reading }) => reading.name === this.choice.focus);
  }

  /** A message came, or the theme changed: readings that are known are only drawn anew. */
  update(bytes) {
    this.root.dataset.theme = isDark(this.root) ? "dark" : "light";
    const { header, array } = decode(bytes);
    if (header.key !== this.key) this.open(header, array);
    this.choose({});
  }

  open(header, array) {
    this.key = header.key;
    const readings = header.columns.map((entry) => this.readings.get(entry.key) ?? new Reading(entry, header, array));
    const another = readings[0].tokens.join("\0") !== this.tokens?.join("\0");
    const grows = this.columns.some(({ reading }) => readings[0].continues(reading));
    this.tokens = readings[0].tokens;
    this.readings = new Map(readings.map((reading) => [reading.key, reading]));
    this.root.dataset.models = readings.map(({ name }) => name).join(", ");
    const known = new Map(this.columns.map((column) => [column.reading, column]));
    this.columns = readings.map((reading) => known.get(reading) ?? new Column(this.root, reading, this.playhead));
    this.columns.forEach((column, i) => column.answer(header.columns[i].answer));
    this.root.querySelector(".columns").replaceChildren(...this.columns.map((column) => this.listenTo(column)));
    this.choices.show(readings);
    if (!this.focus) this.choice.focus = readings[0].name;
    if (this.choice.one) this.choice.place = nearest(this.choice.place, readings);
    if (another) this.text.show(this.tokens);
    this.ask(header.question, another);
    if (another && grows) this.playhead.grow(this.tokens.length);
    else if (another) this.playhead.resize(this.tokens.length, this.tokens.length - 1);
    if (!known.size) this.playhead.arrive(counted(viewAsked("compare").token, null));
  }

  /** What the address tells of what is looked at. */
  looks() {
    const { focus, shade, one, place } = this.choice;
    return {
      token: placeTold(this.playhead.position, this.playhead.length - 1),
      shade: shade === "surprise" ? null : shade,
      focus: focus === this.columns[0].reading.name ? null : focus,
      layer: one ? place.layer + 1 : null,
      head: one ? place.head + 1 : null,
    };
  }

  /** The question stands after the text; an answer that is new is looked at. */
  ask(question, another) {
    if (!another && question === this.question) return;
    this.question = question;
    this.asked.textContent = question;
    this.text.element.append(this.asked);
    this.lookAt(question ? this.focus : null);
  }

  /** Pointing at a column, or reaching it with Tab, makes it the one whose shades and arcs the text has. */
  listenTo(column) {
    const { element, reading } = column;
    if (element.parentNode) return element;
    const focus = () => this.choice.focus !== reading.name && this.choose({ focus: reading.name });
    element.addEventListener("pointerenter", focus);
    element.addEventListener("focusin", focus, { capture: true }); // before its answer is looked at
    const answer = element.querySelector(".answer");
    for (const come of ["pointerenter", "focusin"]) answer.addEventListener(come, () => this.lookAt(column));
    for (const go of ["pointerleave", "focusout"]) answer.addEventListener(go, () => this.lookAt(null));
    return element;
  }

  /** Show where a column's answer was written, until one looks elsewhere. */
  lookAt(column) {
    this.looked = column;
    this.lookedFrom = null;
    const source = column?.answered?.source ?? null;
    if (source !== null) this.text.keepInView(this.text.spanOf(source));
    this.playhead.request();
  }

  choose(change) {
    Object.assign(this.choice, change);
    if (change.focus) this.looked = null;
    for (const column of this.columns) column.select(this.choice);
    this.draw();
  }

  /** Everything that does not follow the playhead: curves and shades. */
  draw() {
    const { focus, choice, root } = this;
    this.choices.select(choice, focus.reading);
    for (const { element, reading } of this.columns) element.classList.toggle("focus", reading === focus.reading);
    const shade = focus.reading.hasMemory ? choice.shade : "nll";
    root.style.setProperty("--shade", `var(--${shade})`);
    root.dataset.shade = shade;
    root.dataset.focus = focus.reading.name;
    const [low, high] = this.text.shade(focus.lineOf(shade));
    root.querySelector(".range").setAttribute("aria-label", `from ${number(low)}, pale, to ${number(high)}, full`);
    root.querySelector(".palest").textContent = number(low);
    root.querySelector(".fullest").textContent = number(high);
    const scrub = root.querySelector(".scrub");
    scrub.style.setProperty("--color", `var(--${shade})`);
    curve(scrub, focus.lineOf(shade), low);
    this.axis.measure();
    for (const column of this.columns) column.draw();
    this.transport.show(focus.reading);
    this.arcs.forget();
    this.playhead.request();
  }

  render() {
    this.renderArcs(); // first, while the layout is known
    this.text.render();
    this.axis.render();
    this.transport.render();
    this.renderColumns();
    this.root.dataset.position = this.playhead.position;
    this.root.dataset.shown = this.playhead.shown;
    this.view.changed();
  }

  /** From the question's end to where its answer was written, while one looks at that; else from the token shown. */
  renderArcs() {
    const { playhead, looked } = this;
    if (looked && this.lookedFrom !== null && this.lookedFrom !== playhead.shown) this.looked = null;
    this.lookedFrom = playhead.shown;
    const source = this.looked?.answered?.source ?? null;
    if (source !== null) this.arcs.draw(this.asked, [[source, 0.5]]);
    else this.arcs.draw(this.text.spanOf(playhead.shown), this.focus.reading.hasMemory ? this.focus.reads().sources : []);
  }

  /**
   * The column in focus follows in every frame. The others take turns while the playhead moves; once it rests, all
   * catch up as fast as a frame's time allows.
   */
  renderColumns() {
    const { shown, position } = this.playhead;
    const seen = `${position} ${shown}`;
    const until = performance.now() + (seen === this.seen ? BUDGET : 0);
    this.seen = seen;
    const due = this.columns.filter((column) => column.visible && (column.painted !== shown || column.seen !== seen));
    due.sort((a, b) => (b === this.focus) - (a === this.focus) || (a.turn ?? 0) - (b.turn ?? 0));
    for (const [number, column] of due.entries()) {
      if (number > 1 && performance.now() >= until) {
        this.playhead.request();
        return;
      }
      column.render();
      column.renderReads();
      column.seen = seen;
      column.turn = this.turns = (this.turns ?? 0) + 1;
    }
  }

  /** What each memory's read is made of, for whoever wants to check it. */
  attributionShown() {
    const withMemory = this.columns.filter(({ reading }) => reading.hasMemory);
    return Object.fromEntries(withMemory.map((column) => [column.reading.name, column.attributionShown()]));
  }

  stop() {
    this.resized.disconnect();
    for (const part of [this.playhead, this.transport, this.view]) part.stop();
  }
}

/** What the address asks for at first. */
function choiceAsked() {
  const { focus, shade, layer, head } = viewAsked("compare");
  const [l, h] = [counted(layer, null), counted(head, null)];
  const one = l !== null && h !== null;
  return {
    focus: focus ?? "",
    shade: shade === "write" ? "write" : "surprise",
    one,
    place: one ? { layer: l, head: h } : { layer: Infinity, head: 0 },
  };
}

/** A layer and head that one of the readings has. */
function nearest({ layer, head }, readings) {
  const last = (size) => Math.max(0, ...readings.map((reading) => reading[size] - 1));
  return { layer: Math.min(layer, last("layers")), head: Math.min(head, last("heads")) };
}

const comparisons = new WeakMap();

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".compare");
  if (!comparisons.has(root)) comparisons.set(root, new Compare(root));
  const comparison = comparisons.get(root);
  comparison.update(data);
  return () => root.isConnected || comparison.stop(); // Streamlit calls this for outdated calls too
}
