/** What a learner did, kept in this browser alone: told once when it is asked for, written as it grows. */

const PLACE = "titans-lab-progress";
const FORGOTTEN = "titans-lab-progress-forgotten"; // in this tab: which of its forgettings was the last one done
const NOTHING = "{}";
const LONGEST = 100_000; // characters, as the server takes them
const MOST = 32; // forgettings that are kept, for the other tabs to hear of

let now = null; // the newest run's data, and how the component says something

export default function ({ data, setTriggerValue, parentElement }) {
  if (now === null) addEventListener("storage", ({ key }) => key === PLACE && now.data && heed());
  now = { data, tell: setTriggerValue };
  if (data.progress === null) setTriggerValue("kept", read("localStorage", PLACE) ?? NOTHING);
  else if (!heed()) keep(JSON.parse(data.progress), data.forgotten);
  return () => parentElement.isConnected || (now = {}); // Streamlit calls this for outdated calls too
}

/** Tell what other tabs have forgotten on purpose since; whether there was anything. */
function heed() {
  const { progress, forgotten, heard } = now.data;
  if (progress === null) return false;
  const kept = forgettings(read("localStorage", PLACE));
  const since = kept.slice(kept.findIndex(({ id }) => id === heard) + 1);
  const others = since.filter(({ id }) => !forgotten.some((own) => own.id === id));
  if (others.length) now.tell("gone", others);
  return others.length > 0;
}

/** Add what this tab did to what is kept, be it of another tab, less what was forgotten on purpose. */
function keep(own, forgotten) {
  const stored = read("localStorage", PLACE);
  const kept = lessons(stored, own);
  const last = read("sessionStorage", FORGOTTEN);
  const since = forgotten.findIndex(({ id }) => id === last) + 1;
  for (const { names } of forgotten.slice(since)) {
    for (const name of names ?? Object.keys(kept)) delete kept[name];
  }
  if (forgotten.length > since) write("sessionStorage", FORGOTTEN, forgotten.at(-1).id);
  const all = { ...kept };
  for (const [name, { steps, checks }] of Object.entries(own.lessons)) {
    const before = kept[name] ?? {};
    all[name] = { steps: { ...before.steps, ...steps }, checks: { ...before.checks, ...checks } };
  }
  const gone = [...forgettings(stored), ...forgotten.slice(since)].slice(-MOST);
  write("localStorage", PLACE, JSON.stringify({ ...own, lessons: all, forgotten: gone }));
}

/** What was forgotten on purpose in this browser, one by one: the "names" of lessons, null for all, and an "id". */
function forgettings(text) {
  try {
    return JSON.parse(text).forgotten.filter(({ id }) => typeof id === "string");
  } catch {
    return [];
  }
}

/** What is kept of each lesson; of what is damaged, or of another version than ``own``, nothing. */
function lessons(text, own) {
  const version = "titans-lab-progress";
  try {
    const found = text.length > LONGEST ? null : JSON.parse(text);
    if (found[version] !== own[version]) return {};
    const known = Object.entries(found.lessons);
    return Object.fromEntries(
      known.map(([name, { steps, checks }]) => [name, { steps: numbered(steps), checks: numbered(checks) }]),
    );
  } catch {
    return {};
  }
}

/** The answers that have a number. */
function numbered(answers) {
  return Object.fromEntries(Object.entries(answers).filter(([number]) => /^\d{1,3}$/.test(number)));
}

/** What a store has; null where this browser keeps nothing: then even its name cannot be said. */
function read(store, place) {
  try {
    return window[store].getItem(place);
  } catch {
    return null;
  }
}

function write(store, place, text) {
  try {
    window[store].setItem(place, text);
  } catch {
    // A browser that keeps nothing has no progress to lose: the session has it until the page is left.
  }
}
