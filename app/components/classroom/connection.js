/** The line to a room: it says that it lives, notices when the other end does not, and comes back by itself. */

const BEAT = 10_000; // milliseconds between two signs of life
const MISSES = 3; // signs of life without an answer, after which the other end is taken for gone
const SOON = 500; // before the first new try; each next one waits twice as long
const LATEST = 10_000;

export class Connection {
  /** `greet()` gives what is said first, each time; `hear(message)` takes what comes; `turned()` is told of up and down. */
  constructor(address, greet, hear, turned) {
    Object.assign(this, { address, greet, hear, turned });
    this.up = false;
    this.tries = 0;
    this.now = () => this.waiting && this.open();
    for (const [target, name] of this.wakers) target.addEventListener(name, this.now);
    this.beat = setInterval(() => this.live(), BEAT);
    this.open();
  }

  /** What tells that a new try may work at last. */
  get wakers() {
    return [
      [window, "online"],
      [document, "visibilitychange"],
    ];
  }

  open() {
    clearTimeout(this.waiting);
    this.waiting = null;
    const socket = (this.socket = new WebSocket(this.address));
    this.missed = 0; // counted, not timed: the browser lets a tab that is not seen speak but once a minute
    socket.onopen = () => this.say(this.greet());
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      const message = JSON.parse(data);
      this.missed = 0;
      if (message.is !== "refused") this.tries = 0; // who is refused comes again, but not at once and at once again
      this.turn(true);
      this.hear(message);
    };
    socket.onclose = () => socket === this.socket && this.lose();
  }

  /** Say something; whether the line was there for it. */
  say(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  live() {
    if (this.waiting) return;
    if (this.missed++ >= MISSES) this.lose();
    else this.say({ do: "alive" });
  }

  lose() {
    this.socket?.close();
    this.socket = null;
    const wait = Math.min(LATEST, SOON * 2 ** this.tries++);
    this.waiting = setTimeout(() => this.open(), wait * (0.5 + Math.random())); // a class does not come back all at once
    this.turn(false);
  }

  turn(up) {
    if (up === this.up) return;
    this.up = up;
    this.turned();
  }

  end() {
    clearTimeout(this.waiting);
    clearInterval(this.beat);
    for (const [target, name] of this.wakers) target.removeEventListener(name, this.now);
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }
}
