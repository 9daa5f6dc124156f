/** What is typed arrives, whole and in time. */

const AHEAD = 200; // milliseconds that a text needs to be sent before its page is left

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

let left = -AHEAD; // when a text field was left

/** A text is sent as its field is left. A link pressed by the same click goes after it: sent last, it would undo the link. */
function follow(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || !event.isTrusted || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (performance.now() - left > AHEAD) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  setTimeout(() => link.click(), AHEAD);
}

let listening = false;

export default function () {
  if (listening) return;
  listening = true;
  document.addEventListener("input", mend, { capture: true });
  document.addEventListener("focusout", ({ target }) => isText(target) && (left = performance.now()), { capture: true });
  document.addEventListener("click", follow, { capture: true });
}
