/**
 * What a browser keeps of its room: in the tab, so that loading the page again changes nothing; of a host also beyond it,
 * so that a tab closed by mistake ends no class, and of a learner the seat, so that one browser is one learner of a room.
 * A browser that keeps nothing has it until the page is left.
 */

const TAB = "titans-lab-class";
const HOST = "titans-lab-host";
const SEATS = "titans-lab-seats";
const MOST = 8; // rooms whose seats are kept

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

const seats = () => [load(() => localStorage, SEATS)].flat().filter((one) => one?.code && one.seat);

/** The seat that this browser had in a room, whoever typed its code however; null where it had none. */
export function seatIn(code) {
  const meant = code.toUpperCase().replace(/[^A-Z0-9]/g, "");
  return seats().find((one) => one.code === meant)?.seat ?? null;
}

export function keepSeat(code, seat) {
  save(() => localStorage, SEATS, [{ code, seat }, ...seats().filter((one) => one.code !== code)].slice(0, MOST));
}
