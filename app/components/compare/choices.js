/** Whose shades and arcs the text has, which quantity shades it, and whose numbers all columns show. */

export class Choices {
  constructor(root, choose) {
    this.root = root;
    this.choose = choose;
    this.heads = root.querySelector(".heads");
    this.shades = [...root.querySelectorAll("[name=shade]")];
    for (const input of this.shades) input.addEventListener("change", () => choose({ shade: input.value }));
    this.heads.addEventListener("change", () => choose(chosen(this.heads.value)));
    root.addEventListener("keydown", (event) => this.key(event));
  }

  /** A number's key focuses the column of that number. */
  key(event) {
    const column = this.columns?.[Number(event.key) - 1];
    if (!column || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.composedPath()[0].matches("select")) return; // there, keys choose by name
    this.choose({ focus: column.value });
  }

  /** A tab for every model, and every layer and head that one of them has. */
  show(readings) {
    this.columns = readings.map(({ name }) => {
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "focus", value: name });
      input.addEventListener("change", () => this.choose({ focus: name }));
      return input;
    });
    const labels = readings.map(({ title }, i) => {
      const label = document.createElement("label");
      label.append(this.columns[i], Object.assign(document.createElement("span"), { textContent: title }));
      return label;
    });
    this.root.querySelector(".tabs").replaceChildren(this.root.querySelector(".tabs legend"), ...labels);
    const [layers, heads] = ["layers", "heads"].map((size) => Math.max(...readings.map((reading) => reading[size])));
    const options = Array.from({ length: layers * heads }, (_, i) => [Math.floor(i / heads), i % heads]);
    this.heads.replaceChildren(
      new Option("all heads", "all"),
      ...options.map(([layer, head]) => new Option(`layer ${layer + 1}, head ${head + 1}`, `${layer} ${head}`)),
    );
    this.heads.hidden = !layers;
  }

  select({ focus, shade, one, place }, reading) {
    for (const input of this.columns) input.checked = input.value === focus;
    for (const input of this.shades) input.checked = input.value === shade;
    this.heads.value = one ? `${place.layer} ${place.head}` : "all";
    this.root.classList.toggle("memoryless-focus", !reading.hasMemory);
  }
}

/** All heads together, or one; the weights drawn stay those of the last one chosen. */
function chosen(value) {
  if (value === "all") return { one: false };
  const [layer, head] = value.split(" ").map(Number);
  return { one: true, place: { layer, head } };
}
