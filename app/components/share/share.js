/** The link, complete: what the server says of the page, and what the browser shows of it now. */

const listening = new WeakMap();

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".share");
  const code = root.querySelector("code");
  const button = root.querySelector("button");
  const show = () => (code.textContent = withView(data));
  show();
  removeEventListener("titans-lab-view", listening.get(root));
  listening.set(root, show);
  addEventListener("titans-lab-view", show);
  button.textContent = "Copy";
  button.onclick = async () => {
    button.textContent = (await copied(code)) ? "Copied" : "Press Ctrl+C to copy";
  };
  return () => root.isConnected || removeEventListener("titans-lab-view", show); // Streamlit calls this for outdated calls too
}

/** The link with the view that the address of this page has (see common/view.js). */
function withView(link) {
  const view = new URLSearchParams(location.search).get("view");
  return view ? `${link}&${new URLSearchParams({ view })}` : link;
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
