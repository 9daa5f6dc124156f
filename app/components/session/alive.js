/** Signs of life: that somebody touches the page, or is in a class with it, is told every two minutes at most. */

const PACE = 120_000; // milliseconds
// Told in one batch with a click, it would take that click into its fragment's run, where nobody heeds it.
const STILL = 1000; // milliseconds without a touch, until it is told
const ROOM = "titans-lab-class"; // where the class room keeps what it knows of a tab's room

let tell = null; // how the component says something; the newest run's
let told = performance.now();
let waiting = 0;

function touched() {
  if (tell === null || performance.now() - told < PACE) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    told = performance.now();
    tell("alive", Math.round(told));
  }, STILL);
}

function inRoom() {
  try {
    return sessionStorage.getItem(ROOM) !== null;
  } catch {
    return false;
  }
}

export default function ({ setTriggerValue }) {
  const first = tell === null;
  tell = setTriggerValue;
  if (!first) return;
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel"]) {
    document.addEventListener(kind, touched, { capture: true, passive: true });
  }
  setInterval(() => inRoom() && touched(), PACE / 4);
}
