/** A link that was pressed is followed, whatever its page says in the same moment. */

const AHEAD = 200; // milliseconds that a text needs to be sent before its page is left
const LOOK = 250; // milliseconds between two looks at whether the page that was asked for has come
const STILL = 4; // looks in a row at which nothing runs any more, until the page counts as come
const THERE = "[data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"; // nothing runs, and the line is there
const TRIES = 3; // times that a link is pressed again

let left = -AHEAD; // when a text field was left
let later = 0; // the press that waits for a text
let watch = 0;
let ours = false; // a press that is none of a person's

/** A text is sent as its field is left. A link pressed by the same click goes after it: sent last, it would undo the link. */
function follow(event) {
  if (ours) return;
  rest(); // whoever does something else has meant that
  const link = event.target.closest?.("a[href]");
  if (!link || !event.isTrusted || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (performance.now() - left > AHEAD) return insist(link.href);
  event.preventDefault();
  event.stopImmediatePropagation();
  later = setTimeout(() => {
    press(link);
    insist(link.href);
  }, AHEAD);
}

function press(link) {
  ours = true;
  link?.click();
  ours = false;
}

/** A page that was only just coming may ask its server for something after the link to the next was pressed: it would
 * stay. So once nothing runs any more, the link is pressed again where another page than its own is there. */
function insist(href) {
  const { origin, pathname } = new URL(href);
  if (origin !== location.origin) return;
  let still = 0;
  let tries = 0;
  watch = setInterval(() => {
    still = document.querySelector(THERE) ? still + 1 : 0;
    if (still < STILL) return;
    still = 0;
    if (pathname === location.pathname || tries++ === TRIES) return rest();
    press([...document.querySelectorAll("a[href]")].find((link) => link.href === href));
  }, LOOK);
}

function rest() {
  clearTimeout(later);
  clearInterval(watch);
}

let listening = false;

export default function () {
  if (listening) return;
  listening = true;
  const capture = { capture: true };
  document.addEventListener("focusout", ({ target }) => /^(INPUT|TEXTAREA)$/.test(target.tagName) && (left = performance.now()), capture);
  document.addEventListener("click", follow, capture);
  document.addEventListener("keydown", ({ isTrusted }) => isTrusted && rest(), capture);
  addEventListener("popstate", rest);
}
