/** Places and playheads: where this browser is in the lab, and how it gets where another one is. */

const LINKED = ["v", "text", "sample", "ask", "edits", "view", "room"]; // the first five come from the page's session
const CALM = 150; // milliseconds for which a page must not change before it is told: some change twice
const OFTEN = 100; // milliseconds between two tellings of the playhead
const ARRIVAL = 3_000; // milliseconds after which one who has not arrived, though the page is at rest, goes again
const TRIES = 4;
const GLANCE = 200; // milliseconds between two looks at where a step stands
const STILL = 20; // looks in a row at which it has not moved, on a page at rest, until it stays there
const HANDS = ["wheel", "touchstart", "pointerdown", "keydown"]; // who scrolls is not held

export class Guide {
  /** `moved(place)` is told where this browser is, `looked(look)` where its playhead stands. */
  constructor(moved, looked) {
    this.moved = moved;
    this.looked = looked;
    this.playheads = globalThis.titansLabPlayheads ??= new Set(); // painted, and still on the page
    this.speaker = [...this.playheads].at(-1); // the one that was painted last
    this.followed = new WeakMap(); // by playhead, the look that it followed last
    this.look = null; // what is followed
    this.bound = null; // the place that one is on the way to
    addEventListener("titans-lab-playhead", ({ detail }) => this.turn(detail));
    globalThis.navigation?.addEventListener("currententrychange", () => this.stir());
    for (const hand of HANDS) addEventListener(hand, () => this.held && clearTimeout(this.sight), { capture: true, passive: true });
  }

  /** What Python says: the lab's address, and text, question and edits as they stand in a link. */
  tell({ base, fields, step }) {
    Object.assign(this, { base, fields, step });
    this.stir();
  }

  /** What the address says by itself, without what comes from the page's session. */
  get address() {
    const path = location.pathname.slice(this.base.length).replace(/\/$/, "");
    const query = new URLSearchParams(location.search);
    for (const name of [...LINKED, this.step]) query.delete(name);
    query.sort();
    return { path: path === "stream" ? "" : path, query: query.toString() };
  }

  /** The page that is shown, and all that was typed and chosen there; the same place, the same words. */
  get here() {
    const { path, query: own } = this.address;
    const query = new URLSearchParams(own);
    for (const [name, value] of Object.entries(this.fields)) query.set(name, value);
    query.sort();
    return { path, query: query.toString() };
  }

  /** Whether one is at a place; in a lesson one may be further. */
  at(place) {
    const { path, query } = this.here;
    const [there, here] = [stepOf(place.query), stepOf(query)];
    return place.path === path && there.rest === here.rest && here.step >= there.step;
  }

  /** Whether a place is an earlier step of the lesson that another is in. */
  precedes(place, other) {
    const [one, next] = [place, other].map(({ query }) => stepOf(query));
    return place.path === other.path && one.rest === next.rest && one.step < next.step;
  }

  /** Whether an address is a place's, whatever was typed there and however far one is in a lesson. */
  leads(address, place) {
    const query = new URLSearchParams(place.query);
    for (const name of LINKED) query.delete(name);
    query.sort();
    return address.path === place.path && stepOf(address.query).rest === stepOf(query.toString()).rest;
  }

  /** Something may have changed: once it rests, it is told. */
  stir() {
    clearTimeout(this.calm);
    this.calm = setTimeout(() => this.arrived() && this.moved(this.here), CALM);
  }

  /** Whether one is where one was sent last, or has given up going there. */
  arrived() {
    if (this.bound && !this.at(this.bound)) return false;
    if (this.bound) this.show(stepOf(this.bound.query).step);
    this.stay();
    return true;
  }

  /** Go nowhere any more. */
  stay() {
    clearTimeout(this.retry);
    this.bound = null;
  }

  /**
   * Go to a place without loading the page anew: Streamlit takes it for a step back or forward, and lets the page's choices
   * be what the address says. Where the server is busy, a page that updates itself may undo that: then once more. `surely`
   * goes even where one is already, or further: on the way elsewhere it does not count where one is still.
   */
  go(place, tries = TRIES, surely = this.bound !== null) {
    this.stay();
    clearTimeout(this.sight);
    if (!tries) return this.stir(); // given up, which is to be seen
    if (!surely && this.at(place)) return;
    this.bound = place;
    this.await(place, tries);
    const url = new URL(this.base + place.path, location.origin);
    url.search = place.query;
    url.searchParams.set(this.step, performance.now()); // another every time, or the session would not take the text again
    history.replaceState(history.state, "", url);
    dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
  }

  /** Going again would only delay a page that is still being made. */
  await(place, tries) {
    this.retry = setTimeout(() => {
      if (this.arrived()) return;
      if (running()) this.await(place, tries);
      else this.go(place, tries - 1);
    }, ARRIVAL);
  }

  /** Bring a lesson's step into sight, once the page has it, and hold it there while what is above it still grows. */
  show(step, looks = STILL, before = null) {
    clearTimeout(this.sight);
    const heading = document.querySelectorAll(".st-key-lesson-page h2")[step - 1];
    this.held = Boolean(heading);
    if (step < 2 || !looks) return;
    const top = heading?.getBoundingClientRect().top ?? null;
    const still = top === before;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (heading && (still || before === null)) heading.scrollIntoView({ behavior: calm ? "auto" : "smooth" });
    this.sight = setTimeout(() => this.show(step, still && !running() ? looks - 1 : STILL, top), GLANCE);
  }

  /** A playhead was painted: what it shows may be told, or it may have to follow. */
  turn(playhead) {
    this.speaker = playhead;
    this.align();
    this.speak();
  }

  /** Tell soon where the playhead stands that moved last. */
  speak() {
    this.telling ??= setTimeout(() => {
      this.telling = null;
      if (this.speaker && !this.speaker.gone) this.looked({ length: this.speaker.length, token: this.speaker.shown });
    }, OFTEN);
  }

  /** Follow this look from now on; null follows none. */
  follow(look) {
    this.look = look;
    this.align();
  }

  /** A playhead whose text is not read so far yet comes again once it is. */
  align() {
    for (const playhead of this.playheads) {
      if (this.look && playhead.length === this.look.length && this.followed.get(playhead) !== this.look) {
        this.followed.set(playhead, this.look);
        playhead.follow(this.look.token);
      }
    }
  }
}

/** Whether the page is still being made. */
function running() {
  return /^(running|rerunRequested)$/.test(document.querySelector(".stApp")?.dataset.testScriptState);
}

/** The step of a lesson that an address names, and the rest of the address. */
function stepOf(query) {
  const fields = new URLSearchParams(query);
  const step = Number(fields.get("step") ?? 0);
  fields.delete("step");
  return { step, rest: fields.toString() };
}
