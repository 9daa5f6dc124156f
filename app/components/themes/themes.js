/** What the server colours follows the theme: a run is asked for where the page is not in the one it was drawn for. */
import { isDark } from "../common/theme.js";

let asked = null; // for which theme; once, whatever comes of it

export default function ({ parentElement, data, setTriggerValue }) {
  const { host } = parentElement;
  const theme = isDark(host) ? "dark" : "light";
  host.dataset.drawn = data.theme;
  if (theme === data.theme) asked = null;
  else if (asked !== theme) setTriggerValue("changed", (asked = theme));
}
