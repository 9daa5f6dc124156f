/** A list of a fixed number of names, each with a share drawn as a bar: what does not change is not touched. */

const BYTES = /^⟨[0-9A-F ]+⟩$/; // tokens that are no text

export class Bars {
  constructor(element, count) {
    this.rows = Array.from({ length: count }, () => {
      const row = document.createElement("li");
      const [name, bar, value] = ["span", "i", "b"].map((tag) => row.appendChild(document.createElement(tag)));
      bar.append(document.createElement("i"));
      return { name, bar: bar.firstChild, value };
    });
    element.replaceChildren(...this.rows.map(({ name }) => name.parentNode));
  }

  /** Entries [name, share, note]: a token has a note or none; a name that is no token has "", and stands in plain type. */
  show(entries) {
    this.rows.forEach((row, i) => {
      const [name, share, note] = entries[i] ?? ["", null, ""];
      if (write(row.name, name)) row.name.title = BYTES.test(name) ? "bytes, part of a character" : name;
      row.name.classList.toggle("plain", note === "");
      if (row.note !== note) row.name.dataset.note = (row.note = note) ?? "";
      write(row.value, share === null ? "" : percent(share));
      const width = Math.max(0, Math.min(1, share ?? 0)).toFixed(3);
      if (row.width !== width) row.bar.style.transform = `scaleX(${(row.width = width)})`;
    });
  }
}

/** Whether that was another text. */
function write(element, text) {
  const changed = element.textContent !== text;
  if (changed) element.textContent = text;
  return changed;
}

/** A share in at most four characters and a sign. */
export function percent(share) {
  const value = Math.abs(share) * 100;
  const text = value >= 99.95 || value === 0 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(1) : "<0.1";
  return `${share < 0 ? "−" : ""}${text}%`;
}

/** A token as a list shows it: without its space, and white space made visible. */
export function piece(token) {
  const bare = token.length > 1 && token[0] === " " ? token.slice(1) : token;
  return bare.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "␣") || "·";
}
