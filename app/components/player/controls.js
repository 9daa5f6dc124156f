/** What the player is moved by, and the choice of what shades the text and whose curves are drawn. */

import { Transport } from "../common/transport.js";

export class Controls extends Transport {
  constructor(root, playhead, choose) {
    super(root, playhead);
    this.shades = [...root.querySelectorAll("[name=shade]")];
    this.scopes = [...root.querySelectorAll("[name=scope]")];
    for (const input of this.shades) input.addEventListener("change", () => choose({ shade: input.value }));
    for (const input of this.scopes) input.addEventListener("change", () => choose({ scope: input.value }));
  }

  /** What is chosen, and the place (layer and head) that the curves can be narrowed to. */
  select(choice) {
    for (const input of this.shades) input.checked = input.value === choice.shade;
    for (const input of this.scopes) input.checked = input.value === choice.scope;
    for (const one of this.root.querySelectorAll(".one")) one.textContent = `layer ${choice.layer + 1}, head ${choice.head + 1}`;
    this.render();
  }
}
