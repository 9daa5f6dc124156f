/**
 * What has the focus, down through the roots of components, and whether one can see it there; and whether the stop
 * before, now that the focus is gone from it, is drawn as if it still had it.
 */
async () => {
  let on = document.activeElement;
  while (on.shadowRoot?.activeElement) on = on.shadowRoot.activeElement;
  const whole = on === document.body;

  // A ring may be drawn by a neighbour: an input that nobody sees has a thumb, or a label.
  let around = on;
  for (let up = 0; up < 4 && around.parentElement?.querySelectorAll("*").length < 40; up++)
    around = around.parentElement;
  const parts = [around, ...around.querySelectorAll("*")].slice(0, 60);

  const ring = (one) => {
    if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return "";
    return ["", "::before", "::after"].map((part) => {
      const style = getComputedStyle(one, part || undefined);
      const outline = style.outlineStyle === "none" ? "" : style.outline;
      return [outline, style.boxShadow, style.borderColor, style.borderWidth, style.textDecoration].join(" ");
    });
  };
  const looks = (stop) => stop.parts.map(ring).join();

  const before = window.stopBefore;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const moves = [...parts, ...(before?.parts ?? [])].flatMap((one) => one.getAnimations());
  const ending = moves.filter((one) => one instanceof CSSTransition);
  // not by their promises: those of transitions that nobody is shown are kept at times, and never
  while (ending.some((one) => one.playState === "running")) await new Promise(requestAnimationFrame);
  const left = before && before.on !== on && before.parts.every((one) => one.isConnected);
  const unseen = left && before.looks === looks(before) ? before.told : null;

  const words = on.ariaLabel ?? (on.innerText || on.closest("label")?.innerText || "");
  const told = `${on.localName} ${words.slice(0, 60).replace(/\s+/g, " ")}`;
  window.stops ??= [];
  if (!window.stops.includes(on)) window.stops.push(on);
  window.stopBefore = whole ? null : { on, told, parts, looks: looks({ parts }) };

  const middle = (from, to, most) => (Math.max(0, from) + Math.min(most, to)) / 2;
  const uncovered = ({ top, bottom, left, right }) =>
    around.contains(
      on.getRootNode().elementFromPoint(middle(left, right, innerWidth), middle(top, bottom, innerHeight)),
    );
  const seen = () =>
    parts.map((one) => one.getBoundingClientRect()).some((box) => box.width > 4 && box.height > 4 && uncovered(box));
  // What was done before may still move the page: it is looked at once that has come to rest.
  for (let waited = 0; !whole && !seen() && waited < 5000; waited += 100)
    await new Promise((done) => setTimeout(done, 100));
  const hidden = !whole && !seen();
  return { told, number: window.stops.indexOf(on), unseen, hidden, whole };
};
