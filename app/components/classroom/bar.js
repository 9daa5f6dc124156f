/** What is seen of a room: the door, the host's bar, the learner's, and what is laid over the page. */

import { isDark } from "./theme.js";

const QUIET = 4; // modules of white around a QR picture
const LOCAL = /^((.+\.)?localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])$/; // what leads nobody else here

export class Bar {
  constructor(root, room) {
    this.root = root;
    this.room = room;
    this.choices = new Map(); // the words of every checkpoint that the page has shown
    this.picked = null; // the checkpoint whose answers are to be seen, until the page shows another
    const part = (selector) => root.querySelector(selector);
    Object.assign(this, { part, door: part(".door"), entry: part(".entry"), code: part("[name=code]") });
    const press = (selector, act) => part(selector).addEventListener("click", act);
    press(".handle", () => this.open(this.entry.hidden));
    press(".start", () => room.open());
    press(".again", () => room.leadAgain());
    part(".joining").addEventListener("submit", (event) => {
      event.preventDefault();
      room.join(this.code.value);
    });
    this.door.addEventListener("keydown", ({ key }) => key === "Escape" && this.open(false));
    document.addEventListener("pointerdown", (event) => event.composedPath().includes(this.door) || this.open(false));
    press(".invite", () => part(".invitation").showModal());
    press(".done", () => part(".invitation").close());
    press(".copy", () => this.copy());
    press(".roam", () => room.rule({ roam: !room.room.roam }));
    press(".freeze", () => room.rule({ frozen: !room.room.frozen }));
    press(".project", () => room.project(!room.projector));
    press(".follow", () => room.follow(!room.follows));
    press(".back", () => room.follow(true));
    for (const leave of root.querySelectorAll(".leave")) leave.addEventListener("click", () => room.leave()); // the veil has its own
    press(".mine", () => this.dismiss(() => room.leave()));
    press(".dismiss", () => this.dismiss(() => room.forget()));
    part(".given select").addEventListener("change", ({ target }) => {
      this.picked = target.value;
      this.renderAnswers();
    });
    this.whenSure(part(".reset"), () => room.reset());
    this.whenSure(part(".close"), () => room.close());
    part(".veil").addEventListener("cancel", (event) => event.preventDefault());
    new ResizeObserver(() => this.measure()).observe(root);
  }

  /** Tell the page how far down the bar reaches: what one is led to must not lie under it. */
  measure() {
    const { isConnected, offsetHeight } = this.root;
    if (isConnected) document.documentElement.style.setProperty("--class-bar", `${offsetHeight}px`);
  }

  /** What cannot be taken back is asked twice, in the same place. */
  whenSure(button, act) {
    const { textContent: name, dataset } = button;
    const ask = (asking) => {
      button.classList.toggle("sure", asking);
      button.textContent = asking ? dataset.sure : name;
    };
    button.addEventListener("click", () => {
      if (button.classList.contains("sure")) act();
      ask(!button.classList.contains("sure"));
    });
    button.addEventListener("blur", () => ask(false));
  }

  open(open) {
    this.entry.hidden = !open;
    this.part(".handle").setAttribute("aria-expanded", String(open));
    if (open) this.part(".start").focus();
    else if (this.root.getRootNode().activeElement?.closest(".entry")) this.part(".handle").focus();
  }

  dismiss(act) {
    this.room.notice = "";
    act();
    this.room.changed();
  }

  async copy() {
    const { address } = this.room;
    try {
      await navigator.clipboard.writeText(address);
      this.part(".copy").textContent = "Copied";
    } catch {
      this.part(".address").textContent = address; // whole, for it is what is copied
      getSelection().selectAllChildren(this.part(".address"));
      this.part(".copy").textContent = "Press Ctrl+C to copy";
    }
  }

  render() {
    const { root, room, part } = this;
    const { role, notice, projector } = room;
    root.dataset.theme = isDark(root) ? "dark" : "light";
    root.dataset.up = String(room.up);
    const rules = room.room ?? {};
    const over = !role && Boolean(notice) && Boolean(room.mine);
    part(".host").hidden = role !== "host";
    part(".learner").hidden = role !== "learner";
    part(".over").hidden = !over;
    this.door.hidden = Boolean(role) || over;
    for (const code of root.querySelectorAll(".code")) code.textContent = room.code;
    for (const why of root.querySelectorAll(".why")) why.textContent = notice;
    for (const [name, on] of [["roam", rules.roam], ["freeze", rules.frozen], ["project", projector], ["follow", room.follows]]) {
      part(`.${name}`).setAttribute("aria-checked", String(Boolean(on)));
    }
    for (const button of root.querySelectorAll(".roam, .freeze, .reset, .close, .invite")) button.disabled = !room.up;
    part(".host .status").textContent = room.up ? count(rules.learners, "learner") : waiting(room);
    part(".learner .status").textContent = room.up ? doing(room) : waiting(room);
    part(".learner .leave").hidden = Boolean(rules.frozen); // under the veil none can be pressed
    part(".follow").hidden = !rules.roam || rules.frozen;
    part(".mine").hidden = !over || room.guide.at(room.mine);
    part(".back").hidden = !room.up || !room.following || !room.astray;
    this.renderDoor(notice && !role && !over);
    this.renderInvitation();
    this.renderAnswers();
    this.cover(part(".veil"), role === "learner" && Boolean(rules.frozen));
    const page = document.documentElement.classList;
    page.toggle("in-class", this.door.hidden);
    page.toggle("class-told", this.door.hidden && Boolean(notice));
    page.toggle("projector", projector);
    page.toggle("class-follows", room.following && !rules.roam);
  }

  renderDoor(problem) {
    const { before, code } = this.room;
    const again = this.part(".again");
    again.hidden = !before;
    if (before) again.textContent = `Go on with room ${before.code}`;
    if (this.door.hidden) this.open(false);
    else if (problem && this.entry.hidden) this.open(true);
  }

  renderInvitation() {
    const { address, picture } = this.room;
    if (this.address === address) return;
    this.address = address;
    this.part(".address").textContent = address && address.replace(/^https?:\/\//, "").replace(/\/\?.*$/, "");
    const { hostname, port, pathname } = new URL(address || location.href);
    const local = LOCAL.test(hostname);
    this.part(".there").textContent = `http://ADDRESS${port && `:${port}`}${pathname}`;
    const svg = this.part(".invitation svg");
    for (const part of this.root.querySelectorAll(".invitation .local")) part.hidden = !local;
    for (const part of [svg, ...this.root.querySelectorAll(".invitation .reached")]) part.toggleAttribute("hidden", local);
    const size = picture.length + 2 * QUIET;
    svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
    svg.setAttribute("aria-label", `QR picture of ${address}`);
    const dark = picture.flatMap((row, y) => [...row].map((bit, x) => (bit === "1" ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")));
    svg.firstChild.setAttribute("d", dark.join(""));
  }

  /** One question's answers: of the one that was picked, or of the furthest on the page that somebody has answered. */
  renderAnswers() {
    const { tallies, checkpoints } = this.room;
    for (const { checkpoint, choices } of checkpoints.values()) this.choices.set(checkpoint, choices);
    const here = [...checkpoints.keys()].sort(asAsked);
    if (String(here) !== this.here) Object.assign(this, { here: String(here), picked: null }); // the class goes on
    const latest = here.findLast((name) => tallies.has(name)) ?? here.at(-1) ?? [...tallies.keys()].at(-1);
    const known = [...new Set([...tallies.keys(), ...here])].sort(asAsked);
    const shown = known.includes(this.picked) ? this.picked : latest;
    this.part(".given").hidden = !known.length;
    this.renderQuestions(known, shown);
    this.renderBars(tallies.get(shown) ?? [], this.choices.get(shown) ?? []);
  }

  /** Which question's answers can be seen; a list that is open is left alone while it stays the same. */
  renderQuestions(known, shown) {
    const list = this.part(".given select");
    if (String(known) !== this.known) list.replaceChildren(...known.map((name) => new Option(titled(name), name)));
    this.known = String(known);
    list.value = shown;
  }

  renderBars(counts, names) {
    const total = counts.reduce((a, b) => a + b, 0);
    this.part(".given summary").textContent = total ? count(total, "answer") : "No answer yet";
    this.part(".given ol").replaceChildren(
      ...counts.map((times, i) => {
        const row = document.createElement("li");
        const [name, bar, value] = ["span", "i", "b"].map((tag) => row.appendChild(document.createElement(tag)));
        name.textContent = names[i] ?? `Answer ${String.fromCharCode(65 + i)}`;
        bar.style.setProperty("--share", times / total || 0);
        value.textContent = times;
        return row;
      }),
    );
  }

  cover(dialog, covered) {
    if (covered && !dialog.open) dialog.showModal();
    else if (!covered && dialog.open) dialog.close();
  }
}

/** The parts of a question's name: its lesson, whether it closes that, and its number. */
function named(checkpoint) {
  const [lesson, rest] = checkpoint.split("/");
  return { lesson, closing: !rest.startsWith("step-"), number: Number(rest.replace("step-", "")) };
}

/** The order in which lessons ask. */
function asAsked(one, other) {
  const [a, b] = [named(one), named(other)];
  return a.lesson.localeCompare(b.lesson) || a.closing - b.closing || a.number - b.number;
}

function titled(checkpoint) {
  const { lesson, closing, number } = named(checkpoint);
  const words = lesson.replaceAll("-", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}, ${closing ? "question" : "step"} ${number}`;
}

function count(number = 0, name) {
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}

function waiting({ room }) {
  return room ? "Connection lost: trying again …" : "Connecting …";
}

function doing(room) {
  if (room.room.frozen) return "Paused by your teacher";
  if (!room.room.place) return "Your teacher will begin soon";
  if (!room.following) return "You are looking around by yourself";
  return room.astray ? "You are looking around until your teacher’s next step" : "You are following your teacher";
}
