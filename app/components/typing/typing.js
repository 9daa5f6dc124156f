/** What is typed arrives whole. */

/** Before anybody else hears of an input, its text becomes well-formed: half a surrogate pair becomes �. */
function mend(event) {
  const { target } = event;
  if (!isText(target) || target.value.isWellFormed()) return;
  const prototype = Object.getPrototypeOf(target);
  // By the element's own setter, so that React takes the new text for typed.
  Object.getOwnPropertyDescriptor(prototype, "value").set.call(target, target.value.toWellFormed());
}

function isText({ tagName }) {
  return /^(INPUT|TEXTAREA)$/.test(tagName);
}

let listening = false;

export default function () {
  if (listening) return;
  listening = true;
  document.addEventListener("input", mend, { capture: true });
}
