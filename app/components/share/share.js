/** The link, complete: what the server says of the page, and what the browser shows of it now. */

const listening = new WeakMap();

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".share");
  const code = root.querySelector("code");
  const button = root.querySelector("button");
  const show = () => (code.textContent = asItIs(data));
  show();
  removeEventListener("titans-lab-view", listening.get(root));
  globalThis.navigation?.removeEventListener("currententrychange", listening.get(root));
  listening.set(root, show);
  addEventListener("titans-lab-view", show);
  globalThis.navigation?.addEventListener("currententrychange", show);
  button.textContent = "Copy";
  button.onclick = async () => {
    show();
    button.textContent = (await copied(code)) ? "Copied" : "Press Ctrl+C to copy";
  };
  return () => {
    if (root.isConnected) return; // Streamlit calls this for outdated calls too
    removeEventListener("titans-lab-view", show);
    globalThis.navigation?.removeEventListener("currententrychange", show);
  };
}

/** The link with the view that the address of this page has (see common/view.js), and with the fields that move in it. */
function asItIs({ link, moving }) {
  const url = new URL(link);
  const here = new URLSearchParams(location.search);
  for (const name of [...moving, "view"]) {
    url.searchParams.delete(name);
    for (const value of here.getAll(name)) url.searchParams.append(name, value);
  }
  return url.href;
}

/** Copy an element's text; where the browser does not let us, select it for the person to do so. */
async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return false;
  }
}
