/**
 * What one looks at, in the address as `view=PAGE~NAME.VALUE~…`: a link that is shared opens with the same token, shade
 * and choices. The server never needs it.
 */

const REST = 300; // milliseconds; browsers take a new address only so often

/** What the address says of a page's view, { token, … } as strings; empty where it says nothing of this page. */
export function viewAsked(page) {
  const [named, ...told] = (new URLSearchParams(location.search).get("view") ?? "").split("~");
  return named === page ? Object.fromEntries(told.map((pair) => pair.split("."))) : {};
}

export class View {
  /** `page` names the page; `tell()` gives what is looked at as { name: value }, without what is so from the start. */
  constructor(page, tell) {
    this.page = page;
    this.tell = tell;
  }

  /** Something moved: once it rests, the address says where it is. */
  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), REST);
  }

  write() {
    const told = Object.entries(this.tell()).filter(([, value]) => value !== null);
    const view = told.length ? [this.page, ...told.map((pair) => pair.join("."))].join("~") : null;
    const url = new URL(location.href);
    if (view === url.searchParams.get("view")) return;
    if (view === null) url.searchParams.delete("view");
    else url.searchParams.set("view", view);
    history.replaceState(history.state, "", url);
    dispatchEvent(new Event("titans-lab-view"));
  }

  stop() {
    clearTimeout(this.timer);
  }
}

/** What an address counts from one, counted from nought; `otherwise` where that is no number. */
export function counted(text, otherwise) {
  return /^[1-9]\d{0,6}$/.test(text ?? "") ? Number(text) - 1 : otherwise;
}

/** A place counted from one, or null where it is the one that a page begins with. */
export function placeTold(place, start) {
  return place === start ? null : place + 1;
}
