/** The room that this browser is in: what is known of it, what was said, and what one may do there. */

import { Connection } from "./connection.js";
import { Guide } from "./guide.js";
import { hosted, inTab, keepHosted, keepInTab, keepSeat, seatIn } from "./keep.js";

export class ClassRoom {
  constructor() {
    this.forget();
    this.notice = "";
    this.checkpoints = (globalThis.titansLabCheckpoints ??= new Map());
    this.guide = new Guide((place) => this.move(place), (look) => this.look(look));
    addEventListener("titans-lab-checkpoint", () => this.answer());
  }

  /** Nobody, nowhere. */
  forget() {
    this.connection?.end();
    Object.assign(this, { role: null, code: "", secret: null, seat: null, mine: null, follows: true, asking: null });
    Object.assign(this, { connection: null, room: null, address: "", picture: [], settled: false, told: null });
    this.projector = false; // its switch goes with the host's bar
    this.came = null; // the address that was loaded while in the room
    this.tallies = new Map();
    this.given = new Map(); // what was answered, by checkpoint
    this.stale = new Map(); // what was, before the teacher asked anew
  }

  /** Python spoke for the first time: go on with what this tab was doing, or join the room that the address names. */
  begin({ asked }) {
    const kept = inTab();
    if (kept?.role) {
      Object.assign(this, kept, { given: new Map(kept.given), stale: new Map(kept.stale) });
      this.came = this.guide.address;
      this.connect();
    }
    if (asked && asked !== this.code) this.join(asked);
  }

  get up() {
    return Boolean(this.connection?.up && this.room);
  }

  /** The room that this browser led in another tab, or before it was closed. */
  get before() {
    return this.role ? null : hosted();
  }

  // ------------------------------------------------------------------------------------------------ coming and going

  open() {
    this.enter("host", { do: "open" });
  }

  leadAgain() {
    const { code, secret } = hosted();
    this.enter("host", { do: "lead", code, secret }, { code, secret });
  }

  join(code) {
    this.enter("learner", { do: "join", code, seat: seatIn(code) }, { code });
  }

  enter(role, asking, known = {}) {
    this.forget();
    Object.assign(this, known, { role, asking, notice: "" });
    this.connect();
  }

  connect() {
    const address = new URL(this.guide.base + this.socket, location.origin);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const greet = () => this.asking ?? this.greeting;
    this.connection = new Connection(address, greet, (message) => this.hear(message), () => this.changed());
    this.changed();
  }

  /** What is said when the line is there again. */
  get greeting() {
    const { code, secret, seat } = this;
    return this.role === "host" ? { do: "lead", code, secret } : { do: "join", code, seat };
  }

  /** Go away, as one came: what was typed and chosen before can be had again. */
  leave() {
    const { mine } = this;
    this.forget();
    this.keep();
    if (mine) this.guide.go(mine);
    this.changed();
  }

  keep() {
    const { role, code, secret, seat, mine, follows, projector, given, stale } = this;
    if (!role) keepInTab(null);
    else keepInTab({ role, code, secret, seat, mine, follows, projector, given: [...given], stale: [...stale] });
  }

  // ------------------------------------------------------------------------------------------------ what the room says

  hear(message) {
    this[`on_${message.is}`]?.(message);
    this.changed();
  }

  on_opened({ code, secret }) {
    Object.assign(this, { code, secret, asking: null });
    keepHosted({ code, secret });
  }

  on_leading({ room, address, picture, tallies }) {
    Object.assign(this, { room, code: room.code, address, picture, asking: null, notice: "" });
    for (const tally of tallies) this.on_tally(tally);
    const anew = !this.settled && room.place && !this.typed(room.place); // the page was loaded anew, and is at its top
    if (anew) this.guide.go(room.place, undefined, true);
    this.settled = true;
    this.told = JSON.stringify(room.place);
    this.keep();
    this.guide.stir();
  }

  /** Whether this page was come to by an address of its own, not by loading it again: then the class comes along. */
  typed(place) {
    const [load] = performance.getEntriesByType("navigation");
    return Boolean(this.came?.path) && load?.type !== "reload" && !this.guide.leads(this.came, place);
  }

  on_joined({ seat, room }) {
    this.mine ??= this.guide.here;
    Object.assign(this, { seat, room, code: room.code, asking: null, notice: "" });
    keepSeat(room.code, seat);
    this.keep();
    this.catchUp();
    this.answer(true);
  }

  on_place({ place, step }) {
    const back = this.room.place && this.guide.precedes(place, this.room.place); // to questions that are open again
    Object.assign(this.room, { place, step, look: null });
    if (this.role === "host") this.told = JSON.stringify(place); // the same host, in another tab
    this.catchUp(back || undefined);
  }

  on_look({ look }) {
    this.room.look = look;
    this.catchUp();
  }

  on_rules({ frozen, roam }) {
    Object.assign(this.room, { frozen, roam });
    this.catchUp();
  }

  on_learners({ learners }) {
    this.room.learners = learners;
  }

  on_tally({ checkpoint, counts }) {
    this.tallies.delete(checkpoint); // the latest is last
    this.tallies.set(checkpoint, counts);
  }

  on_reset() {
    this.tallies.clear();
    [this.given, this.stale] = [new Map(), new Map([...this.stale, ...this.given])];
    this.follows = true;
    this.keep();
    this.catchUp();
  }

  on_ended({ why }) {
    this.finish(why);
  }

  on_refused({ why, over }) {
    if (over) this.finish(why);
    else this.notice = why;
  }

  /** The room is no more, or not for us; what one had before is still there to go back to. */
  finish(why) {
    const { mine, role, code } = this;
    if (role === "host" && hosted()?.code === code) keepHosted(null);
    this.forget();
    Object.assign(this, { notice: why, mine });
    this.keep();
  }

  // ------------------------------------------------------------------------------------------------ what a learner does

  /** Whether this browser goes where the teacher goes. */
  get following() {
    return this.role === "learner" && Boolean(this.room) && (this.follows || !this.room.roam || this.room.frozen);
  }

  /** Whether this learner is elsewhere, and not on the way to the teacher. */
  get astray() {
    return this.role === "learner" && Boolean(this.room?.place) && !this.guide.bound && !this.guide.at(this.room.place);
  }

  catchUp(surely) {
    this.guide.follow(this.following ? this.room.look : null);
    if (this.following && this.room.place) this.guide.go(this.room.place, undefined, surely);
  }

  follow(follows) {
    this.follows = follows;
    this.keep();
    this.catchUp();
    this.changed();
  }

  /** Tell what was chosen at the checkpoints that the page shows, once, and `again` to a room that may not know it yet. */
  answer(again = false) {
    for (const { checkpoint, choices, chosen } of this.checkpoints.values()) {
      if (this.role !== "learner" || !this.up) break;
      if (chosen === null) this.stale.delete(checkpoint);
      if (chosen === null || this.stale.get(checkpoint) === chosen) continue;
      if (!again && this.given.get(checkpoint) === chosen) continue;
      if (this.connection.say({ do: "answer", checkpoint, choice: chosen, choices: choices.length })) this.given.set(checkpoint, chosen);
    }
    if (this.role) this.keep();
    this.changed();
  }

  // ------------------------------------------------------------------------------------------------ what a host does

  move(place) {
    if (this.role === "host" && this.up && this.told !== JSON.stringify(place) && this.connection.say({ do: "place", ...place })) {
      this.told = JSON.stringify(place);
      this.shown = null;
      this.guide.speak();
    }
    this.changed();
  }

  look(look) {
    const shown = JSON.stringify(look);
    if (this.role !== "host" || !this.up || shown === this.shown || !this.guide.arrived()) return;
    if (this.connection.say({ do: "look", ...look })) this.shown = shown;
  }

  rule(rules) {
    this.connection.say({ do: "rule", frozen: null, roam: null, ...rules });
  }

  reset() {
    this.connection.say({ do: "reset" });
  }

  close() {
    this.connection.say({ do: "close" });
  }

  /** Large type and high contrast, in this tab. */
  project(projector) {
    this.projector = projector;
    this.keep();
    this.changed();
  }
}
