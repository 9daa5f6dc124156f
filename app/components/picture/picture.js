/** A picture of a container of the page. */

import { Save } from "../common/save.js";
import { isDark } from "../common/theme.js";

const told = new WeakMap(); // by root, what Python last said

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".picture");
  root.dataset.theme = isDark(root) ? "dark" : "light";
  if (!told.has(root)) {
    new Save(root.querySelector(".save"), () => {
      const { key, ...rest } = told.get(root);
      return { shown: document.querySelector(`.st-key-${key}`), ...rest };
    });
  }
  told.set(root, data);
}
