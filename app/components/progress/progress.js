/** What a learner did, kept in this browser alone: told once when it is asked for, written as it grows. */

const PLACE = "titans-lab-progress";
const NOTHING = "{}";

export default function ({ data, setTriggerValue }) {
  if (data.progress === null) setTriggerValue("kept", read());
  else write(data.progress);
}

/** What is kept; nothing where this browser keeps nothing. */
function read() {
  try {
    return localStorage.getItem(PLACE) ?? NOTHING;
  } catch {
    return NOTHING;
  }
}

function write(progress) {
  try {
    localStorage.setItem(PLACE, progress);
  } catch {
    // A browser that keeps nothing has no progress to lose: the session has it until the page is left.
  }
}
