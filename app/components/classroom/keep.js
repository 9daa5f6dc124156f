/**
 * What a browser keeps of its room: in the tab, so that loading the page again changes nothing; of a host also beyond it,
 * so that a tab closed by mistake ends no class. A browser that keeps nothing has it until the page is left.
 */

const TAB = "titans-lab-class";
const HOST = "titans-lab-host";

function load(storage, name) {
  try {
    return JSON.parse(storage().getItem(name));
  } catch {
    return null;
  }
}

function save(storage, name, value) {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, JSON.stringify(value));
  } catch {
    // full, or not allowed
  }
}

export const inTab = () => load(() => sessionStorage, TAB);
export const keepInTab = (value) => save(() => sessionStorage, TAB, value);
export const hosted = () => load(() => localStorage, HOST);
export const keepHosted = (value) => save(() => localStorage, HOST, value);
