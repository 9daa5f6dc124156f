/** Five steps: each says a sentence, and does one thing with what is really on the page. */

const PLACE = "titans-lab-tour";
const AWAY = "closed"; // else the step that led to another page, or nothing

/** What the steps do here; the others are done by Python, on another page. */
const HERE = {
  streamed: (player) => player.querySelector(".play")?.click(),
  surprise: (player) => shade(player, "surprise"),
  written: (player) => shade(player, "write"),
};

function shade(player, by) {
  player.querySelector(`input[name="shade"][value="${by}"]`)?.click();
}

export default function ({ data, parentElement, setTriggerValue }) {
  const tour = parentElement.querySelector(".tour");
  if (tour.told) return;
  tour.told = true; // Python says the same at every run of the page
  const does = tour.querySelector(".does");
  const back = parentElement.querySelector(".back");
  let open = null;

  function show(step) {
    open = step;
    for (const button of tour.querySelectorAll("li button")) button.ariaExpanded = String(button.value === step?.name);
    tour.querySelector(".told span").textContent = step?.told ?? "";
    does.textContent = step?.does ?? "";
    does.hidden = !step;
  }

  function put(away) {
    tour.hidden = away;
    back.hidden = !away;
    parentElement.host?.toggleAttribute("data-away", away);
  }

  tour.ariaLabel = tour.querySelector(".name").textContent = data.name;
  const away = tour.querySelector(".away");
  away.ariaLabel = away.title = data.away;
  tour.querySelector("ol").replaceChildren(...data.steps.map((step) => {
    const button = Object.assign(document.createElement("button"), { type: "button", value: step.name, ariaExpanded: "false" });
    button.textContent = step.title;
    button.addEventListener("click", () => show(open === step ? null : step));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  const again = back.firstElementChild;
  again.textContent = data.name;
  away.addEventListener("click", () => {
    keep(AWAY);
    put(true);
    again.focus();
  });
  again.addEventListener("click", () => {
    keep("");
    put(false);
    tour.querySelector("li button").focus();
  });
  tour.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !open) return;
    const { name } = open;
    show(null);
    tour.querySelector(`button[value="${name}"]`).focus();
  });
  does.addEventListener("click", () => {
    if (!(open.name in HERE)) {
      keep(open.name); // whoever comes back goes on with the next
      return setTriggerValue("go", open.name);
    }
    const player = found();
    if (!player) return;
    HERE[open.name](player);
    player.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "nearest" });
  });
  put(kept() === AWAY);
  const left = data.steps.findIndex(({ name }) => name === kept());
  if (left < 0) return;
  keep("");
  show(data.steps[left + 1] ?? null);
}

/** The player, which lives in a shadow of its own. */
function found() {
  for (const { shadowRoot } of document.querySelectorAll("*")) {
    const player = shadowRoot?.querySelector(".player");
    if (player) return player;
  }
  return null;
}

function kept() {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}

function keep(what) {
  try {
    localStorage.setItem(PLACE, what);
  } catch {
    // A browser that keeps nothing shows the tour again.
  }
}
