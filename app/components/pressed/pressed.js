/** Buttons of which one is chosen tell assistive technology which, as their look tells the eye. */

const watched = new WeakSet();

export default function ({ data }) {
  const chips = document.querySelector(`.st-key-${data}`);
  if (!chips || watched.has(chips)) return;
  watched.add(chips);
  const tell = () => {
    for (const button of chips.querySelectorAll("button")) button.ariaPressed = String(button.dataset.testid === "stBaseButton-primary");
  };
  new MutationObserver(tell).observe(chips, { subtree: true, childList: true, attributeFilter: ["data-testid"] });
  tell();
}
