/** One model's column: its diagram, its curves, its memory, and what is read from it at the token shown. */

import { sayAnswer, valuesOf } from "../common/answer.js";
import { number, quoted, tokensOf } from "../common/format.js";
import { Memory } from "../common/memory.js";
import { paint, palette } from "../common/picture.js";
import { Tracks } from "../common/tracks.js";
import { attribute, attributeAll, strongest } from "./attribution.js";
import { Bars, piece } from "../common/bars.js";
import { Diagram } from "./diagram.js";

const SOURCES = 3;

export class Column {
  constructor(root, reading, playhead) {
    this.reading = reading;
    this.playhead = playhead;
    this.element = root.querySelector(".column-template").content.firstElementChild.cloneNode(true);
    this.element.dataset.name = reading.name;
    this.element.classList.toggle("memoryless", !reading.hasMemory);
    this.element.setAttribute("aria-label", `${reading.title}, ${reading.about}`);
    this.part(".title").textContent = reading.title;
    this.part(".about").textContent = reading.about;
    this.diagram = new Diagram(this.part(".diagram"), root.querySelector(`[data-variant=${reading.variant}]`), reading);
    this.tracks = new Tracks(this.part(".tracks"), playhead);
    this.tracks.show(reading);
    this.sources = new Bars(this.part(".sources ol"), SOURCES + 3);
    this.lens = new Bars(this.part(".lens ol"), reading.guesses.each);
    this.guesses = new Bars(this.part(".guesses ol"), reading.guesses.each);
    this.bare = new Bars(this.part(".guesses-without ol"), reading.without.each);
    this.candidates = new Bars(this.part(".with ol"), reading.guesses.each);
    this.without = new Bars(this.part(".without ol"), reading.guesses.each);
    this.memories = new Map();
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  /** The answer to the question asked, or none. */
  answer(answer) {
    this.answered = answer;
    this.part(".answer").hidden = !answer;
    if (!answer) return;
    sayAnswer(this.part(".answer"), answer);
    this.candidates.show(valuesOf(answer.candidates));
    this.without.show(valuesOf(answer.without));
    this.part(".origin").textContent = this.origin(answer);
  }

  /** Where the answer was written, in words: the write that raised its probability most. */
  origin({ known, source }) {
    if (!this.reading.hasMemory) return "No memory: what has left the window is gone.";
    if (!known) return "Less likely than all else together, so no token is named as its origin.";
    if (source === null) return "Nothing stood before the question.";
    const ago = this.reading.length - 1 - source; // from the last token on
    const place = `token ${(source + 1).toLocaleString("en")}, ${quoted(this.reading.tokens[source])}`;
    return `written at ${place}, ${ago ? `${tokensOf(ago)} ago` : "the last"}`;
  }

  /** The layer and head whose curves, shares and weights are shown; without `one`, all heads', and `place`'s weights. */
  select({ one, place }) {
    this.place = this.reading.placeOf(place);
    this.one = one;
    if (!this.reading.hasMemory) return;
    const { layer, head } = this.place;
    const matrices = this.reading.writes[layer].length;
    const matrix = matrices > 1 ? `W${String.fromCharCode(0x2080 + matrices)}` : "M";
    this.part(".which").textContent = `${matrix}, layer ${layer + 1}, head ${head + 1}`;
    this.lensLayer = one ? layer : this.reading.layers - 1;
    this.part(".lens-layer").textContent = `layer ${this.lensLayer + 1}`;
    this.painted = null;
  }

  lineOf(name) {
    return this.reading.line(name, this.one ? this.place : null);
  }

  /** Everything that does not follow the playhead; of a column that is not visible, nothing. */
  draw() {
    this.visible = this.element.checkVisibility();
    if (!this.visible) return;
    const lineOf = (name) => this.lineOf(name);
    this.colors = palette(this.element);
    this.diagram.select(lineOf);
    this.tracks.draw(lineOf);
    this.painted = null;
  }

  /** What is cheap; `renderReads` does the rest. */
  render() {
    const { shown } = this.playhead;
    this.tracks.render();
    this.diagram.render(shown);
    const named = ([token, share]) => [piece(token), share];
    const { reading } = this;
    this.guesses.show(reading.likeliest(reading.guesses, shown).map(named));
    if (!reading.hasMemory) return;
    this.bare.show(reading.likeliest(reading.without, shown).map(named));
    this.lens.show(reading.likeliest(reading.reads[this.lensLayer].lens, shown).map(named));
  }

  /** Which tokens wrote what is read at the token shown, as `strongest` tells it; computed once a token and choice. */
  reads() {
    const key = `${this.playhead.shown} ${this.one} ${this.place.layer} ${this.place.head}`;
    if (this.known?.key !== key) {
      const t = this.playhead.shown;
      const parts = attributeAll(this.reading, this.one ? this.place : null, t);
      this.known = { key, ...strongest(parts, t, SOURCES) };
    }
    return this.known;
  }

  renderReads() {
    const { shown } = this.playhead;
    this.painted = shown;
    if (!this.reading.hasMemory) return;
    const { sources, others, own, before } = this.reads();
    const rows = sources.map(([token, share]) => [piece(this.reading.tokens[token]), share, String(token + 1)]);
    rows.length = SOURCES; // what is missing stays an empty row: the others stand where they stood
    this.sources.show([...rows, ["other tokens", others, ""], ["this token", own, ""], ["before the text", before, ""]]);
    const memory = this.memory();
    paint(this.part(".matrix"), memory.after(shown + 1), memory, this.colors);
    this.part(".matrix").setAttribute("aria-label", `Weights ${this.part(".which").textContent}, after token ${shown + 1}`);
    this.part(".norm").textContent = number(this.reading.line("memory_norm", this.place)[shown]);
  }

  memory() {
    const { layer, head } = this.place;
    const key = `${layer} ${head}`;
    const matrix = this.reading.writes[layer].length - 1;
    if (!this.memories.has(key)) this.memories.set(key, new Memory(this.reading, layer, head, matrix));
    return this.memories.get(key);
  }

  /** The whole attribution at the token shown, [layers][heads][tokens + 1], for whoever wants to check it. */
  attributionShown() {
    const { layers, heads } = this.reading;
    const each = (count, make) => Array.from({ length: count }, (_, i) => make(i));
    return each(layers, (l) => each(heads, (h) => Array.from(attribute(this.reading, l, h, this.playhead.shown))));
  }
}
