/** Before anybody else hears of an input, its text becomes well-formed: half a surrogate pair becomes �. */
function mend(event) {
  const { target } = event;
  if (!/^(INPUT|TEXTAREA)$/.test(target.tagName) || target.value.isWellFormed()) return;
  const prototype = Object.getPrototypeOf(target);
  // By the element's own setter, so that React takes the new text for typed.
  Object.getOwnPropertyDescriptor(prototype, "value").set.call(target, target.value.toWellFormed());
}

let listening = false;

export default function () {
  if (!listening) document.addEventListener("input", mend, { capture: true });
  listening = true;
}
