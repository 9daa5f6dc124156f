/** The key of this tab's session, kept while the tab lives. A server that began anew, or another one, goes on by it. */

import { watchForLoss } from "./again.js";

const PLACE = "titans-lab-session";

export default function ({ data, setTriggerValue }) {
  watchForLoss();
  const kept = read();
  if (kept === data.key) return;
  if (kept && !data.settled) setTriggerValue("found", kept);
  else write(data.key);
}

function read() {
  try {
    return sessionStorage.getItem(PLACE);
  } catch {
    return null;
  }
}

function write(key) {
  try {
    sessionStorage.setItem(PLACE, key);
  } catch {
    // A browser that keeps nothing begins anew with a new server.
  }
}
